#include "readings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"

static const char PREFIX[] = "METRIC ";
enum { PREFIX_LENGTH = sizeof PREFIX - 1 };

/* No name with a number is as long, and nobody compares so many; what is beyond may be anything, and is not kept. */
enum { LINE_MAX_LENGTH = 4096, READINGS_MAX = 1000, SHOWN_LENGTH = 60 };

static void find_fault(struct readings *readings, const char *line, const char *fault) {
  if (readings->fault) return;
  struct text text = {0};
  text_append_char(&text, '\'');
  text_append_string(&text, PREFIX);
  for (size_t i = 0; line[i] && i < SHOWN_LENGTH; i++) {
    unsigned char c = (unsigned char)line[i];
    text_append_char(&text, c < ' ' || c == 127 ? '?' : line[i]);
  }
  if (strlen(line) > SHOWN_LENGTH) text_append_string(&text, "...");
  text_append_string(&text, "': ");
  text_append_string(&text, fault);
  readings->fault = text.bytes;
}

const char *readings_find(const struct readings *readings, const char *name) {
  for (size_t i = 0; i < readings->count; i++)
    if (strcmp(readings->list[i].name, name) == 0) return readings->list[i].value;
  return NULL;
}

/* line is `name=value`, without "METRIC ". */
static void take_reading(struct readings *readings, const char *line) {
  const char *equals = strchr(line, '=');
  if (!equals) {
    find_fault(readings, line, "METRIC name=value is expected");
    return;
  }
  char *name = take_copy_of(line, (size_t)(equals - line));
  const char *value = equals + 1, *before = readings_find(readings, name);
  double number;
  if (!metric_name_is_valid(name))
    find_fault(readings, line, "a name is a letter or '_', then letters, digits and '_.:/-'");
  else if (!metric_number(value, &number)) find_fault(readings, line, "the value is not a finite decimal number");
  else if (before && !metric_same_number(before, value))
    find_fault(readings, line, "it had another value before; one value a run is expected");
  else if (!before && readings->count == READINGS_MAX) find_fault(readings, line, "there are 1000 metrics before it");
  else if (!before) {
    grow(&readings->list, &readings->capacity, readings->count + 1, sizeof *readings->list);
    readings->list[readings->count++] = (struct reading){name, take_copy(value)};
    return;
  }
  free(name);
}

static void end_line(struct readings *readings) {
  struct text *line = &readings->line;
  if (!readings->is_other && readings->matched == PREFIX_LENGTH) {
    text_append(line, "", 0);
    if (line->length > 0 && line->bytes[line->length - 1] == '\r') line->bytes[--line->length] = '\0';
    if (line->length > LINE_MAX_LENGTH)
      find_fault(readings, line->bytes, "the line is too long for a name and a number");
    else if (memchr(line->bytes, '\0', line->length)) find_fault(readings, line->bytes, "the line holds a NUL byte");
    else take_reading(readings, line->bytes);
  }
  text_clear(line);
  readings->matched = 0;
  readings->is_other = false;
}

/* Takes the rest of a line that begins with "METRIC ", up to one byte more than may be kept. */
static void collect(struct readings *readings, const char *bytes, size_t length) {
  size_t room = LINE_MAX_LENGTH + 1 - readings->line.length;
  text_append(&readings->line, bytes, length < room ? length : room);
}

void readings_feed(struct readings *readings, const char *bytes, size_t length) {
  for (const char *end = bytes + length; bytes < end;) {
    if (readings->is_other || readings->matched == PREFIX_LENGTH) {
      const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
      const char *line_end = newline ? newline : end;
      if (!readings->is_other) collect(readings, bytes, (size_t)(line_end - bytes));
      if (newline) end_line(readings);
      bytes = newline ? newline + 1 : end;
    } else if (*bytes == '\n') {
      end_line(readings);
      bytes++;
    } else if (*bytes == PREFIX[readings->matched]) {
      readings->matched++;
      bytes++;
    } else readings->is_other = true;
  }
}

void readings_end(struct readings *readings) {
  end_line(readings);
  text_free(&readings->line);
}

void readings_free(struct readings *readings) {
  for (size_t i = 0; i < readings->count; i++) {
    free(readings->list[i].name);
    free(readings->list[i].value);
  }
  free(readings->list);
  free(readings->fault);
  text_free(&readings->line);
}

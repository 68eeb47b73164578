#include "tsv.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "memory.h"
#include "report.h"

struct tsv {
  struct input *input;
  struct text header; /* the header row, its fields ended by NUL */
  char **names;       /* into header */
  size_t count, name_capacity;
  char **values; /* of the present row, into the input's buffer */
};

bool tsv_unescape(char *value) {
  char *to = value;
  for (const char *from = value; *from; from++) {
    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    from++;
    if (*from == 't') *to++ = '\t';
    else if (*from == 'n') *to++ = '\n';
    else if (*from == '\\') *to++ = '\\';
    else return false;
  }
  *to = '\0';
  return true;
}

static void unescape(struct tsv *tsv, char *value) {
  if (!tsv_unescape(value))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "a backslash starts no escape; write \\\\, \\t or \\n");
}

static void check_header(struct tsv *tsv) {
  for (size_t i = 0; i < tsv->count; i++) {
    if (!*tsv->names[i]) fail_at(tsv_name(tsv), 1, "field %zu of the header row has no name", i + 1);
    for (size_t j = 0; j < i; j++)
      if (strcmp(tsv->names[i], tsv->names[j]) == 0)
        fail_at(tsv_name(tsv), 1, "the header row names the field '%s' twice", tsv->names[i]);
  }
}

struct tsv *tsv_open(const char *path) {
  struct tsv *tsv = take(sizeof *tsv);
  *tsv = (struct tsv){.input = input_open(path)};
  char *line;
  size_t length;
  if (!input_line(tsv->input, &line, &length)) fail_at(tsv_name(tsv), 0, "is empty; a TSV header row is expected");
  if (memchr(line, '\0', length)) fail_at(tsv_name(tsv), 1, "holds a NUL byte; TSV text is expected");
  text_append(&tsv->header, line, length);
  for (char *name = tsv->header.bytes; name;) {
    char *tab = strchr(name, '\t');
    if (tab) *tab = '\0';
    grow(&tsv->names, &tsv->name_capacity, tsv->count + 1, sizeof *tsv->names);
    tsv->names[tsv->count++] = name;
    name = tab ? tab + 1 : NULL;
  }
  check_header(tsv);
  tsv->values = take_array(tsv->count, sizeof *tsv->values);
  return tsv;
}

size_t tsv_find(struct tsv *tsv, const char *name) {
  for (size_t i = 0; i < tsv->count; i++)
    if (strcmp(tsv->names[i], name) == 0) return i;
  return TSV_NO_FIELD;
}

size_t tsv_field(struct tsv *tsv, const char *name) {
  size_t field = tsv_find(tsv, name);
  if (field == TSV_NO_FIELD) fail_at(tsv_name(tsv), 1, "the header row has no field '%s'", name);
  return field;
}

/* What a filter says of a whole table stands behind its rows, as "# name: value". */
static bool is_remark(const struct tsv *tsv, const char *line, size_t length) {
  return tsv->count > 1 && length > 2 && line[0] == '#' && line[1] == ' ' && !memchr(line, '\t', length);
}

size_t tsv_field_count(const struct tsv *tsv) { return tsv->count; }
const char *tsv_field_name(const struct tsv *tsv, size_t field) { return tsv->names[field]; }

bool tsv_row(struct tsv *tsv) {
  char *line;
  size_t length;
  do
    if (!input_line(tsv->input, &line, &length)) return false;
  while (is_remark(tsv, line, length));
  bool has_nul = memchr(line, '\0', length), has_escape = memchr(line, '\\', length);
  const char *end = line + length;
  size_t count = 0;
  for (char *value = line; value; count++) {
    char *tab = memchr(value, '\t', (size_t)(end - value));
    if (tab) *tab = '\0';
    if (count < tsv->count) tsv->values[count] = value;
    value = tab ? tab + 1 : NULL;
  }
  if (has_nul) fail_at(tsv_name(tsv), tsv_line_number(tsv), "holds a NUL byte; TSV text is expected");
  if (count != tsv->count)
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "has %zu field%s; the header row has %zu", count, count == 1 ? "" : "s",
            tsv->count);
  if (has_escape)
    for (size_t i = 0; i < count; i++) unescape(tsv, tsv->values[i]);
  return true;
}

const char *tsv_value(const struct tsv *tsv, size_t field) { return tsv->values[field]; }
const char *tsv_name(const struct tsv *tsv) { return input_name(tsv->input); }
size_t tsv_line_number(const struct tsv *tsv) { return input_line_number(tsv->input); }

void tsv_close(struct tsv *tsv) {
  input_close(tsv->input);
  text_free(&tsv->header);
  free(tsv->names);
  free(tsv->values);
  free(tsv);
}

void tsv_write(FILE *output, const char *value) {
  for (; *value; value++) {
    if (*value == '\t') fputs("\\t", output);
    else if (*value == '\n') fputs("\\n", output);
    else if (*value == '\\') fputs("\\\\", output);
    else putc(*value, output);
  }
}

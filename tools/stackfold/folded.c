/* Folded stacks themselves: those of several files, or of a profiler that writes them unsorted, become one. */
#include "folded.h"

#include <string.h>

#include "format.h"

/* How many lines decide what a file is. */
enum { LINES_TO_JUDGE = 20 };

/* Whether the line ends with a blank and something that was meant as a number, or is frames without any value. Lines
 * that are nearly right count too, so that they get the error of their line, not one about the format. */
static bool looks_folded(const char *line, size_t length) {
  const char *blank = memrchr(line, ' ', length);
  if (!blank) return memchr(line, ';', length) && !memchr(line, '\t', length);
  const char *value = blank + 1, *end = line + length;
  if (value < end && *value == '-') value++;
  if (value == end || *value < '0' || *value > '9') return false;
  while (value < end && *value && strchr("0123456789.eE+-", *value)) value++;
  return value == end;
}

/* All lines judged look folded; or most, where a ';' shows that stacks are meant. */
static bool recognize(const char *bytes, size_t length, bool complete) {
  int lines = 0, folded = 0;
  bool has_separator = false;
  const char *end = bytes + length;
  while (bytes < end && lines < LINES_TO_JUDGE) {
    const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
    if (!line_end && !complete) {
      /* A line longer than what was looked at: one of a deep stack. */
      if (lines == 0) return memchr(bytes, ';', (size_t)(end - bytes)) != NULL;
      break;
    }
    const char *next = line_end ? line_end + 1 : end;
    size_t line_length = (size_t)((line_end ? line_end : end) - bytes);
    if (line_length > 0 && bytes[line_length - 1] == '\r') line_length--;
    bool is_comment = line_length >= 2 && memcmp(bytes, "# ", 2) == 0;
    if (line_length > 0 && !is_comment) {
      lines++;
      has_separator |= memchr(bytes, ';', line_length) != NULL;
      folded += looks_folded(bytes, line_length);
    }
    bytes = next;
  }
  return lines > 0 && (folded == lines || (has_separator && folded * 2 >= lines));
}

static void parse(struct input *input, struct sums *sums) {
  struct folded_line line;
  enum folded_outcome outcome;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK)
    sums_add_joined(sums, line.stack, line.length, line.value);
  if (outcome == FOLDED_CUT_OFF) sums_cut_off(sums, input, "a line");
}

FORMAT(folded,
    .name = "folded",
    .description = "folded stacks: lines FRAME;FRAME;... VALUE, root first",
    .recognize = recognize,
    .parse = parse,
    .last = true);

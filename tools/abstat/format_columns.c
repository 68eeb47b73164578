/* Columns: lines of an arm and a value, in the order in which they ran; the metric is the primary. */
#include <string.h>

#include "fields.h"
#include "input.h"
#include "metric.h"
#include "reader.h"

static bool stands_for_none(const char *text) { return strcmp(text, "NA") == 0 || strcmp(text, "inf") == 0; }

static bool is_value(const char *text) {
  double number;
  return metric_number(text, &number) || stands_for_none(text);
}

static void take_run(struct reader *reader, size_t number, const char *arm, const char *value, size_t line) {
  reader_begin_run(reader, number, arm, line);
  reader_value(reader, 0, value, "-", line);
  if (stands_for_none(value)) reader_run_status(reader, *value == 'N' ? STATUS_FAILED : STATUS_TIMEOUT);
  reader_end_run(reader);
}

/* Takes a line, after `runs` runs; the number of runs with it. */
static size_t take_line(struct reader *reader, char *text, size_t length, size_t line, size_t runs) {
  if (memchr(text, '\0', length)) reader_fail(reader, line, "holds a NUL byte; an arm and a value are expected");
  char *rest = text, *arm = next_field(&rest), *value = next_field(&rest);
  if (!arm) return runs;
  if (!value || next_field(&rest))
    reader_fail(reader, line, "has %s; an arm and a value are expected, parted by blanks or a tab",
                value ? "more than 2 fields" : "1 field");
  if (line == 1 && !is_value(value)) return runs; /* the columns' names */
  take_run(reader, runs + 1, arm, value, line);
  return runs + 1;
}

void read_columns(struct reader *reader, char *const *paths, size_t count, size_t runs_each) {
  size_t runs = 0;
  for (size_t i = 0; i < count; i++) {
    struct input *input = input_open(paths[i]);
    reader_file(reader, input_name(input));
    char *text;
    size_t length;
    while (input_line(input, &text, &length))
      runs = take_line(reader, text, length, input_line_number(input), runs);
    input_close(input);
  }
  reader_make_blocks(reader, runs_each);
}

/* Log: lines `name=value` or `METRIC name=value`, and `arm=NAME` where a run begins, in the order in which they ran. A
 * run's `status=failed` or `status=timeout` may stand anywhere in it. */
#include <string.h>

#include "input.h"
#include "metric.h"
#include "reader.h"

static const char PREFIX[] = "METRIC";

struct log {
  struct reader *reader;
  size_t runs;
};

static void begin_run(struct log *log, const char *arm, size_t line) {
  if (!*arm) reader_fail(log->reader, line, "the arm has no name; arm=NAME is expected");
  reader_begin_run(log->reader, ++log->runs, arm, line);
}

/* What is no value is an error in a line that says METRIC, and in one of a metric that is judged; else it is text. */
static void take_value(struct log *log, const char *name, const char *value, bool is_metric, size_t line) {
  if (is_metric && !metric_name_is_valid(name))
    reader_fail(log->reader, line,
                "'%s' is no name of a metric; a letter or '_', then letters, digits and '_.:/-' are expected", name);
  size_t metric = metric_name_is_valid(name) ? reader_find_metric(log->reader, name) : NOT_JUDGED;
  double number;
  if (metric == NOT_JUDGED) {
    if (is_metric) reader_number(log->reader, value, STATUS_FAILED, line);
    if (metric_name_is_valid(name) && metric_number(value, &number)) reader_metric(log->reader, name);
  } else if (!reader_value(log->reader, metric, value, "-", line))
    reader_fail(log->reader, line, "the metric '%s' stands before the first line 'arm=NAME', which begins a run", name);
}

/* Of METRIC and a blank, what follows; NULL for another line. */
static char *behind_prefix(char *text) {
  if (strncmp(text, PREFIX, strlen(PREFIX)) != 0) return NULL;
  char *rest = text + strlen(PREFIX);
  return *rest == '\0' || strchr(" \t", *rest) ? rest + strspn(rest, " \t") : NULL;
}

static void take_line(struct log *log, char *text, size_t length, size_t line) {
  bool has_nul = memchr(text, '\0', length);
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) text[--length] = '\0';
  char *metric = behind_prefix(text), *name = metric ? metric : text, *equals = strchr(name, '=');
  bool is_metric = metric;
  if (has_nul && is_metric) reader_fail(log->reader, line, "holds a NUL byte; METRIC name=value is expected");
  if (has_nul) return;
  if (!equals) {
    if (is_metric) reader_fail(log->reader, line, "'%s' is not of the form METRIC name=value", text);
    return;
  }
  *equals = '\0';
  const char *value = equals + 1;
  enum status status;
  if (strcmp(name, "arm") == 0) begin_run(log, value, line);
  else if (strcmp(name, "status") == 0 && reader_status(value, &status)) {
    if (!reader_run_status(log->reader, status))
      reader_fail(log->reader, line, "the status stands before the first line 'arm=NAME', which begins a run");
  } else take_value(log, name, value, is_metric, line);
}

void read_log(struct reader *reader, char *const *paths, size_t count, size_t runs_each) {
  struct log log = {.reader = reader};
  for (size_t i = 0; i < count; i++) {
    struct input *input = input_open(paths[i]);
    reader_file(reader, input_name(input));
    char *text;
    size_t length;
    while (input_line(input, &text, &length)) take_line(&log, text, length, input_line_number(input));
    reader_end_run(reader);
    input_close(input);
  }
  if (log.runs == 0) reader_fail(reader, 0, "has no line 'arm=NAME', which begins a run");
  reader_make_blocks(reader, runs_each);
}

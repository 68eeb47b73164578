/* samples.tsv: rows of `block order run arm metric value unit role status`, found by name. */
#include <stdint.h>

#include "metric.h"
#include "reader.h"
#include "tsv.h"

/* The present file, and the columns of its fields. */
struct table {
  struct tsv *tsv;
  size_t block, order, run, arm, metric, value, unit, role, status;
};

static struct table open_table(struct reader *reader, const char *path) {
  struct tsv *tsv = tsv_open(path);
  reader_file(reader, tsv_name(tsv));
  return (struct table){.tsv = tsv,
                        .block = tsv_field(tsv, "block"),
                        .order = tsv_field(tsv, "order"),
                        .run = tsv_field(tsv, "run"),
                        .arm = tsv_field(tsv, "arm"),
                        .metric = tsv_field(tsv, "metric"),
                        .value = tsv_field(tsv, "value"),
                        .unit = tsv_field(tsv, "unit"),
                        .role = tsv_field(tsv, "role"),
                        .status = tsv_field(tsv, "status")};
}

static size_t read_count(const struct reader *reader, const struct table *table, size_t field, const char *name) {
  size_t count;
  const char *text = tsv_value(table->tsv, field);
  if (!metric_count(text, SIZE_MAX, &count))
    reader_fail(reader, tsv_line_number(table->tsv), "%s '%s' is not a whole number from 1", name, text);
  return count;
}

static enum status read_status(const struct reader *reader, const struct table *table) {
  enum status status;
  const char *text = tsv_value(table->tsv, table->status);
  if (!reader_status(text, &status))
    reader_fail(reader, tsv_line_number(table->tsv), "the status '%s' is unknown; ok, failed or timeout is expected",
                text);
  return status;
}

static unsigned read_arm(struct reader *reader, const struct table *table) {
  const char *name = tsv_value(table->tsv, table->arm);
  if (!*name) reader_fail(reader, tsv_line_number(table->tsv), "the arm has no name");
  return reader_arm(reader, name);
}

static void check_role(const struct reader *reader, const struct table *table) {
  const char *role = tsv_value(table->tsv, table->role);
  if (!metric_role_is_valid(role))
    reader_fail(reader, tsv_line_number(table->tsv),
                "the role '%s' is unknown; primary, guard, control, equal or - is expected", role);
}

static void take_row(struct reader *reader, const struct table *table) {
  size_t line = tsv_line_number(table->tsv);
  check_role(reader, table);
  struct run run = {.number = read_count(reader, table, table->run, "run"),
                    .block = read_count(reader, table, table->block, "block"),
                    .order = read_count(reader, table, table->order, "order"),
                    .arm = read_arm(reader, table),
                    .status = read_status(reader, table),
                    .line = line};
  struct value value = {.text = tsv_value(table->tsv, table->value), .unit = tsv_value(table->tsv, table->unit)};
  value.number = reader_number(reader, value.text, run.status, line);
  reader_row(reader, &run, reader_metric(reader, tsv_value(table->tsv, table->metric)), &value);
}

void read_samples_tsv(struct reader *reader, char *const *paths, size_t count, size_t runs_each) {
  (void)runs_each; /* each row names its block */
  for (size_t i = 0; i < count; i++) {
    struct table table = open_table(reader, paths[i]);
    while (tsv_row(table.tsv)) take_row(reader, &table);
    tsv_close(table.tsv);
  }
}

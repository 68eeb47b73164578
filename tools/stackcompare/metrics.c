#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "metric.h"
#include "report.h"
#include "tsv.h"

static void mark_higher(struct metrics *metrics, const char *higher) {
  for (const char *name = higher; name && *name;) {
    size_t length = strcspn(name, ",");
    char *one = take_copy_of(name, length);
    metrics->is_higher_better[metrics_column(metrics, one)] = true;
    free(one);
    name += length + (name[length] == ',');
  }
}

static double number_in(struct tsv *tsv, size_t field) {
  const char *text = tsv_value(tsv, field);
  double number;
  if (strcmp(text, "NA") == 0) return METRICS_MISSING;
  if (!metric_number(text, &number))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%.40s' of %s is no decimal number, and not NA", text,
            tsv_field_name(tsv, field));
  return number;
}

static void read_row(struct metrics *metrics, struct tsv *tsv) {
  const char *name = tsv_value(tsv, 0);
  for (size_t i = 0; i < metrics->row_count; i++)
    if (strcmp(metrics->rows[i], name) == 0)
      fail_at(tsv_name(tsv), tsv_line_number(tsv), "there is a row '%.80s' already", name);
  grow(&metrics->rows, &metrics->row_capacity, metrics->row_count + 1, sizeof *metrics->rows);
  grow(&metrics->values, &metrics->value_capacity, product_of(metrics->row_count + 1, metrics->column_count),
       sizeof *metrics->values);
  double *values = &metrics->values[metrics->row_count * metrics->column_count];
  for (size_t i = 0; i < metrics->column_count; i++) values[i] = number_in(tsv, i + 1);
  metrics->rows[metrics->row_count++] = take_copy(name);
}

struct metrics metrics_read(const char *path, const char *higher) {
  struct tsv *tsv = tsv_open(path);
  size_t columns = tsv_field_count(tsv) - 1;
  if (columns == 0) fail_at(path, 1, "holds no metrics; a column with the profiles' names is expected, and one or more behind it");
  struct metrics metrics = {.path = path, .column_count = columns};
  metrics.names = take_array(columns, sizeof *metrics.names);
  metrics.is_higher_better = take_array(columns, sizeof *metrics.is_higher_better);
  for (size_t i = 0; i < columns; i++) {
    metrics.names[i] = take_copy(tsv_field_name(tsv, i + 1));
    metrics.is_higher_better[i] = false;
  }
  mark_higher(&metrics, higher);
  while (tsv_row(tsv)) read_row(&metrics, tsv);
  tsv_close(tsv);
  if (metrics.row_count == 0) fail_at(path, 0, "holds no rows");
  return metrics;
}

void metrics_free(struct metrics *metrics) {
  for (size_t i = 0; i < metrics->column_count; i++) free(metrics->names[i]);
  for (size_t i = 0; i < metrics->row_count; i++) free(metrics->rows[i]);
  free(metrics->names);
  free(metrics->rows);
  free(metrics->values);
  free(metrics->is_higher_better);
}

size_t metrics_column(const struct metrics *metrics, const char *name) {
  for (size_t i = 0; i < metrics->column_count; i++)
    if (strcmp(metrics->names[i], name) == 0) return i;
  fail_at(metrics->path, 1, "has no metric '%.80s'", name);
}

size_t metrics_row(const struct metrics *metrics, const char *name) {
  for (size_t i = 0; i < metrics->row_count; i++)
    if (strcmp(metrics->rows[i], name) == 0) return i;
  fail_at(metrics->path, 0, "has no row for the profile '%.160s'", name);
}

bool metrics_value(const struct metrics *metrics, size_t row, size_t column, double *value) {
  *value = metrics->values[row * metrics->column_count + column];
  return *value != METRICS_MISSING;
}

double metrics_standing(const struct metrics *metrics, size_t row, size_t column) {
  double value;
  if (!metrics_value(metrics, row, column, &value)) return METRICS_MISSING;
  return metrics->is_higher_better[column] ? -value : value;
}

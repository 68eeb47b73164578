/* A table of metrics: a row for each profile, a column for each metric. */
#ifndef ASSAY_STACKCOMPARE_METRICS_H
#define ASSAY_STACKCOMPARE_METRICS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct metrics {
  const char *path;
  char **names, **rows; /* of the columns behind the first; of the rows */
  size_t column_count, row_count;
  double *values; /* [row * column_count + column]; METRICS_MISSING for NA */
  bool *is_higher_better; /* of a column */
  size_t row_capacity, value_capacity;
};

#define METRICS_MISSING INFINITY

/* Reads a TSV whose first column names the rows; its other values are finite decimal numbers, or NA. higher: names of
 * columns, separated by commas, or NULL. Anything else, and two rows of one name, is fail_at(). */
struct metrics metrics_read(const char *path, const char *higher);
void metrics_free(struct metrics *metrics);

/* The column or row of a name; fail_at() where there is none. */
size_t metrics_column(const struct metrics *metrics, const char *name);
size_t metrics_row(const struct metrics *metrics, const char *name);

/* false: it is NA. */
bool metrics_value(const struct metrics *metrics, size_t row, size_t column, double *value);

/* The value as something of which the least is the best; METRICS_MISSING where there is none. */
double metrics_standing(const struct metrics *metrics, size_t row, size_t column);

#endif

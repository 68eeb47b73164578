/* The rows of samples.tsv as runs, each with one value of every metric that is judged. */
#ifndef ABSTAT_SAMPLES_H
#define ABSTAT_SAMPLES_H

#include <stddef.h>

#include "memory.h"

enum status { STATUS_OK, STATUS_FAILED, STATUS_TIMEOUT };

/* The arms of a comparison, as indices. */
enum arm { BASE, CHANGED, ARM_COUNT };

struct run {
  size_t number; /* in the whole, from 1, as it really ran */
  size_t block, order;
  enum arm arm;
  enum status status;
  size_t file, line; /* its first row, for messages */
};

struct samples {
  struct run *runs; /* by number, then arm */
  size_t run_count;
  const char *arm_names[ARM_COUNT]; /* NULL for a changed arm that has not run yet */
  size_t metric_count;
  const double *values; /* [metric * run_count + run]; NaN for a run that did not end well */
  const char **texts;   /* the same as they were written; NULL where there is none */
  const char **units;   /* of each metric; "-" if none is known */
  struct arena arena;
};

/* Reads the files (none: stdin). metrics names the metrics that are judged; rows of others only tell which runs there
 * were. base is the name of the base arm. An unknown role or status, a number that is none, a (run, arm, metric) that
 * comes twice, rows of one run that disagree, a metric without rows, a good run without one of the metrics, and more
 * than two arms, are fail_at(). */
void samples_read(struct samples *samples, char *const *files, size_t file_count, const char *const *metrics,
                  size_t metric_count, const char *base);

void samples_free(struct samples *samples);

#endif

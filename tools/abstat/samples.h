/* The samples of all arms as runs, each with one value of every metric that is judged. */
#ifndef ABSTAT_SAMPLES_H
#define ABSTAT_SAMPLES_H

#include <stddef.h>

#include "format.h"
#include "memory.h"

enum status { STATUS_OK, STATUS_FAILED, STATUS_TIMEOUT };

/* The arms of a comparison, as indices. */
enum arm { BASE, CHANGED, ARM_COUNT };

struct run {
  size_t number; /* in the whole, from 1, as it really ran */
  size_t block, order;
  unsigned arm; /* index of arm_names: of a pair an enum arm, of the whole BASE or a variant from 1 */
  enum status status;
  size_t file, line; /* where it is first named, for messages */
};

struct samples {
  struct run *runs; /* by number, then arm */
  size_t run_count;
  const char **arm_names; /* the base first, then the variants as they came; NULL for a variant where none has run */
  size_t arm_count;       /* at least ARM_COUNT */
  size_t metric_count;
  const double *values; /* [metric * run_count + run]; NaN for a run that did not end well */
  const char **texts;   /* the same as they were written; NULL where there is none */
  const char **units;   /* of each metric; "-" if none is known */
  struct arena arena;   /* holds what is not borrowed */
};

/* What to read, and how. */
struct source {
  char *const *paths; /* of no path stdin is read; "-" is stdin */
  size_t path_count;
  enum format format;
  size_t runs_each; /* columns and log: runs of each arm in a block; 0 for the 3 of abplan */
  const char *base; /* name of the base arm; NULL for the first arm of go and hyperfine, "A" of the others */
};

/* Reads the values of the metrics that are judged; the others only tell which runs there were. What is no such format,
 * a number that is none, a (run, arm, metric) that comes twice, lines of one run that disagree, a metric without
 * values, a good run without one of the metrics, and a base without runs beside two or more variants, are fail_at(). */
void samples_gather(struct samples *samples, const struct source *source, const char *const *metrics,
                    size_t metric_count);

/* How many arms there are beside the base: at least 1, even where none has run yet. */
size_t samples_variant_count(const struct samples *samples);

/* The base and one variant (from 1) as a comparison of two arms: its runs are those of the whole, with their numbers,
 * blocks and orders, so that there are gaps where the others ran. It borrows from the whole, which outlives it. */
void samples_pair(const struct samples *whole, size_t variant, struct samples *pair);

void samples_free(struct samples *samples);

#endif

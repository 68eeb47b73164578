/* The samples of two arms that are the same code, metric by metric, in the order of the runs. */
#ifndef NOISEFLOOR_SAMPLES_H
#define NOISEFLOOR_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

/* A metric's value in one run that ended well. */
struct sample {
  size_t block, run; /* from 1 */
  size_t arm;        /* 0 or 1, an index into arms */
  double value;
};

struct metric {
  char *name, *unit, *role;
  char *guard;            /* the limit that `--guards` gives it, `+10%` or `max=0`; NULL without one */
  bool deterministic;     /* by `--guards` */
  struct sample *samples; /* in the order of the runs */
  size_t count, capacity;
  size_t failed; /* runs that did not end well: they have no sample */
  bool varies;   /* some runs gave different numbers */
  char *first;   /* the text of the first value */
};

struct samples {
  struct metric *metrics; /* in the order in which they first stand */
  size_t count, capacity;
  char *arms[2]; /* by name: the first is the base */
  size_t arm_count;
  struct arena arena;
};

/* Reads files of samples (`-` is stdin) as one series. A malformed row, a run that has a metric twice, and anything but
 * two arms is fail_at(). Start from {0}; free with samples_free. */
void samples_read(struct samples *samples, char *const *paths, size_t path_count);

/* Reads from a TSV with the fields metric and guard, and perhaps deterministic, what is said of the metrics. */
void samples_read_guards(struct samples *samples, const char *path);

/* NULL where there is none of that name. */
const struct metric *samples_find(const struct samples *samples, const char *name);

void samples_free(struct samples *samples);

#endif

/* The runs of one series of blocks, and what was measured in each. */
#ifndef ABRUN_SERIES_H
#define ABRUN_SERIES_H

#include <stdio.h>

#include "readings.h"
#include "starter.h"

enum status { STATUS_OK, STATUS_FAILED, STATUS_TIMEOUT };

struct run {
  size_t block, order, number; /* from 1, number in the whole series */
  size_t arm;
  size_t padding; /* bytes of PADDING_VARIABLE */
  enum status status;
  struct ended ended;
  struct readings readings;
};

struct series {
  struct run *runs; /* in the order in which they were made */
  size_t count, capacity;
  unsigned long seed;  /* of its plan */
  size_t block_length; /* runs in a whole block */
};

/* Metrics that are asked about, as abstat's options name them. Ones that are not are in no role. */
struct question {
  const char *role;
  char *metric;
};
struct questions {
  struct question *list;
  size_t count, capacity;
};

/* What every row needs beside the run: the names of the arms, and which metrics a good run prints (of one of them). */
struct layout {
  char *const *arms;
  const struct readings *expected;
  const struct questions *questions;
};

/* Whether abrun measures this metric itself. */
bool metric_is_measured(const char *name);

/* Adds a run, all 0; valid until the next. */
struct run *series_add(struct series *series);

/* Writes samples.tsv with its header row; additional columns are env_bytes (the run's padding) and seed. Values that a
 * failed run has not are NA, the time of one that was killed at the limit is inf. */
void series_write_samples(const struct series *series, const struct layout *layout, FILE *output);

void series_free(struct series *series);

#endif

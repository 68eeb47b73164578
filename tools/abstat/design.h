/* How the runs were ordered, and so which comparison they allow. */
#ifndef ABSTAT_DESIGN_H
#define ABSTAT_DESIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "samples.h"

enum design_kind {
  DESIGN_PLANNED,    /* the blocks and the order of the plan that the seed gives */
  DESIGN_BLOCKED,    /* blocks of the same number of runs of each arm; the order was not checked */
  DESIGN_SEQUENTIAL, /* all runs of one arm before the first of the other */
  DESIGN_PAIRS,      /* each run number in both arms: blocks of one run of each */
  DESIGN_UNKNOWN,    /* none of these */
};

struct design {
  enum design_kind kind;
  size_t used_runs;   /* the first of samples.runs; an incomplete last block is not used */
  size_t unused_runs; /* of the incomplete last block */
  size_t counted_runs; /* the first of samples.runs, in which a failure counts */
  size_t block_count; /* complete blocks; 1 for a sequential or unknown order */
  size_t *starts;     /* block b is runs starts[b] to starts[b + 1] - 1 */
  size_t runs_each;   /* of each arm in a block; 0 for an unknown or a sequential order */
};

/* Of a pair. seed 0 for none: then no order is taken for planned. arm_count: arms of the whole experiment, whose plan
 * it is. */
struct design design_recognize(const struct samples *samples, unsigned long seed, size_t arm_count);
/* The first blocks of a design, as it was when no more had been run; shares its starts. */
struct design design_prefix(const struct design *design, size_t block_count);

void design_free(struct design *design);

const char *design_name(enum design_kind kind);

/* Whether a disturbance of the machine in the course of time may look like an effect, whatever the numbers are. */
bool design_is_confounded(const struct design *design);

#endif

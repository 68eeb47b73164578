/* The numbers of one metric: each arm described, and the effect with its interval and p value. */
#ifndef ABSTAT_STATISTICS_H
#define ABSTAT_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "design.h"
#include "question.h"
#include "samples.h"

/* What does not apply is NaN, in all of these. */

/* Of an arm's good runs in the blocks that are used, in the metric's unit. */
struct arm_summary {
  size_t count;
  double mean, sd, median, minimum, maximum; /* sd: sample sd, n - 1 in its denominator */
};

/* Of the changed arm against the base arm. Positive estimates and bounds are improvements, as a fraction of the base;
 * for a metric without direction, growth. */
struct effect {
  bool logarithmic;         /* compared by means of logarithms, since all values are positive; else by means */
  double estimate;
  double low, high, level;  /* confidence interval, and its level */
  double p;                 /* of a primary: if nothing improved; of a guard: if the loss were its margin; of a
                               control: if nothing moved, in either direction */
  double as_extreme, labellings; /* p is their ratio */
  bool drawn;               /* the labellings are drawn, not all of them */
  double sd;                /* of one run, within blocks and arms: of the logarithms, or in the metric's unit */
  double cv;                /* the same as a fraction of the mean */
};

struct statistics {
  struct arm_summary arms[ARM_COUNT];
  size_t failed[ARM_COUNT]; /* runs that failed or ran out of time, of all runs */
  bool identical;           /* every value of every good run is the same number */
  struct effect effect;
};

/* metric is its place in samples. */
struct statistics statistics_of(const struct samples *samples, const struct design *design, size_t metric,
                                const struct question *question);

#endif

/* The numbers of one metric: each arm described, and the effect with its interval and p value. */
#ifndef ABSTAT_STATISTICS_H
#define ABSTAT_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "design.h"
#include "policy.h"
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
  bool relative;            /* fractions of the base exist: logarithmic, or the base arm's mean is not 0 */
  double estimate;
  double low, high, level;  /* confidence interval, and its level */
  double p;                 /* of a primary: if nothing improved; of a guard: if the loss were its margin; of a
                               control: if nothing moved, in either direction */
  double as_extreme, labellings; /* p is their ratio */
  double as_poor;           /* of a guard: labellings in which the loss is at least the margin by as much */
  bool drawn;               /* the labellings are drawn, not all of them */
  bool normal;              /* they are so many that p is that of their normal limit */
  double sd;                /* of one run, within blocks and arms: of the logarithms, or in the metric's unit */
  double cv;                /* the same as a fraction of the mean */

  /* On the scale of the scores: larger is better; differences of logarithms, or fractions of the base arm's mean. */
  double shift;             /* the estimate */
  double score_sd, df;      /* residual sd of scores ~ block + arm, and its degrees of freedom */
  double robust_sd;         /* of the same residuals, by their median absolute deviation */
  double resolution;        /* smallest gap between two values */
  double unit;              /* of a score that is not logarithmic, in the metric's unit */
  double mad_ratio;         /* larger over smaller median absolute deviation of the arms, block-centred; 1 for 0 and 0 */
  double welch_p;           /* one-sided, of Welch's t test of block-centred scores; NaN without degrees of freedom */
  double drift;             /* change of the residuals a run */
  double autocorrelation;   /* of the residuals, lag 1 */
};

struct statistics {
  struct arm_summary arms[ARM_COUNT];
  size_t failed[ARM_COUNT]; /* runs that failed or ran out of time, of the runs that the design counts */
  bool identical;           /* of an equal metric: every value of every good run is the same number */
  bool constant;            /* every value of a good run is the same number as the others of its arm */
  struct effect effect;
};

/* metric is its place in samples. */
struct statistics statistics_of(const struct samples *samples, const struct design *design, size_t metric,
                                const struct question *question, const struct policy *policy);

#endif

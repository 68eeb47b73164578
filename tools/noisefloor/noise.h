/* How much a metric varies from run to run while the code is the same, and what that lets a plan find. */
#ifndef NOISEFLOOR_NOISE_H
#define NOISEFLOOR_NOISE_H

#include <stdbool.h>
#include <stddef.h>

#include "samples.h"

/* What is called an effect: the chance at most that a change without effect passes, and the chance at least that one of
 * the smallest effect is found. */
struct demand {
  double alpha, power;
};

/* NaN stands for what the runs do not tell; fractions are of the mean's magnitude, and NaN where the mean is 0. */
struct noise {
  size_t n;               /* runs of each arm (of the one that has fewer) */
  size_t blocks;          /* blocks that they were made in */
  double mean;            /* of all runs, in the metric's unit */
  double cv;              /* sd of the runs about the means of their blocks, whatever their arm; fraction */
  double drift;           /* change from the first run to the last by linear regression on the run's number; fraction */
  double drift_t;         /* the slope over its standard error; infinite on a line without scatter */
  double autocorrelation; /* of neighbouring runs, about the mean of all */
  bool bimodal;           /* two groups of at least 3 runs, apart by more than 3 sd within them and 1 % of the mean */
  double low, high;       /* means of the two groups, in the metric's unit; NaN unless bimodal */
  double high_share;      /* fraction of the runs in the high group; NaN unless bimodal */
  double difference;      /* second arm less the first, block by block; fraction */
  double difference_error; /* its standard error; fraction */
  double difference_p;     /* chance of one at least as large where the arms are alike, two-sided, by t */
  double smallest_effect;  /* fraction */
  double suggested_mei;    /* fraction: the smallest effect rounded up to half per cents, at least 1 %; NaN where the
                            * metric is to be equal or a control */
};

/* 0 < alpha < 0.5 < power < 1. */
struct noise noise_of(const struct metric *metric, struct demand demand);

/* Whether the slope is more than 3 standard errors from 0. */
bool noise_drifts(const struct noise *noise);

/* Whether arms that are the same code differ by more than 3 standard errors. */
bool noise_arms_differ(const struct noise *noise);

#endif

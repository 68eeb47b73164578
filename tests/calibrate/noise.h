/* Models of how a machine disturbs a series of runs: factors with a typical value of 1, in the order of time. */
#ifndef CALIBRATE_NOISE_H
#define CALIBRATE_NOISE_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>

/* cv is the standard deviation of one run, as a fraction of the mean; the log-normal ones have their own. */
enum noise {
  NOISE_NORMAL,
  NOISE_LOGNORMAL_5,  /* the logarithm's standard deviation is 0.05 */
  NOISE_LOGNORMAL_20, /* 0.20 */
  NOISE_BIMODAL,      /* 3 runs in 10 take 10 % more */
  NOISE_OUTLIER,      /* 1 run in 20 takes half as much again */
  NOISE_DRIFT,        /* from the first to the 12th run the machine gets 5 % faster, and goes on so */
  NOISE_AR1,          /* each run is like the one before it: first-order autoregression, coefficient 0.7 */
  NOISE_STEP,         /* 3 % faster from the 7th run on */
  NOISE_PERIOD2,      /* every other run is 3 % faster */
  NOISE_COUNT,
};

bool noise_find(const char *name, enum noise *noise);

/* Draws the factors of count runs. */
void noise_draw(enum noise noise, double cv, gsl_rng *generator, double *factors, size_t count);

#endif

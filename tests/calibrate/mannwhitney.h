/* The peer of the sequential rule: the exact one-sided Mann-Whitney test with a fixed number of runs. */
#ifndef CALIBRATE_MANNWHITNEY_H
#define CALIBRATE_MANNWHITNEY_H

#include <stddef.h>

#include "cell.h"

/* The greatest U (pairs of a base run and a changed run of which the changed one is larger) whose one-sided p is at
 * most alpha, with n runs of each arm; -1 where there is none. n at most 20. Counts of all orders: Mann and Whitney
 * 1947, by the Gaussian binomial coefficient. */
int mannwhitney_critical(size_t n, double alpha);

/* The percentage of experiments with this noise and effect, n runs of each arm in random order, in which the test finds
 * the changed arm lower. */
double mannwhitney_power(const struct cell *cell, size_t n, double alpha, size_t experiments, unsigned long seed);

#endif

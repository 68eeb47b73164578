/* The measuring: warm-up, blocks until abstat can decide, confirmation; and what comes of it. */
#ifndef ABRUN_MEASURE_H
#define ABRUN_MEASURE_H

#include "options.h"

/* Measures the commands with a starter of theirs, which it ends, and writes what the options ask for: progress on
 * standard error, samples, results, the report on standard output. The exit status, as abstat gives it. A base arm that
 * fails, runs that print different metrics, and what cannot be written are fail(); a signal that ends the measurement
 * exits with 128 + its number. */
int measure(const struct options *options, int starter);

#endif

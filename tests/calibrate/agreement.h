/* Whether two simulations of the same thing agree: differences in standard errors of both. */
#ifndef CALIBRATE_AGREEMENT_H
#define CALIBRATE_AGREEMENT_H

#include "simulation.h"

/* Differences of more standard errors than this are none of chance. */
#define DEVIATION_MAX 4.0

/* Standard errors between what was published and what was found now; 0 where rounding explains the difference.
 * INFINITY where it has no standard error. */
double deviation_of_rate(const struct cell *cell, const struct tally *tally, enum result result);
double deviation_of_runs(const struct cell *cell, const struct tally *tally);

/* The standard error, in percent, of a rate in percent that is true, found in as many experiments. */
double standard_error_of_rate(double percent, double experiments);

#endif

/* What the rules share when they word a judgement. */
#ifndef ABSTAT_JUDGEMENT_H
#define ABSTAT_JUDGEMENT_H

#include "rule.h"

/* What is this close to a limit, relative to it, is on it: products with a percentage, and logarithms, are rounded. */
#define LIMIT_ROUNDING 1e-9

/* A verdict that needs no further runs. */
struct judgement judgement_of(enum verdict verdict, enum reason reason);

/* Runs of the arm that has fewer. */
size_t fewest_runs(const struct statistics *statistics);

/* INCONCLUSIVE for want of runs of each arm. */
struct judgement too_few_runs(const struct statistics *statistics, const struct design *design, size_t needed);

#endif

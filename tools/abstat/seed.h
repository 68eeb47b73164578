/* The literal rule of the methodology: better by more than one sd, and no overlap. */
#ifndef ABSTAT_SEED_H
#define ABSTAT_SEED_H

#include "rule.h"

/* The primary, of arms with at least RUNS_MIN good runs each. minimum_effect is a fraction of the base arm's mean. */
struct judgement seed_primary(const struct question *question, const struct statistics *statistics,
                              double minimum_effect);

/* A guard, of such arms: by the ratio of means. */
struct judgement seed_guard(const struct question *question, const struct statistics *statistics);

#endif

#include "seed.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#include "judgement.h"

/* Disjoint ranges in the right direction are one of the ways to part the runs, all alike where the order says nothing:
 * 1 over (n + m choose n). */
static double attained_alpha(const struct statistics *statistics) {
  size_t base = statistics->arms[BASE].count, changed = statistics->arms[CHANGED].count;
  if (base + changed > 500) return 0;
  return 1 / gsl_sf_choose((unsigned)(base + changed), (unsigned)base);
}

static struct judgement decide(const struct question *question, const struct statistics *statistics,
                               double minimum_effect) {
  const struct arm_summary *base = &statistics->arms[BASE];
  double improvement = improvement_of_mean(question, statistics), gap = gap_of_ranges(question, statistics);
  if (improvement < -base->sd && gap < 0) return judgement_of(VERDICT_DISCARD, REASON_WORSE);
  if (!(improvement > 0)) return judgement_of(VERDICT_DISCARD, REASON_NO_IMPROVEMENT);
  if (!(improvement > base->sd)) return judgement_of(VERDICT_DISCARD, REASON_WITHIN_ONE_SD);
  if (!(gap > 0)) return judgement_of(VERDICT_DISCARD, REASON_OVERLAP);
  double wanted = minimum_effect * fabs(base->mean);
  if (improvement < wanted - LIMIT_ROUNDING * wanted) return judgement_of(VERDICT_DISCARD, REASON_BELOW_MEI);
  return judgement_of(VERDICT_KEEP, REASON_IMPROVED);
}

struct judgement seed_primary(const struct question *question, const struct statistics *statistics,
                              double minimum_effect) {
  struct judgement judgement = decide(question, statistics, minimum_effect);
  judgement.alpha = attained_alpha(statistics);
  return judgement;
}

struct judgement seed_guard(const struct question *question, const struct statistics *statistics) {
  double limit = limit_of_guard(question, statistics), mean = statistics->arms[CHANGED].mean;
  double beyond = question->direction == LOWER_IS_BETTER ? mean - limit : limit - mean;
  if (beyond <= LIMIT_ROUNDING * fabs(limit)) return judgement_of(VERDICT_PASS, REASON_WITHIN_LIMIT);
  return judgement_of(VERDICT_FAIL, REASON_BEYOND_LIMIT);
}

#include "rule.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>

/* A control metric must not move at this level, two-sided. */
static const double CONTROL_ALPHA = 0.01;

/* What is this close to a limit, relative to it, is on it: products with a percentage are rounded. */
static const double ROUNDING = 1e-12;

const char *verdict_name(enum verdict verdict) {
  static const char *const names[] = {NULL, "KEEP", "DISCARD", "INCONCLUSIVE", "PASS", "FAIL"};
  return names[verdict];
}

const char *reason_name(enum reason reason) {
  static const char *const names[] = {
      [REASON_IMPROVED] = "improved",           [REASON_NO_IMPROVEMENT] = "no-improvement",
      [REASON_WITHIN_ONE_SD] = "within-one-sd", [REASON_OVERLAP] = "overlap",
      [REASON_BELOW_MEI] = "below-mei",         [REASON_WORSE] = "worse",
      [REASON_FAILURES] = "failures",           [REASON_ENVIRONMENT] = "environment",
      [REASON_TOO_FEW_RUNS] = "too-few-runs",   [REASON_WITHIN_LIMIT] = "within-limit",
      [REASON_BEYOND_LIMIT] = "beyond-limit",   [REASON_IDENTICAL] = "identical",
      [REASON_CORRECTNESS] = "correctness",     [REASON_UNMOVED] = "unmoved",
      [REASON_UNDETECTABLE] = "undetectable",
  };
  return names[reason];
}

bool reason_compares(enum reason reason) {
  return reason != REASON_FAILURES && reason != REASON_ENVIRONMENT && reason != REASON_TOO_FEW_RUNS;
}

double improvement_of_mean(const struct question *question, const struct statistics *statistics) {
  double growth = statistics->arms[CHANGED].mean - statistics->arms[BASE].mean;
  return question->direction == LOWER_IS_BETTER ? -growth : growth;
}

double gap_of_ranges(const struct question *question, const struct statistics *statistics) {
  const struct arm_summary *base = &statistics->arms[BASE], *changed = &statistics->arms[CHANGED];
  double gap = 0;
  if (changed->minimum > base->maximum) gap = changed->minimum - base->maximum;
  else if (changed->maximum < base->minimum) gap = changed->maximum - base->minimum;
  return question->direction == LOWER_IS_BETTER ? -gap : gap;
}

double limit_of_guard(const struct question *question, const struct statistics *statistics) {
  double mean = statistics->arms[BASE].mean, room = question->margin * fabs(mean);
  return question->direction == LOWER_IS_BETTER ? mean + room : mean - room;
}

static struct judgement decided(enum verdict verdict, enum reason reason) {
  return (struct judgement){.verdict = verdict, .reason = reason, .alpha = NAN, .runs_needed = NAN};
}

static size_t fewest_runs(const struct statistics *statistics) {
  size_t base = statistics->arms[BASE].count, changed = statistics->arms[CHANGED].count;
  return base < changed ? base : changed;
}

static struct judgement too_few_runs(const struct statistics *statistics, const struct design *design) {
  struct judgement judgement = decided(VERDICT_INCONCLUSIVE, REASON_TOO_FEW_RUNS);
  size_t missing = RUNS_MIN - fewest_runs(statistics), each = design->runs_each ? design->runs_each : missing;
  judgement.next = (double)((missing + each - 1) / each);
  judgement.runs_needed = RUNS_MIN;
  return judgement;
}

/* The literal seed rule, and a minimum effect: the mean improved by more than one sample sd of the base arm, and the
 * ranges do not overlap. */
static struct judgement seed_rule(const struct question *question, const struct statistics *statistics,
                                  double minimum_effect) {
  const struct arm_summary *base = &statistics->arms[BASE];
  double improvement = improvement_of_mean(question, statistics), gap = gap_of_ranges(question, statistics);
  if (improvement < -base->sd && gap < 0) return decided(VERDICT_DISCARD, REASON_WORSE);
  if (!(improvement > 0)) return decided(VERDICT_DISCARD, REASON_NO_IMPROVEMENT);
  if (!(improvement > base->sd)) return decided(VERDICT_DISCARD, REASON_WITHIN_ONE_SD);
  if (!(gap > 0)) return decided(VERDICT_DISCARD, REASON_OVERLAP);
  double wanted = minimum_effect * fabs(base->mean);
  if (improvement < wanted - ROUNDING * wanted) return decided(VERDICT_DISCARD, REASON_BELOW_MEI);
  return decided(VERDICT_KEEP, REASON_IMPROVED);
}

/* Disjoint ranges in the right direction are one of the ways to part the runs, all alike where the order says nothing:
 * 1 over (n + m choose n). */
static double seed_alpha(const struct statistics *statistics) {
  size_t base = statistics->arms[BASE].count, changed = statistics->arms[CHANGED].count;
  if (base + changed > 500) return 0;
  return 1 / gsl_sf_choose((unsigned)(base + changed), (unsigned)base);
}

static struct judgement judge_primary(const struct question *question, const struct statistics *statistics,
                                      const struct design *design, double minimum_effect) {
  struct judgement judgement;
  if (statistics->failed[BASE]) judgement = decided(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  else if (statistics->failed[CHANGED]) judgement = decided(VERDICT_DISCARD, REASON_FAILURES);
  else if (fewest_runs(statistics) < RUNS_MIN) judgement = too_few_runs(statistics, design);
  else {
    judgement = seed_rule(question, statistics, minimum_effect);
    judgement.alpha = seed_alpha(statistics);
    judgement.seed_verdict = seed_rule(question, statistics, 0).verdict;
  }
  if (!judgement.seed_verdict) judgement.seed_verdict = judgement.verdict;
  return judgement;
}

static struct judgement judge_guard(const struct question *question, const struct statistics *statistics,
                                    const struct design *design) {
  if (statistics->failed[BASE]) return decided(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  if (statistics->failed[CHANGED]) return decided(VERDICT_FAIL, REASON_FAILURES);
  if (fewest_runs(statistics) < RUNS_MIN) return too_few_runs(statistics, design);
  double limit = limit_of_guard(question, statistics), mean = statistics->arms[CHANGED].mean;
  double beyond = question->direction == LOWER_IS_BETTER ? mean - limit : limit - mean;
  if (beyond <= ROUNDING * fabs(limit)) return decided(VERDICT_PASS, REASON_WITHIN_LIMIT);
  return decided(VERDICT_FAIL, REASON_BEYOND_LIMIT);
}

static struct judgement judge_equal(const struct statistics *statistics, const struct design *design) {
  if (!statistics->identical) return decided(VERDICT_FAIL, REASON_CORRECTNESS);
  if (statistics->failed[BASE]) return decided(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  if (statistics->failed[CHANGED]) return decided(VERDICT_FAIL, REASON_FAILURES);
  if (fewest_runs(statistics) < RUNS_MIN) return too_few_runs(statistics, design);
  return decided(VERDICT_PASS, REASON_IDENTICAL);
}

/* One that moved says that something other than the change differed between the arms. */
static struct judgement judge_control(const struct statistics *statistics, const struct design *design) {
  struct judgement judgement;
  if (statistics->failed[BASE]) judgement = decided(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  else if (statistics->failed[CHANGED]) judgement = decided(VERDICT_INCONCLUSIVE, REASON_FAILURES);
  else if (fewest_runs(statistics) < RUNS_MIN) judgement = too_few_runs(statistics, design);
  else if (statistics->effect.p <= CONTROL_ALPHA) judgement = decided(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  else if (2 / statistics->effect.labellings > CONTROL_ALPHA) judgement = decided(VERDICT_PASS, REASON_UNDETECTABLE);
  else judgement = decided(VERDICT_PASS, REASON_UNMOVED);
  judgement.alpha = CONTROL_ALPHA;
  return judgement;
}

struct judgement judge(const struct question *question, const struct statistics *statistics,
                       const struct design *design, double minimum_effect) {
  switch (question->role) {
    case ROLE_PRIMARY: return judge_primary(question, statistics, design, minimum_effect);
    case ROLE_GUARD: return judge_guard(question, statistics, design);
    case ROLE_EQUAL: return judge_equal(statistics, design);
    default: return judge_control(statistics, design);
  }
}

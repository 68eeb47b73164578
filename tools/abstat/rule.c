#include "rule.h"

#include <math.h>

#include "blocked.h"
#include "judgement.h"
#include "report.h"
#include "seed.h"

/* A control metric must not move at this level, two-sided. */
static const double CONTROL_ALPHA = 0.01;

const char *verdict_name(enum verdict verdict) {
  static const char *const names[] = {NULL, "KEEP", "DISCARD", "INCONCLUSIVE", "PASS", "FAIL"};
  return names[verdict];
}

const char *reason_name(enum reason reason) {
  static const char *const names[] = {
      [REASON_IMPROVED] = "improved",
      [REASON_EXACT] = "exact",
      [REASON_CONFIRMED] = "confirmed",
      [REASON_NO_IMPROVEMENT] = "no-improvement",
      [REASON_NO_CHANGE] = "no-change",
      [REASON_WITHIN_ONE_SD] = "within-one-sd",
      [REASON_OVERLAP] = "overlap",
      [REASON_BELOW_MEI] = "below-mei",
      [REASON_WORSE] = "worse",
      [REASON_NOT_CONFIRMED] = "not-confirmed",
      [REASON_FAILURES] = "failures",
      [REASON_ENVIRONMENT] = "environment",
      [REASON_TOO_FEW_RUNS] = "too-few-runs",
      [REASON_MORE_DATA] = "more-data",
      [REASON_SCREENED] = "screened",
      [REASON_UNDERPOWERED] = "underpowered",
      [REASON_CONFOUNDED_ORDER] = "confounded-order",
      [REASON_SIGNS_DIFFER] = "signs-differ",
      [REASON_WITHIN_LIMIT] = "within-limit",
      [REASON_NOT_PROVEN_WORSE] = "not-proven-worse",
      [REASON_BEYOND_LIMIT] = "beyond-limit",
      [REASON_OPEN] = "open",
      [REASON_IDENTICAL] = "identical",
      [REASON_CORRECTNESS] = "correctness",
      [REASON_UNMOVED] = "unmoved",
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

double minimum_shift(const struct question *question, const struct effect *effect, const struct policy *policy) {
  double fraction = isnan(policy->minimum_effect) ? 0 : policy->minimum_effect;
  if (!isnan(policy->minimum_absolute)) fraction = policy->minimum_absolute / effect->unit;
  else if (!effect->relative && fraction > 0)
    fail("the base arm's mean of '%s' is 0, so that no percentage of it can be asked for; give the smallest "
         "improvement of interest in its unit, as in --mei-abs 5", question->metric);
  if (!effect->logarithmic) return fraction;
  return question->direction == LOWER_IS_BETTER ? -log1p(-fmin(fraction, 1)) : log1p(fraction);
}

struct judgement judgement_of(enum verdict verdict, enum reason reason) {
  return (struct judgement){.verdict = verdict, .reason = reason, .alpha = NAN, .runs_needed = NAN};
}

size_t fewest_runs(const struct statistics *statistics) {
  size_t base = statistics->arms[BASE].count, changed = statistics->arms[CHANGED].count;
  return base < changed ? base : changed;
}

struct judgement too_few_runs(const struct statistics *statistics, const struct design *design, size_t needed) {
  struct judgement judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_TOO_FEW_RUNS);
  size_t missing = needed - fewest_runs(statistics), each = design->runs_each ? design->runs_each : missing;
  judgement.next = (double)((missing + each - 1) / each);
  judgement.runs_needed = (double)needed;
  return judgement;
}

/* An order that was not drawn at random may have made the difference, or have hidden one. */
static bool is_confounded(const struct design *design, const struct policy *policy) {
  return policy->rule == RULE_BLOCKED && design_is_confounded(design) && !policy->trust_order;
}

static size_t runs_wanted(const struct question *question) {
  return question->deterministic ? RUNS_MIN_DETERMINISTIC : RUNS_MIN;
}

static bool is_exact(const struct question *question, const struct statistics *statistics) {
  return question->deterministic && statistics->constant;
}

static struct judgement judge_primary(const struct question *question, const struct statistics *statistics,
                                      const struct design *design, const struct look *look,
                                      const struct policy *policy) {
  struct judgement judgement;
  double seed_minimum = isnan(policy->minimum_effect) ? 0 : policy->minimum_effect;
  if (statistics->failed[BASE]) judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  else if (statistics->failed[CHANGED]) judgement = judgement_of(VERDICT_DISCARD, REASON_FAILURES);
  else if (is_exact(question, statistics) && fewest_runs(statistics) >= runs_wanted(question))
    judgement = exact_primary(question, statistics, policy);
  else if (fewest_runs(statistics) < RUNS_MIN) judgement = too_few_runs(statistics, design, RUNS_MIN);
  else if (is_confounded(design, policy)) judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_CONFOUNDED_ORDER);
  else if (policy->rule == RULE_SEED) judgement = seed_primary(question, statistics, seed_minimum);
  else if (policy->confirm) judgement = blocked_confirmation(statistics, look, policy);
  else judgement = blocked_primary(question, statistics, look, policy);
  if (reason_compares(judgement.reason) && fewest_runs(statistics) >= RUNS_MIN)
    judgement.seed_verdict = seed_primary(question, statistics, 0).verdict;
  else judgement.seed_verdict = judgement.verdict;
  return judgement;
}

static struct judgement judge_guard(const struct question *question, const struct statistics *statistics,
                                    const struct design *design, const struct look *look,
                                    const struct policy *policy) {
  if (statistics->failed[BASE]) return judgement_of(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  if (statistics->failed[CHANGED]) return judgement_of(VERDICT_FAIL, REASON_FAILURES);
  if (is_exact(question, statistics) && fewest_runs(statistics) >= runs_wanted(question))
    return seed_guard(question, statistics);
  if (fewest_runs(statistics) < RUNS_MIN) return too_few_runs(statistics, design, RUNS_MIN);
  if (is_confounded(design, policy)) return judgement_of(VERDICT_INCONCLUSIVE, REASON_CONFOUNDED_ORDER);
  if (policy->rule == RULE_SEED) return seed_guard(question, statistics);
  return blocked_guard(question, statistics, look, policy);
}

static struct judgement judge_equal(const struct statistics *statistics, const struct design *design) {
  if (!statistics->identical) return judgement_of(VERDICT_FAIL, REASON_CORRECTNESS);
  if (statistics->failed[BASE]) return judgement_of(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  if (statistics->failed[CHANGED]) return judgement_of(VERDICT_FAIL, REASON_FAILURES);
  if (fewest_runs(statistics) < RUNS_MIN_DETERMINISTIC) return too_few_runs(statistics, design, RUNS_MIN_DETERMINISTIC);
  return judgement_of(VERDICT_PASS, REASON_IDENTICAL);
}

/* One that moved says that something other than the change differed between the arms. */
static struct judgement judge_control(const struct statistics *statistics, const struct design *design) {
  struct judgement judgement;
  if (statistics->failed[BASE]) judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  else if (statistics->failed[CHANGED]) judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_FAILURES);
  else if (fewest_runs(statistics) < RUNS_MIN) judgement = too_few_runs(statistics, design, RUNS_MIN);
  else if (statistics->effect.p <= CONTROL_ALPHA) judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_ENVIRONMENT);
  else if (2 / statistics->effect.labellings > CONTROL_ALPHA) judgement = judgement_of(VERDICT_PASS, REASON_UNDETECTABLE);
  else judgement = judgement_of(VERDICT_PASS, REASON_UNMOVED);
  judgement.alpha = CONTROL_ALPHA;
  return judgement;
}

struct judgement judge(const struct question *question, const struct statistics *statistics,
                       const struct design *design, const struct look *look, const struct policy *policy) {
  switch (question->role) {
    case ROLE_PRIMARY: return judge_primary(question, statistics, design, look, policy);
    case ROLE_GUARD: return judge_guard(question, statistics, design, look, policy);
    case ROLE_EQUAL: return judge_equal(statistics, design);
    default: return judge_control(statistics, design);
  }
}

#include "blocked.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#include "judgement.h"

/* Arms whose median absolute deviations differ by more than this factor do not vary alike; then the means must also
 * differ by Welch's test at this level. */
static const double UNLIKE_SPREADS = 3, WELCH_ALPHA = 0.005;

/* What a plan with enough runs would find an effect with. */
static const double POWER = 0.90;

/* A confirmation is two blocks, at this level. */
enum { CONFIRMATION_BLOCKS = 2 };
static const double CONFIRMATION_ALPHA = 0.05;

/* The greatest number of labellings at least as good that is significant at a level. */
static double critical_count(double level, double labellings) { return floor(level * labellings + 1e-9); }

static bool spreads_allow(const struct effect *effect, enum welch_clause clause) {
  if (clause == WELCH_OFF || (clause == WELCH_AUTO && effect->mad_ratio <= UNLIKE_SPREADS)) return true;
  return effect->welch_p <= WELCH_ALPHA;
}

/* The sd that the improvement must exceed, on the scale of the scores. */
static double wanted_sd(const struct statistics *statistics, const struct policy *policy) {
  const struct effect *effect = &statistics->effect;
  double sd = effect->score_sd;
  if (policy->sd == SD_ROBUST) sd = fmin(sd, effect->robust_sd);
  double unit = effect->logarithmic ? fabs(statistics->arms[BASE].mean + statistics->arms[CHANGED].mean) / 2 : effect->unit;
  return fmax(sd, effect->resolution / sqrt(12) / unit);
}

static bool is_keepable(const struct question *question, const struct statistics *statistics, double minimum,
                        double alpha, const struct policy *policy) {
  const struct effect *effect = &statistics->effect;
  if (!(effect->as_extreme <= critical_count(alpha, effect->labellings))) return false;
  if (!(effect->shift >= minimum - LIMIT_ROUNDING * fabs(minimum))) return false;
  if (!(effect->shift > wanted_sd(statistics, policy))) return false;
  if (!spreads_allow(effect, policy->welch)) return false;
  return !policy->strict_overlap || gap_of_ranges(question, statistics) > 0;
}

double upper_bound(const struct effect *effect, const struct arm_summary arms[ARM_COUNT], double level) {
  double inverse = 1 / (double)arms[BASE].count + 1 / (double)arms[CHANGED].count;
  return effect->shift + gsl_cdf_tdist_Pinv(level, effect->df) * effect->score_sd * sqrt(inverse);
}

/* Runs of each arm that tell a shift of this size from 0 with this level and power. */
static double runs_for(double sd, double shift, double level, double power) {
  double quantiles = gsl_cdf_ugaussian_Qinv(level) + gsl_cdf_ugaussian_Pinv(power);
  return 2 * quantiles * quantiles * sd * sd / (shift * shift);
}

/* Even an effect at the upper bound could not be shown with all blocks. */
static bool is_too_noisy(const struct statistics *statistics, const struct look *look, const struct policy *policy) {
  double optimistic = upper_bound(&statistics->effect, statistics->arms, policy->noise_stop);
  if (look->number >= look->last || optimistic <= 0) return false;
  return runs_for(statistics->effect.score_sd, optimistic, policy->alpha, 0.5) > look->runs_at_most;
}

/* Runs of each arm at the first look at which the smallest p there is can be significant; 0 where there is none. */
static double first_runs(const struct policy *policy) {
  double labellings = 1, in_a_block = gsl_sf_choose((unsigned)(2 * policy->runs_each), (unsigned)policy->runs_each);
  for (size_t look = 1; look <= policy->max_blocks; look++) {
    labellings *= in_a_block;
    if (critical_count(policy->alpha * policy->weights[look - 1], labellings) >= 1) return (double)(look * policy->runs_each);
  }
  return 0;
}

/* More than there are, and as many as let the rule keep at all. */
static double runs_needed(const struct statistics *statistics, double minimum, const struct policy *policy) {
  const struct effect *effect = &statistics->effect;
  double needed = ceil(runs_for(effect->score_sd, fmax(effect->shift, minimum), policy->alpha, POWER));
  if (!isfinite(needed)) return NAN;
  needed = fmax(needed, (double)(fewest_runs(statistics) + policy->runs_each));
  return fmax(needed, first_runs(policy));
}

bool blocked_can_keep(const struct policy *policy) { return policy->runs_each > 500 || first_runs(policy) > 0; }

static struct judgement decide(const struct question *question, const struct statistics *statistics,
                               const struct look *look, const struct policy *policy) {
  const struct effect *effect = &statistics->effect;
  double minimum = minimum_shift(question, effect, policy);
  double bound = upper_bound(effect, statistics->arms, policy->futility);
  double alpha = policy->alpha * look->weight / look->divisor;
  if (bound < minimum - LIMIT_ROUNDING * fabs(minimum))
    return judgement_of(VERDICT_DISCARD, bound < 0 ? REASON_WORSE : REASON_BELOW_MEI);
  if (look->weight > 0 && is_keepable(question, statistics, minimum, alpha, policy))
    return judgement_of(VERDICT_KEEP, REASON_IMPROVED);
  struct judgement judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_UNDERPOWERED);
  judgement.runs_needed = runs_needed(statistics, minimum, policy);
  if (look->number == 1 && effect->p > policy->screen) judgement.reason = REASON_SCREENED;
  else if (look->number < look->last && !is_too_noisy(statistics, look, policy)) {
    judgement.reason = REASON_MORE_DATA;
    judgement.next = 1;
  }
  return judgement;
}

struct judgement blocked_primary(const struct question *question, const struct statistics *statistics,
                                 const struct look *look, const struct policy *policy) {
  struct judgement judgement = decide(question, statistics, look, policy);
  judgement.alpha = policy->alpha * look->weight / look->divisor;
  return judgement;
}

struct judgement blocked_confirmation(const struct statistics *statistics, const struct look *look,
                                      const struct policy *policy) {
  const struct effect *effect = &statistics->effect;
  struct judgement judgement;
  double alpha = CONFIRMATION_ALPHA / look->divisor;
  if (look->number < CONFIRMATION_BLOCKS) {
    judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_MORE_DATA);
    judgement.next = (double)(CONFIRMATION_BLOCKS - look->number);
    judgement.runs_needed = (double)(CONFIRMATION_BLOCKS * policy->runs_each);
  } else if (effect->shift > 0 && effect->as_extreme <= critical_count(alpha, effect->labellings))
    judgement = judgement_of(VERDICT_KEEP, REASON_CONFIRMED);
  else judgement = judgement_of(VERDICT_DISCARD, REASON_NOT_CONFIRMED);
  judgement.alpha = alpha;
  return judgement;
}

/* A base of 0 has no percentage: then nothing may be worse than the base arm's best. */
static struct judgement guard_without_base(const struct question *question, const struct statistics *statistics) {
  const struct arm_summary *base = &statistics->arms[BASE], *changed = &statistics->arms[CHANGED];
  bool no_worse = question->direction == LOWER_IS_BETTER ? changed->maximum <= base->minimum
                                                         : changed->minimum >= base->maximum;
  if (no_worse) return judgement_of(VERDICT_PASS, REASON_WITHIN_LIMIT);
  return judgement_of(VERDICT_FAIL, REASON_BEYOND_LIMIT);
}

static struct judgement open_guard(const struct statistics *statistics, const struct question *question,
                                   const struct look *look, const struct policy *policy) {
  if (policy->guard_open_passes) return judgement_of(VERDICT_PASS, REASON_NOT_PROVEN_WORSE);
  struct judgement judgement = judgement_of(VERDICT_INCONCLUSIVE, REASON_OPEN);
  const struct effect *effect = &statistics->effect;
  double distance = effect->estimate + question->margin;
  if (distance > 0) judgement.runs_needed = ceil(runs_for(effect->cv, distance, policy->guard_alpha, POWER));
  if (look->number < look->last) judgement.next = 1;
  return judgement;
}

struct judgement blocked_guard(const struct question *question, const struct statistics *statistics,
                               const struct look *look, const struct policy *policy) {
  const struct effect *effect = &statistics->effect;
  double alpha = policy->confirm ? policy->guard_alpha : policy->guard_alpha * look->weight;
  struct judgement judgement;
  if (!effect->relative) judgement = guard_without_base(question, statistics);
  else if (effect->as_poor <= critical_count(policy->guard_alpha, effect->labellings))
    judgement = judgement_of(VERDICT_FAIL, REASON_BEYOND_LIMIT);
  else if (effect->as_extreme <= critical_count(alpha, effect->labellings))
    judgement = judgement_of(VERDICT_PASS, REASON_WITHIN_LIMIT);
  else judgement = open_guard(statistics, question, look, policy);
  judgement.alpha = alpha;
  return judgement;
}

struct judgement exact_primary(const struct question *question, const struct statistics *statistics,
                               const struct policy *policy) {
  double improvement = improvement_of_mean(question, statistics);
  if (improvement > 0 && improvement >= policy->minimum_exact) return judgement_of(VERDICT_KEEP, REASON_EXACT);
  if (improvement > 0) return judgement_of(VERDICT_DISCARD, REASON_BELOW_MEI);
  return judgement_of(VERDICT_DISCARD, improvement < 0 ? REASON_WORSE : REASON_NO_CHANGE);
}

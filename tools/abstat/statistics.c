#include "statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "metric.h"
#include "randomization.h"

/* The good values of an arm, in run order; the caller frees. */
static double *values_of(const struct samples *samples, const struct design *design, const double *values, enum arm arm,
                         size_t *count) {
  double *selected = take_array(design->used_runs, sizeof *selected);
  *count = 0;
  for (size_t i = 0; i < design->used_runs; i++)
    if (samples->runs[i].arm == arm && samples->runs[i].status == STATUS_OK) selected[(*count)++] = values[i];
  return selected;
}

static struct arm_summary summarize(double *values, size_t count) {
  struct arm_summary summary = {count, NAN, NAN, NAN, NAN, NAN};
  if (count == 0) return summary;
  summary.mean = gsl_stats_mean(values, 1, count);
  if (count > 1) summary.sd = gsl_stats_sd_m(values, 1, count, summary.mean);
  gsl_sort(values, 1, count);
  summary.median = gsl_stats_median_from_sorted_data(values, 1, count);
  summary.minimum = values[0];
  summary.maximum = values[count - 1];
  return summary;
}

static void count_failures(const struct samples *samples, const struct design *design, struct statistics *statistics) {
  for (size_t i = 0; i < design->counted_runs; i++)
    statistics->failed[samples->runs[i].arm] += samples->runs[i].status != STATUS_OK;
}

/* Of a metric that must be equal: by the texts, since integers from 2^53 on are rounded as numbers. */
static bool are_identical(const struct samples *samples, const struct design *design, const char *const *texts) {
  const char *first = NULL;
  for (size_t i = 0; i < design->used_runs; i++) {
    if (samples->runs[i].status != STATUS_OK) continue;
    if (first && !metric_same_number(first, texts[i])) return false;
    first = texts[i];
  }
  return true;
}

static bool is_constant(const struct arm_summary *arm) { return !(arm->maximum > arm->minimum); }

/* How the values become scores of which larger is better, and effects on scores become fractions of the base. */
struct scale {
  bool logarithmic;
  double sign; /* -1 where lower values are better */
  double unit; /* values are divided by it where they are not logarithmic */
  bool relative; /* unit is the base arm's mean, so that effects are fractions of it */
};

static struct scale choose_scale(const double *values, size_t count, const struct question *question,
                                 double base_mean) {
  struct scale scale = {.logarithmic = true, .sign = question->direction == LOWER_IS_BETTER ? -1 : 1};
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    scale.logarithmic = scale.logarithmic && values[i] > 0;
    largest = fmax(largest, fabs(values[i]));
  }
  scale.relative = fabs(base_mean) > 0;
  scale.unit = scale.relative ? fabs(base_mean) : largest > 0 ? largest : 1;
  return scale;
}

static double score_of(const struct scale *scale, double value) {
  return scale->sign * (scale->logarithmic ? log(value) : value / scale->unit);
}

static double improvement_of(const struct scale *scale, double shift) {
  if (scale->logarithmic) return scale->sign * expm1(scale->sign * shift);
  return scale->relative ? shift : NAN;
}

/* The loss of a guard that is just within its margin, as a shift of scores; 0 for the others. */
static double margin_of(const struct scale *scale, const struct question *question) {
  if (scale->logarithmic) return scale->sign * log1p(-scale->sign * question->margin);
  return scale->relative ? -question->margin : 0;
}

/* The scores of each block less their mean. */
static double *centre_blocks(const struct design *design, const double *scores) {
  double *centred = take_array(design->used_runs, sizeof *centred);
  for (size_t block = 0; block < design->block_count; block++) {
    size_t start = design->starts[block], end = design->starts[block + 1];
    double mean = gsl_stats_mean(scores + start, 1, end - start);
    for (size_t i = start; i < end; i++) centred[i] = scores[i] - mean;
  }
  return centred;
}

/* The residuals of scores ~ block + arm. */
static double *residuals_of(const struct samples *samples, const struct design *design, const double *centred,
                            double shift) {
  double *residuals = take_array(design->used_runs, sizeof *residuals);
  for (size_t block = 0; block < design->block_count; block++) {
    size_t start = design->starts[block], end = design->starts[block + 1], changed = 0;
    for (size_t i = start; i < end; i++) changed += samples->runs[i].arm == CHANGED;
    double share = (double)changed / (double)(end - start);
    for (size_t i = start; i < end; i++)
      residuals[i] = centred[i] - shift * ((samples->runs[i].arm == CHANGED) - share);
  }
  return residuals;
}

static double smallest_gap(const double *values, size_t count) {
  double *sorted = take_array(count, sizeof *sorted), smallest = INFINITY;
  for (size_t i = 0; i < count; i++) sorted[i] = values[i];
  gsl_sort(sorted, 1, count);
  for (size_t i = 1; i < count; i++)
    if (sorted[i] > sorted[i - 1]) smallest = fmin(smallest, sorted[i] - sorted[i - 1]);
  free(sorted);
  return isfinite(smallest) ? smallest : 0;
}

static void describe_residuals(const struct design *design, const double *residuals, struct effect *effect) {
  size_t count = design->used_runs;
  effect->df = (double)count - (double)design->block_count - 1;
  if (effect->df < 1) return;
  double squares = 0;
  for (size_t i = 0; i < count; i++) squares += residuals[i] * residuals[i];
  effect->score_sd = sqrt(squares / effect->df);
  double *work = take_array(count, sizeof *work), *numbers = take_array(count, sizeof *numbers);
  effect->robust_sd = gsl_stats_mad(residuals, 1, count, work) * sqrt((double)count / effect->df);
  for (size_t i = 0; i < count; i++) numbers[i] = (double)i;
  double start, variances[3], sum;
  gsl_fit_linear(numbers, 1, residuals, 1, count, &start, &effect->drift, &variances[0], &variances[1], &variances[2],
                 &sum);
  effect->autocorrelation = squares > 0 ? gsl_stats_lag1_autocorrelation(residuals, 1, count) : 0;
  free(work);
  free(numbers);
}

/* Whether the arms vary alike, and whether they differ if they do not. */
static void compare_spreads(const struct samples *samples, const struct design *design, const double *centred,
                            struct effect *effect) {
  double *values = take_array(design->used_runs, sizeof *values), *work = take_array(design->used_runs, sizeof *work);
  double mads[ARM_COUNT], variances[ARM_COUNT], means[ARM_COUNT], counts[ARM_COUNT];
  for (enum arm arm = BASE; arm < ARM_COUNT; arm++) {
    size_t count = 0;
    for (size_t i = 0; i < design->used_runs; i++)
      if (samples->runs[i].arm == arm) values[count++] = centred[i];
    mads[arm] = gsl_stats_mad(values, 1, count, work);
    means[arm] = gsl_stats_mean(values, 1, count);
    counts[arm] = (double)count;
    double squares = 0, df = (double)count - (double)design->block_count;
    for (size_t i = 0; i < count; i++) squares += (values[i] - means[arm]) * (values[i] - means[arm]);
    variances[arm] = df > 0 ? squares / df / (double)count : NAN;
  }
  free(values);
  free(work);
  double larger = fmax(mads[BASE], mads[CHANGED]), smaller = fmin(mads[BASE], mads[CHANGED]);
  effect->mad_ratio = larger > 0 ? larger / smaller : 1;
  double sum = variances[BASE] + variances[CHANGED], difference = means[CHANGED] - means[BASE];
  if (isnan(sum)) return;
  if (!(sum > 0)) {
    effect->welch_p = difference > 0 ? 0 : 1;
    return;
  }
  double parts = 0;
  for (enum arm arm = BASE; arm < ARM_COUNT; arm++)
    parts += variances[arm] * variances[arm] / (counts[arm] - (double)design->block_count);
  effect->welch_p = gsl_cdf_tdist_Q(difference / sqrt(sum), sum * sum / parts);
}

static bool can_compare(const struct samples *samples, const struct design *design) {
  size_t runs[ARM_COUNT] = {0};
  for (size_t i = 0; i < design->used_runs; i++) {
    if (samples->runs[i].status != STATUS_OK) return false;
    runs[samples->runs[i].arm]++;
  }
  return runs[BASE] && runs[CHANGED];
}

static struct effect no_effect(void) {
  return (struct effect){.estimate = NAN, .low = NAN, .high = NAN, .level = NAN, .p = NAN, .as_extreme = NAN,
                         .labellings = NAN, .as_poor = NAN, .sd = NAN, .cv = NAN, .shift = NAN, .score_sd = NAN,
                         .df = NAN, .robust_sd = NAN, .resolution = NAN, .unit = NAN, .mad_ratio = NAN, .welch_p = NAN,
                         .drift = NAN, .autocorrelation = NAN};
}

static void take_result(struct effect *effect, const struct scale *scale, const struct randomization *result) {
  effect->estimate = improvement_of(scale, result->estimate);
  effect->low = improvement_of(scale, result->low);
  effect->high = improvement_of(scale, result->high);
  effect->level = effect->relative ? result->level : NAN;
  effect->p = result->as_extreme / result->labellings;
  effect->as_extreme = result->as_extreme;
  effect->as_poor = result->as_poor;
  effect->labellings = result->labellings;
  effect->drawn = result->drawn;
  effect->normal = result->normal;
  effect->shift = result->estimate;
}

static struct effect compare(const struct samples *samples, const struct design *design, const double *values,
                             const struct question *question, const struct policy *policy, double base_mean) {
  struct scale scale = choose_scale(values, design->used_runs, question, base_mean);
  double *scores = take_array(design->used_runs, sizeof *scores);
  for (size_t i = 0; i < design->used_runs; i++) scores[i] = score_of(&scale, values[i]);
  struct measurement measurement = {scores, samples->runs, design->starts, design->block_count};
  struct randomization result =
      randomize(&measurement, &(struct randomization_test){margin_of(&scale, question),
                                                           question->direction == NO_DIRECTION, policy->interval,
                                                           policy->labellings_max});
  struct effect effect = no_effect();
  effect.logarithmic = scale.logarithmic;
  effect.relative = scale.logarithmic || scale.relative;
  effect.unit = scale.unit;
  effect.resolution = isnan(policy->resolution) ? smallest_gap(values, design->used_runs) : policy->resolution;
  take_result(&effect, &scale, &result);
  double *centred = centre_blocks(design, scores);
  double *residuals = residuals_of(samples, design, centred, effect.shift);
  describe_residuals(design, residuals, &effect);
  compare_spreads(samples, design, centred, &effect);
  double sd = effect.score_sd;
  effect.sd = scale.logarithmic ? sd : sd * scale.unit;
  effect.cv = scale.logarithmic ? sqrt(expm1(sd * sd)) : scale.relative ? sd : NAN;
  free(scores);
  free(centred);
  free(residuals);
  return effect;
}

struct statistics statistics_of(const struct samples *samples, const struct design *design, size_t metric,
                                const struct question *question, const struct policy *policy) {
  const double *values = samples->values + metric * samples->run_count;
  struct statistics statistics = {.effect = no_effect()};
  for (enum arm arm = BASE; arm < ARM_COUNT; arm++) {
    size_t count;
    double *selected = values_of(samples, design, values, arm, &count);
    statistics.arms[arm] = summarize(selected, count);
    free(selected);
  }
  count_failures(samples, design, &statistics);
  statistics.constant = is_constant(&statistics.arms[BASE]) && is_constant(&statistics.arms[CHANGED]);
  if (question->role == ROLE_EQUAL)
    statistics.identical = are_identical(samples, design, samples->texts + metric * samples->run_count);
  if (question->role != ROLE_EQUAL && can_compare(samples, design))
    statistics.effect = compare(samples, design, values, question, policy, statistics.arms[BASE].mean);
  return statistics;
}

#include "statistics.h"

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

static void count_failures(const struct samples *samples, struct statistics *statistics) {
  for (size_t i = 0; i < samples->run_count; i++)
    statistics->failed[samples->runs[i].arm] += samples->runs[i].status != STATUS_OK;
}

static bool are_identical(const struct samples *samples, const struct design *design, const char *const *texts) {
  const char *first = NULL;
  for (size_t i = 0; i < design->used_runs; i++) {
    if (samples->runs[i].status != STATUS_OK) continue;
    if (first && !metric_same_number(first, texts[i])) return false;
    first = texts[i];
  }
  return true;
}

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

/* Residual sd of scores ~ block + arm; NaN without a degree of freedom. */
static double residual_sd(const struct samples *samples, const struct design *design, const double *scores,
                          double estimate) {
  double squares = 0;
  for (size_t block = 0; block < design->block_count; block++) {
    size_t start = design->starts[block], end = design->starts[block + 1], changed = 0;
    for (size_t i = start; i < end; i++) changed += samples->runs[i].arm == CHANGED;
    double share = (double)changed / (double)(end - start), mean = gsl_stats_mean(scores + start, 1, end - start);
    for (size_t i = start; i < end; i++) {
      double fitted = mean + estimate * ((samples->runs[i].arm == CHANGED) - share);
      squares += (scores[i] - fitted) * (scores[i] - fitted);
    }
  }
  if (design->used_runs < design->block_count + 2) return NAN;
  return sqrt(squares / (double)(design->used_runs - design->block_count - 1));
}

static bool can_compare(const struct samples *samples, const struct design *design) {
  size_t runs[ARM_COUNT] = {0};
  for (size_t i = 0; i < design->used_runs; i++) {
    if (samples->runs[i].status != STATUS_OK) return false;
    runs[samples->runs[i].arm]++;
  }
  return runs[BASE] && runs[CHANGED];
}

static struct effect compare(const struct samples *samples, const struct design *design, const double *values,
                             const struct question *question, double base_mean) {
  struct scale scale = choose_scale(values, design->used_runs, question, base_mean);
  double *scores = take_array(design->used_runs, sizeof *scores);
  for (size_t i = 0; i < design->used_runs; i++) scores[i] = score_of(&scale, values[i]);
  struct measurement measurement = {scores, samples->runs, design->starts, design->block_count};
  struct randomization result =
      randomize(&measurement, margin_of(&scale, question), question->direction == NO_DIRECTION);
  double sd = residual_sd(samples, design, scores, result.estimate);
  free(scores);
  return (struct effect){
      .logarithmic = scale.logarithmic,
      .estimate = improvement_of(&scale, result.estimate),
      .low = improvement_of(&scale, result.low),
      .high = improvement_of(&scale, result.high),
      .level = scale.logarithmic || scale.relative ? result.level : NAN,
      .p = result.as_extreme / result.labellings,
      .as_extreme = result.as_extreme,
      .labellings = result.labellings,
      .drawn = result.drawn,
      .sd = scale.logarithmic ? sd : sd * scale.unit,
      .cv = scale.logarithmic ? sqrt(expm1(sd * sd)) : scale.relative ? sd : NAN,
  };
}

struct statistics statistics_of(const struct samples *samples, const struct design *design, size_t metric,
                                const struct question *question) {
  const double *values = samples->values + metric * samples->run_count;
  struct statistics statistics = {.effect = {false, NAN, NAN, NAN, NAN, NAN, NAN, NAN, false, NAN, NAN}};
  for (enum arm arm = BASE; arm < ARM_COUNT; arm++) {
    size_t count;
    double *selected = values_of(samples, design, values, arm, &count);
    statistics.arms[arm] = summarize(selected, count);
    free(selected);
  }
  count_failures(samples, &statistics);
  statistics.identical = are_identical(samples, design, samples->texts + metric * samples->run_count);
  if (question->role != ROLE_EQUAL && can_compare(samples, design))
    statistics.effect = compare(samples, design, values, question, statistics.arms[BASE].mean);
  return statistics;
}

#include "noise.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_RUNS_MIN = 3 }; /* runs in each group of a bimodal metric */

static const double GROUP_DISTANCE = 3; /* sd within the groups that lie between them */
static const double GROUP_DISTANCE_OF_MEAN = 0.01;
static const double ERRORS_MAX = 3; /* standard errors within which an estimate of 0 may lie */
static const double MEI_MIN = 0.01, MEI_STEP = 0.005;

/* The runs of one block. */
struct block {
  size_t count[2]; /* of each arm */
  double mean[2];  /* of each arm; 0 of none */
  double all;      /* mean of all of its runs */
};

struct blocks {
  size_t *of; /* the index of each sample's block in list */
  struct block *list;
  size_t count;
};

static int by_number(const void *left, const void *right) {
  const size_t *a = left, *b = right;
  return (*a > *b) - (*a < *b);
}

static struct blocks part_into_blocks(const struct metric *metric) {
  size_t *numbers = take_array(metric->count, sizeof *numbers);
  struct blocks blocks = {.of = take_array(metric->count, sizeof *blocks.of)};
  for (size_t i = 0; i < metric->count; i++) numbers[i] = metric->samples[i].block;
  qsort(numbers, metric->count, sizeof *numbers, by_number);
  for (size_t i = 0; i < metric->count; i++)
    if (i == 0 || numbers[i] != numbers[blocks.count - 1]) numbers[blocks.count++] = numbers[i];
  blocks.list = take_array(blocks.count, sizeof *blocks.list);
  memset(blocks.list, 0, blocks.count * sizeof *blocks.list);
  for (size_t i = 0; i < metric->count; i++) {
    const struct sample *sample = &metric->samples[i];
    const size_t *number = bsearch(&sample->block, numbers, blocks.count, sizeof *numbers, by_number);
    blocks.of[i] = (size_t)(number - numbers);
    struct block *block = &blocks.list[blocks.of[i]];
    block->count[sample->arm]++;
    block->mean[sample->arm] += sample->value;
    block->all += sample->value;
  }
  for (size_t i = 0; i < blocks.count; i++) {
    struct block *block = &blocks.list[i];
    block->all /= (double)(block->count[0] + block->count[1]);
    for (size_t arm = 0; arm < 2; arm++)
      if (block->count[arm]) block->mean[arm] /= (double)block->count[arm];
  }
  free(numbers);
  return blocks;
}

static void blocks_free(struct blocks *blocks) {
  free(blocks->of);
  free(blocks->list);
}

/* sd of the runs about the means of their blocks; arms are not told apart, since their code is the same. */
static double sd_within_blocks(const struct metric *metric, const struct blocks *blocks) {
  double sum = 0;
  for (size_t i = 0; i < metric->count; i++) {
    double deviation = metric->samples[i].value - blocks->list[blocks->of[i]].all;
    sum += deviation * deviation;
  }
  return metric->count > blocks->count ? sqrt(sum / (double)(metric->count - blocks->count)) : NAN;
}

/* Least squares of value = block + arm: the estimate, its standard error, and its two-sided p. */
static void compare_arms(const struct metric *metric, const struct blocks *blocks, struct noise *noise) {
  double weights = 0, weighted = 0;
  for (size_t i = 0; i < blocks->count; i++) {
    const struct block *block = &blocks->list[i];
    double a = (double)block->count[0], b = (double)block->count[1], weight = a * b / (a + b);
    weights += weight;
    weighted += weight * (block->mean[1] - block->mean[0]);
  }
  if (weights <= 0) return;
  double difference = weighted / weights, residuals = 0;
  noise->difference = difference;
  if (metric->count < blocks->count + 2) return;
  for (size_t i = 0; i < metric->count; i++) {
    const struct sample *sample = &metric->samples[i];
    const struct block *block = &blocks->list[blocks->of[i]];
    double share = (double)block->count[1] / (double)(block->count[0] + block->count[1]);
    double residual = sample->value - block->all - difference * ((double)sample->arm - share);
    residuals += residual * residual;
  }
  double freedom = (double)(metric->count - blocks->count - 1);
  noise->difference_error = sqrt(residuals / freedom / weights);
  double t = fabs(difference) / noise->difference_error;
  noise->difference_p = isfinite(t) ? 2 * gsl_cdf_tdist_Q(t, freedom) : difference != 0 ? 0 : 1;
}

static void find_drift(const struct metric *metric, const double *values, struct noise *noise) {
  if (metric->count < 3) return;
  double *runs = take_array(metric->count, sizeof *runs);
  for (size_t i = 0; i < metric->count; i++) runs[i] = (double)metric->samples[i].run;
  double intercept, slope, intercept_variance, covariance, slope_variance, residuals;
  gsl_fit_linear(runs, 1, values, 1, metric->count, &intercept, &slope, &intercept_variance, &covariance,
                 &slope_variance, &residuals);
  noise->drift = slope * (runs[metric->count - 1] - runs[0]);
  noise->drift_t = slope / sqrt(slope_variance);
  free(runs);
}

static double sum_of_squares(const double *values, size_t count, double mean) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (values[i] - mean) * (values[i] - mean);
  return sum;
}

static int by_value(const void *left, const void *right) {
  const double *a = left, *b = right;
  return (*a > *b) - (*a < *b);
}

/* Sorts values. Of all places at which they can be parted, the widest gap that qualifies counts. */
static void find_groups(double *values, size_t count, struct noise *noise) {
  qsort(values, count, sizeof *values, by_value);
  double widest = 0;
  for (size_t cut = GROUP_RUNS_MIN; cut + GROUP_RUNS_MIN <= count; cut++) {
    double gap = values[cut] - values[cut - 1];
    double low = gsl_stats_mean(values, 1, cut), high = gsl_stats_mean(values + cut, 1, count - cut);
    double squares = sum_of_squares(values, cut, low) + sum_of_squares(values + cut, count - cut, high);
    double within = sqrt(squares / (double)(count - 2));
    if (gap <= widest || gap <= GROUP_DISTANCE * within || gap <= GROUP_DISTANCE_OF_MEAN * fabs(noise->mean)) continue;
    widest = gap;
    noise->bimodal = true;
    noise->low = low, noise->high = high;
    noise->high_share = (double)(count - cut) / (double)count;
  }
}

/* Makes a fraction of the mean of an amount in the metric's unit. */
static void make_relative(double *amount, double mean) { *amount = fabs(mean) > 0 ? *amount / fabs(mean) : NAN; }

/* A difference of two means of n runs with this cv is found at the one-sided level alpha with this power, in the normal
 * approximation (Lachin 1981, Controlled Clinical Trials 2: 93-113). */
static double smallest_effect(const size_t *runs, double cv, struct demand demand) {
  if (!runs[0] || !runs[1]) return NAN;
  double errors = gsl_cdf_ugaussian_Qinv(demand.alpha) + gsl_cdf_ugaussian_Pinv(demand.power);
  return sqrt(1 / (double)runs[0] + 1 / (double)runs[1]) * errors * cv;
}

/* The smallest effect rounded up; what only rounding errors put above a step does not count. What nothing is decided by
 * has none. */
static double suggest_mei(const struct metric *metric, double effect) {
  if (!isfinite(effect) || strcmp(metric->role, "equal") == 0 || strcmp(metric->role, "control") == 0) return NAN;
  return fmax(MEI_MIN, ceil(effect / MEI_STEP - 1e-9) * MEI_STEP);
}

/* What is known of a metric whose runs all gave the same number. */
static void describe_constant(struct noise *noise, bool arms_compare) {
  noise->cv = noise->drift = noise->drift_t = 0;
  if (arms_compare) noise->difference = noise->difference_error = 0, noise->difference_p = 1;
}

static void describe_varying(const struct metric *metric, const struct blocks *blocks, struct noise *noise) {
  double *values = take_array(metric->count, sizeof *values);
  for (size_t i = 0; i < metric->count; i++) values[i] = metric->samples[i].value;
  noise->cv = sd_within_blocks(metric, blocks);
  compare_arms(metric, blocks, noise);
  find_drift(metric, values, noise);
  if (metric->count > 2) noise->autocorrelation = gsl_stats_lag1_autocorrelation(values, 1, metric->count);
  find_groups(values, metric->count, noise);
  free(values);
}

struct noise noise_of(const struct metric *metric, struct demand demand) {
  struct noise noise = {.mean = NAN, .cv = NAN, .drift = NAN, .drift_t = NAN, .autocorrelation = NAN, .low = NAN,
                        .high = NAN, .high_share = NAN, .difference = NAN, .difference_error = NAN,
                        .difference_p = NAN, .smallest_effect = NAN, .suggested_mei = NAN};
  if (!metric->count) return noise;
  size_t runs[2] = {0};
  double sum = 0;
  for (size_t i = 0; i < metric->count; i++) {
    runs[metric->samples[i].arm]++;
    sum += metric->samples[i].value;
  }
  noise.n = runs[0] < runs[1] ? runs[0] : runs[1];
  noise.mean = metric->varies ? sum / (double)metric->count : metric->samples[0].value;

  struct blocks blocks = part_into_blocks(metric);
  noise.blocks = blocks.count;
  if (metric->varies) describe_varying(metric, &blocks, &noise);
  else describe_constant(&noise, noise.n > 0);
  blocks_free(&blocks);

  double *amounts[] = {&noise.cv, &noise.drift, &noise.difference, &noise.difference_error};
  for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) make_relative(amounts[i], noise.mean);
  noise.smallest_effect = smallest_effect(runs, noise.cv, demand);
  noise.suggested_mei = suggest_mei(metric, noise.smallest_effect);
  return noise;
}

bool noise_drifts(const struct noise *noise) { return fabs(noise->drift_t) > ERRORS_MAX; }

bool noise_arms_differ(const struct noise *noise) {
  return fabs(noise->difference) > ERRORS_MAX * noise->difference_error;
}

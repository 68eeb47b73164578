#include "randomization.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_combination.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "report.h"

/* Differences of sums that are this close, relative to the measured one or to 1, are ties. */
static const double TIE = 1e-9;

/* Of an experiment with more than 200 runs fewer labellings are drawn, so that it takes about a second: in all they
 * label this many runs. */
enum { DRAWN_RUNS_MAX = 40000000 };

/* Of more runs than this none is drawn: sums over so many are normal. */
enum { NORMAL_RUNS_MIN = 20000 };

/* One labelling of one block. */
struct labelling {
  double difference; /* weighted scores labelled changed, less those labelled base */
  size_t exchanged;  /* runs of the changed arm that are labelled base */
};

struct block {
  struct labelling *labellings;
  size_t count;
};

struct survey {
  const struct measurement *measurement;
  double weight[ARM_COUNT]; /* equal arms: 1 and 1. They sum to 2, and weight the arms' sums as means */
  double measured;          /* the measured difference */
  const struct randomization_test *test;
  struct block *blocks; /* a table of each block's labellings; empty where there is no room for it */
  double *shifts; /* at which a labelling ties with the measured one */
  size_t shift_count;
  size_t unchanged; /* labellings that exchange nothing: the measured one, and draws of it */
  size_t as_extreme, as_poor;
};

static size_t run_count(const struct measurement *measurement) { return measurement->starts[measurement->block_count]; }

/* The measured difference, run by run in their order. */
static double difference_of(const struct survey *survey, size_t start, size_t end) {
  double difference = 0;
  for (size_t i = start; i < end; i++) {
    double score = survey->measurement->scores[i];
    if (survey->measurement->runs[i].arm == CHANGED) difference += survey->weight[CHANGED] * score;
    else difference -= survey->weight[BASE] * score;
  }
  return difference;
}

/* n over k, or limit + 1 when it is more than limit. */
static size_t combinations(size_t n, size_t k, size_t limit) {
  size_t count = 1;
  for (size_t i = 1; i <= k; i++) {
    count = count * (n - k + i) / i;
    if (count > limit) return limit + 1;
  }
  return count;
}

static size_t changed_in(const struct measurement *measurement, size_t block) {
  size_t changed = 0;
  for (size_t i = measurement->starts[block]; i < measurement->starts[block + 1]; i++)
    changed += measurement->runs[i].arm == CHANGED;
  return changed;
}

/* The labellings of a block, or limit + 1 when there are more than limit. */
static size_t block_labellings(const struct measurement *measurement, size_t block, size_t limit) {
  size_t length = measurement->starts[block + 1] - measurement->starts[block];
  size_t changed = changed_in(measurement, block);
  return combinations(length, changed <= length - changed ? changed : length - changed, limit);
}

/* The same of all blocks together. */
static size_t count_labellings(const struct measurement *measurement, size_t limit) {
  size_t count = 1;
  for (size_t block = 0; block < measurement->block_count && count <= limit; block++)
    count *= block_labellings(measurement, block, limit);
  return count <= limit ? count : limit + 1;
}

static void record(struct survey *survey, double difference, size_t exchanged) {
  double tolerance = TIE * fmax(1, fabs(survey->measured));
  if (survey->test->two_sided) survey->as_extreme += fabs(difference) >= fabs(survey->measured) - tolerance;
  else {
    double lead = survey->measured - difference, shifted = survey->test->shift * 2 * (double)exchanged;
    survey->as_extreme += lead <= shifted + tolerance;
    survey->as_poor += lead >= shifted - tolerance;
  }
  if (exchanged) survey->shifts[survey->shift_count++] = (survey->measured - difference) / (2 * (double)exchanged);
  else survey->unchanged++;
}

/* The labelling of a block whose runs at the places in changed (ascending, relative to start) are labelled changed. */
static struct labelling label(const struct survey *survey, size_t start, size_t end, const size_t *changed,
                              size_t changed_count) {
  struct labelling labelling = {0};
  size_t next = 0;
  for (size_t i = start; i < end; i++) {
    bool labelled_changed = next < changed_count && start + changed[next] == i;
    double score = survey->measurement->scores[i];
    if (labelled_changed) labelling.difference += survey->weight[CHANGED] * score, next++;
    else labelling.difference -= survey->weight[BASE] * score;
    labelling.exchanged += !labelled_changed && survey->measurement->runs[i].arm == CHANGED;
  }
  return labelling;
}

static struct block label_block(const struct survey *survey, size_t index) {
  const struct measurement *measurement = survey->measurement;
  size_t start = measurement->starts[index], end = measurement->starts[index + 1];
  gsl_combination *changed = gsl_combination_calloc(end - start, changed_in(measurement, index));
  if (!changed) fail("out of memory (labellings of %zu runs)", end - start);
  struct block block = {0};
  size_t capacity = 0;
  do {
    grow(&block.labellings, &capacity, block.count + 1, sizeof *block.labellings);
    block.labellings[block.count++] =
        label(survey, start, end, gsl_combination_data(changed), gsl_combination_k(changed));
  } while (gsl_combination_next(changed) == GSL_SUCCESS);
  gsl_combination_free(changed);
  return block;
}

/* Tables of the blocks' labellings, of as many blocks as fit: all, where the labellings of the whole can be counted. */
static void label_blocks(struct survey *survey) {
  const struct measurement *measurement = survey->measurement;
  size_t room = survey->test->labellings_max;
  survey->blocks = take_array(measurement->block_count, sizeof *survey->blocks);
  for (size_t i = 0; i < measurement->block_count; i++) {
    survey->blocks[i] = (struct block){0};
    if (block_labellings(measurement, i, room) > room) continue;
    survey->blocks[i] = label_block(survey, i);
    room -= survey->blocks[i].count;
  }
}

/* Records every labelling of this block and the later ones, after one of the earlier ones. Each block at least doubles
 * the labellings, so the depth is at most log2 of their greatest number. */
static void enumerate(struct survey *survey, size_t block, double difference, size_t exchanged) {
  if (block == survey->measurement->block_count) {
    record(survey, difference, exchanged);
    return;
  }
  for (size_t i = 0; i < survey->blocks[block].count; i++) {
    const struct labelling *labelling = &survey->blocks[block].labellings[i];
    enumerate(survey, block + 1, difference + labelling->difference, exchanged + labelling->exchanged);
  }
}

/* A labelling of a block, drawn from its table, or by shuffling the labels of its runs where there is none. */
static struct labelling draw_labelling(const struct survey *survey, gsl_rng *generator, size_t index, enum arm *arms) {
  const struct block *block = &survey->blocks[index];
  if (block->count) return block->labellings[gsl_rng_uniform_int(generator, block->count)];
  const struct measurement *measurement = survey->measurement;
  size_t start = measurement->starts[index], end = measurement->starts[index + 1];
  struct labelling labelling = {0};
  gsl_ran_shuffle(generator, arms + start, end - start, sizeof *arms);
  for (size_t i = start; i < end; i++) {
    if (arms[i] == CHANGED) labelling.difference += survey->weight[CHANGED] * measurement->scores[i];
    else labelling.difference -= survey->weight[BASE] * measurement->scores[i];
    labelling.exchanged += arms[i] == BASE && measurement->runs[i].arm == CHANGED;
  }
  return labelling;
}

/* The measured labelling, and draws others by a generator of its own, so that the same data give the same result. */
static void draw(struct survey *survey, size_t draws) {
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  if (!generator) fail("out of memory (random number generator)");
  gsl_rng_set(generator, 1);
  size_t count = run_count(survey->measurement);
  enum arm *arms = take_array(count, sizeof *arms);
  for (size_t i = 0; i < count; i++) arms[i] = survey->measurement->runs[i].arm;
  record(survey, survey->measured, 0);
  for (size_t drawn = 0; drawn < draws; drawn++) {
    struct labelling whole = {0};
    for (size_t block = 0; block < survey->measurement->block_count; block++) {
      struct labelling labelling = draw_labelling(survey, generator, block, arms);
      whole.difference += labelling.difference;
      whole.exchanged += labelling.exchanged;
    }
    record(survey, whole.difference, whole.exchanged);
  }
  gsl_rng_free(generator);
  free(arms);
}

static void exchange(double *a, double *b) {
  double kept = *a;
  *a = *b;
  *b = kept;
}

/* The value that sorting would put at place (from 0); reorders values (Hoare's selection, middle of three as pivot). */
static double select_value(double *values, size_t count, size_t place) {
  size_t low = 0, high = count - 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (values[middle] < values[low]) exchange(&values[middle], &values[low]);
    if (values[high] < values[low]) exchange(&values[high], &values[low]);
    if (values[high] < values[middle]) exchange(&values[high], &values[middle]);
    double pivot = values[middle];
    size_t left = low, right = high;
    while (left <= right) {
      while (values[left] < pivot) left++;
      while (values[right] > pivot) right--;
      if (left > right) break;
      exchange(&values[left++], &values[right]);
      if (right == 0) break;
      right--;
    }
    if (place <= right) high = right;
    else if (place >= left) low = left;
    else break;
  }
  return values[place];
}

static void find_interval(struct survey *survey, struct randomization *result) {
  result->low = result->high = result->level = NAN;
  double tail = (1 - survey->test->level) / 2;
  size_t place = (size_t)floor(tail * result->labellings + TIE); /* 1 is the smallest shift */
  double level = survey->test->level;
  if (place == 0) {
    place = 1;
    level = 1 - 2 / result->labellings;
  }
  if (place < survey->unchanged || level <= 0) return;
  place -= survey->unchanged - 1; /* a draw of the measured labelling bounds nothing */
  if (place == 0 || place > survey->shift_count) return;
  result->low = select_value(survey->shifts, survey->shift_count, place - 1);
  result->high = select_value(survey->shifts, survey->shift_count, survey->shift_count - place);
  result->level = level;
}

/* The measured difference less its mean over all labellings, and its sd over them, after the changed arm's scores are
 * lowered by shift. */
static void standardize(const struct survey *survey, double shift, double *excess, double *sd) {
  const struct measurement *measurement = survey->measurement;
  double sum = 0, variance = 0;
  for (size_t block = 0; block < measurement->block_count; block++) {
    size_t start = measurement->starts[block], end = measurement->starts[block + 1];
    double total = 0, changed_total = 0, squares = 0, count = (double)(end - start);
    double changed = (double)changed_in(measurement, block);
    for (size_t i = start; i < end; i++) {
      bool is_changed = measurement->runs[i].arm == CHANGED;
      double score = measurement->scores[i] - measurement->scores[start] - (is_changed ? shift : 0);
      total += score;
      squares += score * score;
      if (is_changed) changed_total += score;
    }
    /* The weights of both arms sum to 2. */
    sum += 2 * (changed_total - changed * total / count);
    if (count > 1) variance += 4 * changed * (count - changed) / count * (squares - total * total / count) / (count - 1);
  }
  *excess = sum;
  *sd = sqrt(fmax(variance, 0));
}

static double upper_tail(double excess, double sd) {
  if (sd > 0) return gsl_cdf_ugaussian_Q(excess / sd);
  return excess > 0 ? 0 : 1;
}

static void take_normal_limit(const struct survey *survey, double mean_runs, struct randomization *result) {
  const struct randomization_test *test = survey->test;
  double excess, sd;
  standardize(survey, test->two_sided ? 0 : test->shift, &excess, &sd);
  double p = test->two_sided ? fmin(1, 2 * upper_tail(fabs(excess), sd)) : upper_tail(excess, sd);
  result->normal = true;
  result->as_extreme = p * result->labellings;
  result->as_poor = upper_tail(-excess, sd) * result->labellings;
  standardize(survey, result->estimate, &excess, &sd);
  double width = gsl_cdf_ugaussian_Qinv((1 - test->level) / 2) * sd / mean_runs;
  result->low = result->estimate - width;
  result->high = result->estimate + width;
  result->level = test->level;
}

struct randomization randomize(const struct measurement *measurement, const struct randomization_test *test) {
  struct survey survey = {.measurement = measurement, .test = test};
  size_t count = run_count(measurement), changed = 0, limit = test->labellings_max;
  for (size_t i = 0; i < count; i++) changed += measurement->runs[i].arm == CHANGED;
  survey.weight[CHANGED] = 2.0 * (double)(count - changed) / (double)count;
  survey.weight[BASE] = 2.0 * (double)changed / (double)count;

  size_t labellings = count_labellings(measurement, limit);
  struct randomization result = {.drawn = labellings > limit};
  if (result.drawn) {
    size_t affordable = DRAWN_RUNS_MAX / count;
    labellings = affordable >= limit ? limit : affordable;
  }
  for (size_t i = 0; i < measurement->block_count; i++)
    survey.measured += difference_of(&survey, measurement->starts[i], measurement->starts[i + 1]);
  double mean_runs = 2.0 * (double)changed * (double)(count - changed) / (double)count; /* equal arms: of each */
  result.estimate = survey.measured / mean_runs;
  result.labellings = (double)labellings;
  if (result.drawn && count > NORMAL_RUNS_MIN) {
    take_normal_limit(&survey, mean_runs, &result);
    return result;
  }
  survey.shifts = take_array(labellings, sizeof *survey.shifts);
  label_blocks(&survey);
  if (result.drawn) draw(&survey, labellings - 1);
  else enumerate(&survey, 0, 0, 0);
  result.as_extreme = (double)survey.as_extreme;
  result.as_poor = (double)survey.as_poor;
  find_interval(&survey, &result);
  for (size_t i = 0; i < measurement->block_count; i++) free(survey.blocks[i].labellings);
  free(survey.blocks);
  free(survey.shifts);
  return result;
}

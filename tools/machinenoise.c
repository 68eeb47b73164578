/* machinenoise: how much a fixed amount of work varies on this machine while nothing about the work changes.
 *
 * Out: TSV, one row a kind of work: spread, levels, drift, waiting. The work is `cpu`, a chain of dependent integer
 * operations, and `memory`, a walk over 8 MiB in random order, in turns, each always the same number of steps: the
 * fixed work quantum of M. Sottile and R. Minnich, "Analysis of microbenchmarks for performance tuning of clusters",
 * 2004.
 * In: nothing, or samples `work wall_ms [cpu_ms]` that --raw printed earlier. */
#include <errno.h>
#include <getopt.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "argument.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "tsv.h"

static const char HELP[] =
    "usage: machinenoise [OPTION]... [FILE]...\n"
    "Repeat a fixed amount of work, and print how much its duration varies, as TSV:\n"
    "spread, two levels, drift, and how long it waited for a CPU. With files, print\n"
    "this for samples that --raw recorded, and measure nothing.\n"
    "\n"
    "  -s, --seconds S    how long to measure, 0.01 to 3600 (5)\n"
    "  -q, --quantum MS   about how long one piece of work takes, 0.01 to 1000 (5)\n"
    "  -r, --raw          print the samples: work, wall_ms, cpu_ms\n"
    "  -h, --help         print this and exit\n"
    "  -V, --version      print the version and exit\n";

/* ---- samples ---- */

struct sample {
  double wall, cpu; /* ms; cpu is NAN where it is not known */
};

struct series {
  char *work;
  struct sample *samples; /* in the order of time */
  size_t count, capacity;
};

struct recording {
  struct series *series; /* in the order of their first sample */
  size_t count, capacity;
};

static struct series *series_of(struct recording *recording, const char *work) {
  for (size_t i = 0; i < recording->count; i++)
    if (strcmp(recording->series[i].work, work) == 0) return &recording->series[i];
  grow(&recording->series, &recording->capacity, recording->count + 1, sizeof *recording->series);
  struct series *series = &recording->series[recording->count++];
  *series = (struct series){.work = take_copy(work)};
  return series;
}

static void add_sample(struct recording *recording, const char *work, struct sample sample) {
  struct series *series = series_of(recording, work);
  grow(&series->samples, &series->capacity, series->count + 1, sizeof *series->samples);
  series->samples[series->count++] = sample;
}

static void recording_free(struct recording *recording) {
  for (size_t i = 0; i < recording->count; i++) {
    free(recording->series[i].work);
    free(recording->series[i].samples);
  }
  free(recording->series);
}

/* ---- measuring ---- */

enum { LINE = 64, WALK = 8 << 20 }; /* bytes: a cache line, and what the walk goes over */

struct walk_step {
  struct walk_step *next;
  char rest[LINE - sizeof(struct walk_step *)];
};

/* Marsaglia, "Xorshift RNGs", 2003: 64 bits, triple 13 7 17. */
static uint64_t xorshift(uint64_t state) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^ state << 17;
}

/* One cycle through all lines, in random order (Sattolo, 1986). The caller frees. */
static struct walk_step *make_walk(void) {
  size_t count = WALK / LINE;
  struct walk_step *steps = take_array(count, sizeof *steps);
  size_t *order = take_array(count, sizeof *order);
  for (size_t i = 0; i < count; i++) order[i] = i;
  uint64_t state = 1;
  for (size_t i = count - 1; i > 0; i--) {
    state = xorshift(state);
    size_t other = state % i, moved = order[i];
    order[i] = order[other];
    order[other] = moved;
  }
  for (size_t i = 0; i < count; i++) steps[order[i]].next = &steps[order[(i + 1) % count]];
  free(order);
  return steps;
}

struct worker {
  uint64_t state;
  const struct walk_step *place;
};

/* The results go into the worker, so that no compiler leaves the work out. */
static void compute(struct worker *worker, size_t steps) {
  uint64_t state = worker->state;
  for (size_t i = 0; i < steps; i++) state = xorshift(state);
  worker->state = state;
}

static void walk(struct worker *worker, size_t steps) {
  const struct walk_step *place = worker->place;
  for (size_t i = 0; i < steps; i++) place = place->next;
  worker->place = place;
}

typedef void work_function(struct worker *worker, size_t steps);

static double read_clock(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) fail("cannot read the clock: %s", strerror(errno));
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static struct sample time_work(work_function *work, struct worker *worker, size_t steps) {
  double cpu = read_clock(CLOCK_THREAD_CPUTIME_ID), wall = read_clock(CLOCK_MONOTONIC);
  work(worker, steps);
  wall = read_clock(CLOCK_MONOTONIC) - wall;
  return (struct sample){.wall = wall, .cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu};
}

/* Steps that take about quantum ms of CPU time. */
static size_t calibrate(work_function *work, struct worker *worker, double quantum) {
  enum { MOST = 1 << 30 };
  size_t steps = 1000;
  double taken;
  while ((taken = time_work(work, worker, steps).cpu) < quantum / 2 && steps < MOST) steps *= 2;
  double fitting = (double)steps * quantum / taken;
  return fitting >= 1 && fitting < MOST ? (size_t)fitting : steps;
}

static void measure(struct recording *recording, double seconds, double quantum) {
  enum { KINDS = 2 };
  static work_function *const works[KINDS] = {compute, walk};
  static const char *const names[KINDS] = {"cpu", "memory"};
  struct walk_step *steps = make_walk();
  struct worker worker = {.state = 1, .place = steps};
  size_t lengths[KINDS];
  for (size_t i = 0; i < KINDS; i++) lengths[i] = calibrate(works[i], &worker, quantum);
  double start = read_clock(CLOCK_MONOTONIC);
  do {
    for (size_t i = 0; i < KINDS; i++) add_sample(recording, names[i], time_work(works[i], &worker, lengths[i]));
  } while (read_clock(CLOCK_MONOTONIC) - start < seconds * 1e3);
  if (worker.state == 0 || !worker.place) fail("the work gave no result");
  free(steps);
}

/* ---- reading ---- */

static double read_duration(struct tsv *tsv, size_t field) {
  double value;
  if (!metric_number(tsv_value(tsv, field), &value) || value < 0)
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%s' is no duration in ms; a decimal number from 0 on is expected",
            tsv_value(tsv, field));
  return value;
}

static void read_samples(struct recording *recording, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t work = tsv_field(tsv, "work"), wall = tsv_field(tsv, "wall_ms"), cpu = tsv_find(tsv, "cpu_ms");
  while (tsv_row(tsv)) {
    struct sample sample = {read_duration(tsv, wall), cpu == TSV_NO_FIELD ? NAN : read_duration(tsv, cpu)};
    if (!(sample.wall > 0))
      fail_at(tsv_name(tsv), tsv_line_number(tsv), "wall_ms is 0; work that takes time is expected");
    add_sample(recording, tsv_value(tsv, work), sample);
  }
  tsv_close(tsv);
}

/* ---- statistics ---- */

/* Two groups of values with a trough between them; high_share is the part of the values in the upper. */
struct levels {
  bool two;
  double low, high, high_share;
};

/* Values clipped to their 5th and 95th percentile, so that a few outliers are no level. */
static double *clipped(const double *sorted, size_t count) {
  double *values = take_array(count, sizeof *values);
  double least = gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.05);
  double most = gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.95);
  for (size_t i = 0; i < count; i++) values[i] = fmin(fmax(sorted[i], least), most);
  return values;
}

/* How many of the sorted values are in the lower of the two groups between which the sum of squares is the greatest
 * (W. D. Fisher, "On grouping for maximum homogeneity", 1958). */
static size_t best_split(const double *sorted, size_t count) {
  double mean = gsl_stats_mean(sorted, 1, count), sum = 0, best = -1;
  size_t split = 1;
  for (size_t below = 1; below < count; below++) {
    sum += sorted[below - 1] - mean;
    double between = sum * sum / ((double)below * (double)(count - below));
    if (between > best) best = between, split = below;
  }
  return split;
}

/* Between the means of the two halves of a uniform distribution lies, in the middle third, a third as much as in either
 * half, of a normal one more: where it is less than a fifth of the smaller group, and that has a tenth of all, and the
 * means are 2 % apart, there are two levels. */
static struct levels find_levels(const double *sorted, size_t count) {
  enum { FEWEST = 20 };
  if (count < FEWEST) return (struct levels){.two = false};
  double *values = clipped(sorted, count);
  size_t below = best_split(values, count), above = count - below, smaller = below < above ? below : above;
  struct levels levels = {.low = gsl_stats_mean(values, 1, below),
                          .high = gsl_stats_mean(values + below, 1, above),
                          .high_share = (double)above / (double)count};
  double third = (levels.high - levels.low) / 3;
  size_t between = 0;
  for (size_t i = 0; i < count; i++) between += values[i] > levels.low + third && values[i] < levels.high - third;
  free(values);
  levels.two = smaller * 10 >= count && levels.high >= 1.02 * levels.low && between * 5 < smaller;
  return levels;
}

static double median_of(const struct sample *samples, size_t count) {
  double *values = take_array(count, sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = samples[i].wall;
  gsl_sort(values, 1, count);
  double median = gsl_stats_median_from_sorted_data(values, 1, count);
  free(values);
  return median;
}

/* The median of the last third of the time against that of the first: 0.01 is 1 % slower. */
static double drift_of(const struct series *series) {
  size_t third = series->count / 3;
  if (third == 0) return 0;
  return median_of(series->samples + series->count - third, third) / median_of(series->samples, third) - 1;
}

/* The part of the time in which the work had no CPU; NAN where CPU time is not known. */
static double waiting_of(const struct series *series) {
  double wall = 0, cpu = 0;
  for (size_t i = 0; i < series->count; i++) wall += series->samples[i].wall, cpu += series->samples[i].cpu;
  return isnan(cpu) ? NAN : fmax(0, 1 - cpu / wall);
}

static void print_statistics(const struct series *series) {
  double *sorted = take_array(series->count, sizeof *sorted);
  for (size_t i = 0; i < series->count; i++) sorted[i] = series->samples[i].wall;
  double mean = gsl_stats_mean(sorted, 1, series->count);
  double sd = series->count > 1 ? gsl_stats_sd_m(sorted, 1, series->count, mean) : 0;
  gsl_sort(sorted, 1, series->count);
  struct levels levels = find_levels(sorted, series->count);
  double waiting = waiting_of(series);

  tsv_write(stdout, series->work);
  printf("\t%zu\t%.4f\t%.4f\t%.4f\t%.4f\t%.5f", series->count, sorted[0],
         gsl_stats_median_from_sorted_data(sorted, 1, series->count), sorted[series->count - 1], mean, sd / mean);
  if (levels.two) printf("\t2\t%.4f\t%.4f\t%.3f", levels.low, levels.high, levels.high_share);
  else printf("\t1\t-\t-\t-");
  printf("\t%.5f", drift_of(series));
  if (isnan(waiting)) puts("\t-");
  else printf("\t%.5f\n", waiting);
  free(sorted);
}

static void print_samples(const struct recording *recording) {
  puts("work\twall_ms\tcpu_ms");
  for (size_t i = 0; i < recording->count; i++)
    for (size_t j = 0; j < recording->series[i].count; j++)
      printf("%s\t%.6f\t%.6f\n", recording->series[i].work, recording->series[i].samples[j].wall,
             recording->series[i].samples[j].cpu);
}

static double read_option(const char *option, const char *text, double least, double most) {
  double value;
  if (!metric_number(text, &value) || value < least || value > most)
    fail_usage("%s '%s' is no number from %g to %g", option, text, least, most);
  return value;
}

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"seconds", required_argument, NULL, 's'}, {"quantum", required_argument, NULL, 'q'},
      {"raw", no_argument, NULL, 'r'},           {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0},
  };
  report_tool("machinenoise");
  double seconds = 5, quantum = 5;
  bool raw = false;
  for (int option; (option = getopt_long(count, arguments, "s:q:rhV", options, NULL)) != -1;) switch (option) {
      case 's': seconds = read_option("--seconds", optarg, 0.01, 3600); break;
      case 'q': quantum = read_option("--quantum", optarg, 0.01, 1000); break;
      case 'r': raw = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  if (raw && optind < count) fail_usage("--raw measures, and reads no file such as '%s'", arguments[optind]);

  struct recording recording = {0};
  if (optind == count) measure(&recording, seconds, quantum);
  for (int i = optind; i < count; i++) read_samples(&recording, arguments[i]);
  if (recording.count == 0) fail("no sample is in the input; what machinenoise --raw prints is expected");
  if (raw) print_samples(&recording);
  else puts("work\tn\tmin_ms\tmedian_ms\tmax_ms\tmean_ms\tcv\tlevels\tlow_ms\thigh_ms\thigh_share\tdrift\twaiting");
  for (size_t i = 0; i < recording.count && !raw; i++) print_statistics(&recording.series[i]);
  recording_free(&recording);
  close_output();
  return 0;
}

#include "series.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "metric.h"

/* The metrics that are measured, in the order of their rows. */
enum measured { WALL, CPU, USER, SYSTEM, PEAK_RSS, MAJOR_FAULTS, MINOR_FAULTS, VOLUNTARY, INVOLUNTARY, MEASURED_COUNT };

static const struct {
  const char *name, *unit;
} measured[MEASURED_COUNT] = {
    [WALL] = {"wall_s", "s"},
    [CPU] = {"cpu_s", "s"},
    [USER] = {"user_s", "s"},
    [SYSTEM] = {"sys_s", "s"},
    [PEAK_RSS] = {"peak_rss_mb", "MiB"},
    [MAJOR_FAULTS] = {"major_faults", "-"},
    [MINOR_FAULTS] = {"minor_faults", "-"},
    [VOLUNTARY] = {"voluntary_switches", "-"},
    [INVOLUNTARY] = {"involuntary_switches", "-"},
};

bool metric_is_measured(const char *name) {
  for (size_t i = 0; i < MEASURED_COUNT; i++)
    if (strcmp(measured[i].name, name) == 0) return true;
  return false;
}

struct run *series_add(struct series *series) {
  grow(&series->runs, &series->capacity, series->count + 1, sizeof *series->runs);
  struct run *run = &series->runs[series->count++];
  *run = (struct run){0};
  return run;
}

static void print_time(FILE *output, const struct timeval *time) {
  fprintf(output, "%lld.%06ld", (long long)time->tv_sec, (long)time->tv_usec);
}

static void print_measured(FILE *output, enum measured metric, const struct run *run) {
  const struct rusage *used = &run->ended.used;
  struct timeval sum;
  switch (metric) {
    case WALL:
      if (run->status == STATUS_TIMEOUT) fputs("inf", output);
      else fprintf(output, "%.9f", run->ended.wall);
      break;
    case CPU:
      timeradd(&used->ru_utime, &used->ru_stime, &sum);
      print_time(output, &sum);
      break;
    case USER: print_time(output, &used->ru_utime); break;
    case SYSTEM: print_time(output, &used->ru_stime); break;
    case PEAK_RSS: fprintf(output, "%.15g", (double)used->ru_maxrss / 1024); break; /* exact: KiB are MiB / 2^10 */
    case MAJOR_FAULTS: fprintf(output, "%ld", used->ru_majflt); break;
    case MINOR_FAULTS: fprintf(output, "%ld", used->ru_minflt); break;
    case VOLUNTARY: fprintf(output, "%ld", used->ru_nvcsw); break;
    case INVOLUNTARY: fprintf(output, "%ld", used->ru_nivcsw); break;
    case MEASURED_COUNT: break;
  }
}

static const char *role_of(const struct questions *questions, const char *metric) {
  for (size_t i = 0; i < questions->count; i++)
    if (strcmp(questions->list[i].metric, metric) == 0) return questions->list[i].role;
  return "-";
}

static void write_begin(FILE *output, const struct run *run, const struct layout *layout, const char *metric) {
  fprintf(output, "%zu\t%zu\t%zu\t%s\t%s\t", run->block, run->order, run->number, layout->arms[run->arm], metric);
}

static void write_end(FILE *output, const struct run *run, const struct layout *layout, const char *metric,
                      const char *unit, unsigned long seed) {
  static const char *const names[] = {"ok", "failed", "timeout"};
  fprintf(output, "\t%s\t%s\t%s\t%zu\t%lu\n", unit, role_of(layout->questions, metric), names[run->status],
          run->padding, seed);
}

void series_write_samples(const struct series *series, const struct layout *layout, FILE *output) {
  fputs(SAMPLES_HEADER "\tenv_bytes\tseed\n", output);
  for (const struct run *run = series->runs; run < series->runs + series->count; run++) {
    for (enum measured metric = 0; metric < MEASURED_COUNT; metric++) {
      write_begin(output, run, layout, measured[metric].name);
      print_measured(output, metric, run);
      write_end(output, run, layout, measured[metric].name, measured[metric].unit, series->seed);
    }
    for (size_t i = 0; i < layout->expected->count; i++) {
      const char *metric = layout->expected->list[i].name, *value = readings_find(&run->readings, metric);
      write_begin(output, run, layout, metric);
      fputs(value ? value : "NA", output);
      write_end(output, run, layout, metric, "-", series->seed);
    }
  }
}

void series_free(struct series *series) {
  for (size_t i = 0; i < series->count; i++) readings_free(&series->runs[i].readings);
  free(series->runs);
  *series = (struct series){0};
}

#include "samples.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "report.h"
#include "tsv.h"

struct fields {
  size_t block, run, arm, metric, value, unit, role, status;
};

static char *keep(struct samples *samples, const char *text) { return arena_copy(&samples->arena, text, strlen(text)); }

const struct metric *samples_find(const struct samples *samples, const char *name) {
  for (size_t i = 0; i < samples->count; i++)
    if (strcmp(samples->metrics[i].name, name) == 0) return &samples->metrics[i];
  return NULL;
}

static struct metric *find_or_add(struct samples *samples, struct tsv *tsv, const struct fields *fields) {
  const char *name = tsv_value(tsv, fields->metric);
  const struct metric *known = samples_find(samples, name);
  if (known) return &samples->metrics[known - samples->metrics];
  if (!metric_name_is_valid(name))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%s' is no name of a metric", name);
  grow(&samples->metrics, &samples->capacity, samples->count + 1, sizeof *samples->metrics);
  struct metric *metric = &samples->metrics[samples->count++];
  *metric = (struct metric){.name = keep(samples, name),
                            .unit = keep(samples, tsv_value(tsv, fields->unit)),
                            .role = keep(samples, tsv_value(tsv, fields->role))};
  return metric;
}

static size_t find_arm(struct samples *samples, struct tsv *tsv, const char *name) {
  for (size_t i = 0; i < samples->arm_count; i++)
    if (strcmp(samples->arms[i], name) == 0) return i;
  if (samples->arm_count == 2)
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%s' is a third arm, beside '%s' and '%s'; two are expected", name,
            samples->arms[0], samples->arms[1]);
  samples->arms[samples->arm_count] = keep(samples, name);
  return samples->arm_count++;
}

static size_t read_number(struct tsv *tsv, const char *field, const char *text) {
  size_t number;
  if (!metric_count(text, SIZE_MAX / 2, &number))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "%s is '%s'; a whole number from 1 is expected", field, text);
  return number;
}

/* Whether the run of the present row ended well. */
static bool is_ok(struct tsv *tsv, const char *status) {
  if (strcmp(status, "ok") == 0) return true;
  if (strcmp(status, "failed") != 0 && strcmp(status, "timeout") != 0)
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "status is '%s'; ok, failed or timeout is expected", status);
  return false;
}

static void read_row(struct samples *samples, struct tsv *tsv, const struct fields *fields) {
  struct metric *metric = find_or_add(samples, tsv, fields);
  struct sample sample = {.block = read_number(tsv, "block", tsv_value(tsv, fields->block)),
                          .run = read_number(tsv, "run", tsv_value(tsv, fields->run)),
                          .arm = find_arm(samples, tsv, tsv_value(tsv, fields->arm))};
  if (!is_ok(tsv, tsv_value(tsv, fields->status))) {
    metric->failed++;
    return;
  }
  const char *text = tsv_value(tsv, fields->value);
  if (!metric_number(text, &sample.value))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "the value of %s is '%s'; a decimal number is expected", metric->name,
            text);
  if (!metric->first) metric->first = keep(samples, text);
  metric->varies = metric->varies || !metric_same_number(metric->first, text);
  grow(&metric->samples, &metric->capacity, metric->count + 1, sizeof *metric->samples);
  metric->samples[metric->count++] = sample;
}

static void read_file(struct samples *samples, const char *path) {
  struct tsv *tsv = tsv_open(path);
  struct fields fields = {
      .block = tsv_field(tsv, "block"),   .run = tsv_field(tsv, "run"),     .arm = tsv_field(tsv, "arm"),
      .metric = tsv_field(tsv, "metric"), .value = tsv_field(tsv, "value"), .unit = tsv_field(tsv, "unit"),
      .role = tsv_field(tsv, "role"),     .status = tsv_field(tsv, "status"),
  };
  while (tsv_row(tsv)) read_row(samples, tsv, &fields);
  tsv_close(tsv);
}

static int by_run(const void *left, const void *right) {
  const struct sample *a = left, *b = right;
  return (a->run > b->run) - (a->run < b->run);
}

/* Puts the base arm first, and each metric's samples in the order of the runs. */
static void put_in_order(struct samples *samples, const char *path) {
  bool swapped = strcmp(samples->arms[0], samples->arms[1]) > 0;
  if (swapped) {
    char *name = samples->arms[0];
    samples->arms[0] = samples->arms[1], samples->arms[1] = name;
  }
  for (size_t i = 0; i < samples->count; i++) {
    struct metric *metric = &samples->metrics[i];
    if (metric->count) qsort(metric->samples, metric->count, sizeof *metric->samples, by_run);
    for (size_t j = 0; j < metric->count; j++) {
      if (swapped) metric->samples[j].arm = 1 - metric->samples[j].arm;
      if (j > 0 && metric->samples[j].run == metric->samples[j - 1].run)
        fail_at(path, 0, "run %zu has the metric %s twice", metric->samples[j].run, metric->name);
    }
  }
}

void samples_read(struct samples *samples, char *const *paths, size_t path_count) {
  for (size_t i = 0; i < path_count; i++) read_file(samples, paths[i]);
  const char *last = strcmp(paths[path_count - 1], "-") == 0 ? "<stdin>" : paths[path_count - 1];
  if (samples->arm_count != 2)
    fail_at(last, 0, "there are runs of %zu arm%s; two arms that are the same code are expected", samples->arm_count,
            samples->arm_count == 1 ? "" : "s");
  put_in_order(samples, last);
}

void samples_read_guards(struct samples *samples, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t name = tsv_field(tsv, "metric"), guard = tsv_field(tsv, "guard");
  size_t deterministic = tsv_find(tsv, "deterministic");
  while (tsv_row(tsv)) {
    const struct metric *known = samples_find(samples, tsv_value(tsv, name));
    if (!known) continue;
    struct metric *metric = &samples->metrics[known - samples->metrics];
    if (strcmp(tsv_value(tsv, guard), "-") != 0) metric->guard = keep(samples, tsv_value(tsv, guard));
    metric->deterministic = deterministic != TSV_NO_FIELD && strcmp(tsv_value(tsv, deterministic), "yes") == 0;
  }
  tsv_close(tsv);
}

void samples_free(struct samples *samples) {
  for (size_t i = 0; i < samples->count; i++) free(samples->metrics[i].samples);
  free(samples->metrics);
  arena_free(&samples->arena);
}

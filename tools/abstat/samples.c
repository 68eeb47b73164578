#include "samples.h"

#include "reader.h"

enum { RUNS_EACH = 3 };

static const char *base_of(const struct source *source) {
  if (source->base) return source->base;
  return format_begins_with_base(source->format) ? NULL : "A";
}

void samples_gather(struct samples *samples, const struct source *source, const char *const *metrics,
                    size_t metric_count) {
  char stdin_path[] = "-", *stdin_paths[] = {stdin_path};
  struct reader *reader = reader_open(metrics, metric_count);
  format_read(source->format, reader, source->path_count ? source->paths : stdin_paths,
              source->path_count ? source->path_count : 1, source->runs_each ? source->runs_each : RUNS_EACH);
  reader_close(reader, base_of(source), samples);
}

size_t samples_variant_count(const struct samples *samples) { return samples->arm_count - 1; }

static void select_runs(const struct samples *whole, size_t variant, struct samples *pair) {
  pair->runs = arena_take(&pair->arena, product_of(whole->run_count, sizeof *pair->runs));
  pair->run_count = 0;
  for (size_t i = 0; i < whole->run_count; i++) {
    struct run run = whole->runs[i];
    if (run.arm != BASE && run.arm != variant) continue;
    run.arm = run.arm == BASE ? BASE : CHANGED;
    pair->runs[pair->run_count++] = run;
  }
}

static void select_values(const struct samples *whole, size_t variant, struct samples *pair) {
  size_t count = product_of(pair->run_count, whole->metric_count), next = 0;
  double *values = arena_take(&pair->arena, product_of(count, sizeof *values));
  pair->texts = arena_take(&pair->arena, product_of(count, sizeof *pair->texts));
  for (size_t metric = 0; metric < whole->metric_count; metric++)
    for (size_t i = 0; i < whole->run_count; i++) {
      if (whole->runs[i].arm != BASE && whole->runs[i].arm != variant) continue;
      values[next] = whole->values[metric * whole->run_count + i];
      pair->texts[next++] = whole->texts[metric * whole->run_count + i];
    }
  pair->values = values;
}

void samples_pair(const struct samples *whole, size_t variant, struct samples *pair) {
  *pair = *whole;
  pair->arena = (struct arena){0};
  if (whole->arm_count == ARM_COUNT) return;
  pair->arm_count = ARM_COUNT;
  pair->arm_names = arena_take(&pair->arena, ARM_COUNT * sizeof *pair->arm_names);
  pair->arm_names[BASE] = whole->arm_names[BASE];
  pair->arm_names[CHANGED] = whole->arm_names[variant];
  select_runs(whole, variant, pair);
  select_values(whole, variant, pair);
}

void samples_free(struct samples *samples) { arena_free(&samples->arena); }

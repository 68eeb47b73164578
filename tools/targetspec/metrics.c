#include "metrics.h"

#include <string.h>

#include "metric.h"
#include "report.h"

struct metric *metrics_find(const struct metrics *metrics, const char *name) {
  for (size_t i = 0; i < metrics->count; i++)
    if (strcmp(metrics->list[i].name, name) == 0) return &metrics->list[i];
  return NULL;
}

static struct metric *add_metric(struct metrics *metrics, struct metric metric, enum field field) {
  grow(&metrics->list, &metrics->capacity, metrics->count + 1, sizeof *metrics->list);
  metric.field = field;
  metrics->list[metrics->count] = metric;
  return &metrics->list[metrics->count++];
}

static void add_measured(struct target *target, struct metrics *metrics, enum field field) {
  char *rest = field_copy(target, field);
  for (char *item; (item = next_item(&rest));) {
    struct metric metric = {0};
    if (!cut_metric(item, &metric.name, &metric.direction, &metric.unit))
      field_fail(target, field, item, field_allowed(field));
    if (metrics_find(metrics, metric.name))
      field_fail(target, field, metric.name, "each metric once in primary and secondary");
    add_metric(metrics, metric, field);
  }
}

/* A guard's limit: `+10%` or `max=0`. */
static bool is_guard_limit(const char *limit, bool *relative) {
  double number;
  *relative = *limit == '+';
  if (*relative) return limit[1] >= '0' && limit[1] <= '9' && metric_percentage(limit + 1, &number);
  return strncmp(limit, "max=", 4) == 0 && metric_number(limit + 4, &number);
}

static void add_guards(struct target *target, struct metrics *metrics) {
  char *rest = field_copy(target, GUARDS);
  for (char *item; (item = next_item(&rest));) {
    const char *whole = arena_copy(&target->arena, item, strlen(item));
    const char *name = next_word(&item), *limit = next_word(&item);
    bool relative;
    if (!limit || next_word(&item) || !metric_name_is_valid(name) || !is_guard_limit(limit, &relative))
      field_fail(target, GUARDS, whole, field_allowed(GUARDS));
    struct metric *metric = metrics_find(metrics, name);
    if (metric && metric->guard) field_fail(target, GUARDS, whole, "one guard for each metric");
    if (!metric && relative)
      field_fail(target, GUARDS, whole, "+N% only for the primary or a secondary metric, which has a direction");
    if (!metric) metric = add_metric(metrics, (struct metric){.name = name, .direction = "lower"}, GUARDS);
    metric->guard = limit;
  }
}

/* The metrics that only the fields equal and control name. */
static void add_named(struct target *target, struct metrics *metrics, enum field field) {
  char *rest = field_copy(target, field);
  for (char *item; (item = next_item(&rest));) {
    if (!metric_name_is_valid(item) || metrics_find(metrics, item))
      field_fail(target, field, item, field_allowed(field));
    add_metric(metrics, (struct metric){.name = item}, field);
  }
}

static void declare_deterministic(struct target *target, struct metrics *metrics) {
  char *rest = field_copy(target, DETERMINISTIC);
  for (char *item; (item = next_item(&rest));) {
    struct metric *metric = metrics_find(metrics, item);
    if (!metric || metric->deterministic || (metric->field != PRIMARY && metric->field != SECONDARY))
      field_fail(target, DETERMINISTIC, item, field_allowed(DETERMINISTIC));
    metric->deterministic = true;
  }
}

struct metrics metrics_read(struct target *target) {
  struct metrics metrics = {0};
  add_measured(target, &metrics, PRIMARY);
  add_measured(target, &metrics, SECONDARY);
  add_guards(target, &metrics);
  add_named(target, &metrics, EQUAL);
  add_named(target, &metrics, CONTROL);
  declare_deterministic(target, &metrics);
  return metrics;
}

/* The pipeline for a metric; NULL without one. */
static const char *find_pipeline(const struct profilers *profilers, const char *metric) {
  const char *otherwise = NULL;
  for (size_t i = 0; i < profilers->count; i++) {
    if (strcmp(profilers->list[i].metric, metric) == 0) return profilers->list[i].pipeline;
    if (strcmp(profilers->list[i].metric, "default") == 0) otherwise = profilers->list[i].pipeline;
  }
  return otherwise;
}

_Noreturn static void fail_pipeline(const struct target *target, const char *metric) {
  fail_at(target->file, target->lines[PROFILERS],
          "field 'profilers': found '%s' without a pipeline for '%s', allowed: %s", target->values[PROFILERS], metric,
          field_allowed(PROFILERS));
}

static bool is_profiler(const struct profilers *profilers, const char *pipeline) {
  for (size_t i = 0; i < profilers->count; i++)
    if (strcmp(profilers->list[i].pipeline, pipeline) == 0) return true;
  return false;
}

/* A setting's name is lower-case letters and `_`. */
static bool is_setting_name(const char *name) {
  return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name);
}

static void check_settings(struct target *target, const struct profilers *profilers) {
  char *rest = field_copy(target, PROFILER_SETTINGS);
  for (char *item; (item = next_item(&rest));) {
    const char *whole = arena_copy(&target->arena, item, strlen(item));
    char *equals = strchr(item, '='), *dot = NULL;
    if (equals) {
      *equals = '\0';
      dot = strrchr(item, '.');
    }
    if (!dot || !*trim(equals + 1)) field_fail(target, PROFILER_SETTINGS, whole, field_allowed(PROFILER_SETTINGS));
    *dot = '\0';
    if (!is_setting_name(dot + 1)) field_fail(target, PROFILER_SETTINGS, whole, field_allowed(PROFILER_SETTINGS));
    if (!is_profiler(profilers, item))
      field_fail(target, PROFILER_SETTINGS, whole, "settings of the pipelines that the field profilers names");
  }
}

struct profilers profilers_read(struct target *target, const struct metrics *metrics) {
  struct profilers profilers = {0};
  char *rest = field_copy(target, PROFILERS);
  for (char *item; (item = next_item(&rest));) {
    const char *whole = arena_copy(&target->arena, item, strlen(item));
    char *equals = strchr(item, '=');
    if (!equals) field_fail(target, PROFILERS, whole, field_allowed(PROFILERS));
    *equals = '\0';
    const char *metric = trim(item), *pipeline = trim(equals + 1);
    if (!arm_name_is_valid(pipeline)) field_fail(target, PROFILERS, whole, field_allowed(PROFILERS));
    bool any_number = strcmp(metric, "also") == 0;
    if (!any_number && strcmp(metric, "default") != 0 && strcmp(metric, "exercised") != 0 &&
        !metrics_find(metrics, metric))
      field_fail(target, PROFILERS, whole,
                 "a metric of primary, secondary, guards or equal, or 'default', 'also' or 'exercised'");
    for (size_t i = 0; i < profilers.count && !any_number; i++)
      if (strcmp(profilers.list[i].metric, metric) == 0)
        field_fail(target, PROFILERS, whole, "one pipeline for each metric");
    grow(&profilers.list, &profilers.capacity, profilers.count + 1, sizeof *profilers.list);
    profilers.list[profilers.count++] = (struct profiler){metric, pipeline};
  }
  for (size_t i = 0; i < metrics->count; i++) {
    const struct metric *metric = &metrics->list[i];
    if ((metric->field == PRIMARY || metric->field == SECONDARY) && !find_pipeline(&profilers, metric->name))
      fail_pipeline(target, metric->name);
  }
  check_settings(target, &profilers);
  return profilers;
}

const char *profilers_find(const struct target *target, const struct profilers *profilers, const char *metric) {
  const char *pipeline = find_pipeline(profilers, metric);
  if (!pipeline) fail_pipeline(target, metric);
  return pipeline;
}

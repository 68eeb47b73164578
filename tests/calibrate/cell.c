#include "cell.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "report.h"
#include "tsv.h"

static const char *read_text(struct cells *cells, struct tsv *file, const char *field) {
  const char *value = tsv_value(file, tsv_field(file, field));
  return arena_copy(&cells->arena, value, strlen(value));
}

static struct published read_published(struct cells *cells, struct tsv *file, const char *field) {
  struct published published = {.text = read_text(cells, file, field)};
  const char *point = strchr(published.text, '.');
  if (!metric_number(published.text, &published.value))
    fail_at(tsv_name(file), tsv_line_number(file), "%s '%s' is no number", field, published.text);
  published.half_unit = 0.5 * pow(10, point ? -(double)strlen(point + 1) : 0);
  return published;
}

static double read_fraction(struct tsv *file, const char *field) {
  const char *text = tsv_value(file, tsv_field(file, field));
  double fraction = 0;
  if (strcmp(text, "-") != 0 && !metric_percentage(text, &fraction))
    fail_at(tsv_name(file), tsv_line_number(file), "%s '%s' is no percentage; one like 2%%, or -, is expected", field,
            text);
  return fraction;
}

/* One parameter that departs from the default, named as abstat's option. */
static bool set_parameter(struct policy *policy, const char *name, const char *value) {
  double number;
  if (strcmp(name, "sd") == 0 && strcmp(value, "residual") == 0) return policy->sd = SD_RESIDUAL, true;
  if (strcmp(name, "welch") == 0 && strcmp(value, "off") == 0) return policy->welch = WELCH_OFF, true;
  if (!metric_number(value, &number)) return false;
  if (strcmp(name, "alpha") == 0) policy->alpha = number;
  else if (strcmp(name, "screen") == 0) policy->screen = number;
  else if (strcmp(name, "futility") == 0) policy->futility = number;
  else if (strcmp(name, "noise-stop") == 0) policy->noise_stop = number;
  else return false;
  return true;
}

/* `default`, or parameters as in `sd=residual,screen=1`. */
static struct policy read_policy(struct tsv *file) {
  const char *text = tsv_value(file, tsv_field(file, "policy"));
  struct policy policy = policy_default();
  policy.weights = policy_weights(policy.max_blocks);
  if (strcmp(text, "default") == 0) return policy;
  char *words = take_copy(text), *rest = NULL;
  for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
    char *value = strchr(word, '=');
    if (value) *value++ = '\0';
    if (!value || !set_parameter(&policy, word, value))
      fail_at(tsv_name(file), tsv_line_number(file), "policy '%s' is not understood at '%s'", text, word);
  }
  free(words);
  return policy;
}

static enum order read_order(struct tsv *file) {
  const char *text = tsv_value(file, tsv_field(file, "order"));
  if (strcmp(text, "planned") == 0) return ORDER_PLANNED;
  if (strcmp(text, "sequential") == 0) return ORDER_SEQUENTIAL;
  fail_at(tsv_name(file), tsv_line_number(file), "order '%s' is neither planned nor sequential", text);
}

static enum noise read_noise(struct tsv *file) {
  const char *text = tsv_value(file, tsv_field(file, "noise"));
  enum noise noise;
  if (!noise_find(text, &noise)) fail_at(tsv_name(file), tsv_line_number(file), "there is no noise '%s'", text);
  return noise;
}

static double read_experiments(struct tsv *file) {
  const char *text = tsv_value(file, tsv_field(file, "experiments"));
  size_t experiments;
  if (strcmp(text, "-") == 0) return INFINITY;
  if (!metric_count(text, SIZE_MAX, &experiments))
    fail_at(tsv_name(file), tsv_line_number(file), "experiments '%s' is no count; one, or -, is expected", text);
  return (double)experiments;
}

static const char *name_of(struct cells *cells, struct tsv *file) {
  static const struct part { const char *field, *usual; } parts[] = {
      {"table", ""}, {"policy", "default"}, {"order", "planned"}, {"noise", ""}, {"cv", "-"}, {"effect", ""}};
  struct text name = {0};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const char *value = tsv_value(file, tsv_field(file, parts[i].field));
    if (strcmp(value, parts[i].usual) == 0) continue;
    if (name.length) text_append_char(&name, ' ');
    text_append_string(&name, value);
  }
  const char *copy = arena_copy(&cells->arena, name.bytes, name.length);
  text_free(&name);
  return copy;
}

static struct cell read_cell(struct cells *cells, struct tsv *file) {
  static const char *const rates[RESULT_COUNT] = {"keep", "discard", "inconclusive"};
  struct cell cell = {
      .table = read_text(cells, file, "table"),
      .name = name_of(cells, file),
      .policy = read_policy(file),
      .order = read_order(file),
      .noise = read_noise(file),
      .cv = read_fraction(file, "cv"),
      .effect = read_fraction(file, "effect"),
      .published_experiments = read_experiments(file),
      .runs = read_published(cells, file, "runs"),
  };
  for (enum result result = 0; result < RESULT_COUNT; result++)
    cell.rates[result] = read_published(cells, file, rates[result]);
  return cell;
}

void cells_read(struct cells *cells, const char *path, const char *table) {
  struct tsv *file = tsv_open(path);
  while (tsv_row(file)) {
    if (table && strcmp(tsv_value(file, tsv_field(file, "table")), table) != 0) continue;
    grow(&cells->list, &cells->capacity, cells->count + 1, sizeof *cells->list);
    cells->list[cells->count++] = read_cell(cells, file);
  }
  tsv_close(file);
}

void cells_free(struct cells *cells) {
  for (size_t i = 0; i < cells->count; i++) free((void *)(uintptr_t)cells->list[i].policy.weights);
  free(cells->list);
  arena_free(&cells->arena);
}

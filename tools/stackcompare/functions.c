/* A row for each function: what each profile has of it, and how far the best one is from the others. */
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "fields.h"
#include "memory.h"
#include "table.h"

struct distinction {
  const struct stack *function;
  double rest;   /* the mean of all but the best */
  double weight; /* how far the best is from it */
};

static int compare_distinctions(const void *a, const void *b) {
  const struct distinction *left = a, *right = b;
  if (left->weight != right->weight) return left->weight > right->weight ? -1 : 1;
  return strcmp(left->function->bytes, right->function->bytes);
}

static bool is_enough_anywhere(const struct comparison *comparison, const uint64_t *values) {
  for (size_t i = 0; i < comparison->count; i++) {
    const struct profile *profile = &comparison->profiles[i];
    uint64_t value = values[profile->number];
    if (value > 0 && view_is_enough(&comparison->options->view, value, profile->total)) return true;
  }
  return false;
}

static struct distinction *distinctions_of(const struct comparison *comparison, size_t *count) {
  struct distinction *all = take_array(comparison->functions.count, sizeof *all);
  size_t best = comparison->profiles[0].number, position = 0;
  *count = 0;
  for (const struct stack *function; (function = stacks_next(&comparison->functions, &position));) {
    const uint64_t *values = columns_of(comparison, function->number);
    double sum = 0;
    for (size_t i = 0; i < comparison->count; i++) sum += i == best ? 0 : (double)values[i];
    double rest = sum / (double)(comparison->count - 1), own = (double)values[best];
    if (is_enough_anywhere(comparison, values))
      all[(*count)++] = (struct distinction){function, rest, rest > own ? rest - own : own - rest};
  }
  qsort(all, *count, sizeof *all, compare_distinctions);
  return all;
}

/* The nearest whole number; at most 2^63. */
static uint64_t rounded(double value) { return value < 0x1p63 ? (uint64_t)(value + 0.5) : (uint64_t)1 << 63; }

void write_functions(const struct comparison *comparison) {
  size_t count;
  struct fields fields = {0};
  fields_add(&fields, "rank", 0);
  fields_add(&fields, "function", 0);
  fields_add(&fields, "best_minus_rest", 0);
  fields_add(&fields, "rest_mean", 0);
  for (size_t i = 0; i < comparison->count; i++) fields_add(&fields, comparison->profiles[i].name, 0);
  struct table *table = table_begin(stdout, "assay.compare-functions", fields_names(&fields), fields.count, &comparison->options->view.table);
  table_fact_text(table, "best", comparison->profiles[0].name, true);
  table_fact_text(table, "value", comparison->options->by_cumulative ? "cumulative" : "self", true);
  struct distinction *all = distinctions_of(comparison, &count);
  size_t shown = view_shown(&comparison->options->view, count);
  for (size_t i = 0; i < shown; i++) {
    const uint64_t *values = columns_of(comparison, all[i].function->number);
    table_row(table, rounded(all[i].weight));
    table_count(table, i + 1);
    table_text(table, all[i].function->bytes, all[i].function->length);
    table_difference(table, rounded(all[i].rest), values[comparison->profiles[0].number]);
    table_count(table, rounded(all[i].rest));
    for (size_t j = 0; j < comparison->count; j++) table_count(table, values[comparison->profiles[j].number]);
  }
  if (shown < count) table_leave_out(table, count - shown, rounded(all[shown].weight));
  table_end(table);
  free(all);
  fields_free(&fields);
}

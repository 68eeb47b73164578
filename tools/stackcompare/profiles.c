/* A row for each profile: its total, its metrics, its greatest functions, and what it has more of than the best one. */
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "fields.h"
#include "memory.h"
#include "table.h"

struct centre {
  const char *name;
  uint64_t value;
};

static int compare_centres(const void *a, const void *b) {
  const struct centre *left = a, *right = b;
  if (left->value != right->value) return left->value > right->value ? -1 : 1;
  return strcmp(left->name, right->name);
}

/* All functions with what the profile has of them, or has more of than the best one; the greatest first. */
static void rank_functions(const struct comparison *comparison, struct centre *ranking, size_t number, bool beyond_best) {
  size_t best = comparison->profiles[0].number, position = 0;
  for (const struct stack *function; (function = stacks_next(&comparison->functions, &position));) {
    const uint64_t *values = columns_of(comparison, function->number);
    uint64_t less = beyond_best ? values[best] : 0;
    ranking[function->number] = (struct centre){function->bytes, values[number] > less ? values[number] - less : 0};
  }
  qsort(ranking, comparison->functions.count, sizeof *ranking, compare_centres);
}

static void write_centre(struct table *table, const struct centre *centre, bool is_there, uint64_t total) {
  if (!is_there || centre->value == 0) {
    table_missing(table);
    table_missing(table);
    return;
  }
  table_text(table, centre->name, strlen(centre->name));
  table_hundredths(table, percent_hundredths(centre->value, total));
}

static void write_metrics(struct table *table, const struct comparison *comparison, const struct profile *profile) {
  for (size_t i = 0; i < comparison->metrics.column_count; i++) {
    double value;
    if (metrics_value(&comparison->metrics, profile->metrics_row, i, &value)) table_decimal(table, value);
    else table_missing(table);
  }
}

/* A total in hundredths of the best's. */
static uint64_t times_best(uint64_t total, uint64_t best) {
  unsigned __int128 times = ((unsigned __int128)total * 200 + best) / ((unsigned __int128)best * 2);
  return times > UINT64_MAX ? UINT64_MAX : (uint64_t)times;
}

static void write_profile(struct table *table, const struct comparison *comparison, size_t rank, struct centre *ranking) {
  const struct options *options = comparison->options;
  const struct profile *profile = &comparison->profiles[rank], *best = &comparison->profiles[0];
  /* Of a budget, the first row is worth the most, since all others are measured by it. */
  table_row(table, comparison->count - rank);
  table_count(table, rank + 1);
  table_text(table, profile->name, strlen(profile->name));
  table_count(table, profile->total);
  table_hundredths(table, times_best(profile->total, best->total));
  write_metrics(table, comparison, profile);
  rank_functions(comparison, ranking, profile->number, false);
  for (size_t i = 0; i < options->centres; i++) {
    bool is_there = i < comparison->functions.count && view_is_enough(&options->view, ranking[i].value, profile->total);
    write_centre(table, is_there ? &ranking[i] : NULL, is_there, profile->total);
  }
  rank_functions(comparison, ranking, profile->number, true);
  write_centre(table, &ranking[0], rank > 0, profile->total);
}

void write_profiles(const struct comparison *comparison) {
  const struct options *options = comparison->options;
  struct fields fields = {0};
  fields_add(&fields, "rank", 0);
  fields_add(&fields, "profile", 0);
  fields_add(&fields, "total", 0);
  fields_add(&fields, "times_best", 0);
  for (size_t i = 0; i < comparison->metrics.column_count; i++)
    fields_add(&fields, comparison->metrics.names[i], 0);
  for (size_t i = 1; i <= options->centres; i++) {
    fields_add(&fields, "function", i);
    fields_add(&fields, "percent", i);
  }
  fields_add(&fields, "more_than_best", 0);
  fields_add(&fields, "more_percent", 0);
  struct table *table = table_begin(stdout, "assay.compare", fields_names(&fields), fields.count, &options->view.table);
  table_fact_text(table, "value", options->by_cumulative ? "cumulative" : "self", true);
  struct centre *ranking = take_array(comparison->functions.count, sizeof *ranking);
  size_t shown = view_shown(&options->view, comparison->count);
  for (size_t i = 0; i < shown; i++) write_profile(table, comparison, i, ranking);
  table_leave_out(table, comparison->count - shown, shown < comparison->count ? comparison->count - shown : 0);
  table_end(table);
  free(ranking);
  fields_free(&fields);
}

/* A row for each profile: its points in each metric, as a ranking of allocators over scenarios counts them. */
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "fields.h"
#include "memory.h"
#include "table.h"

/* The metrics are the first scenarios; the total of the profiles is the last. */
static double standing_in(const struct comparison *comparison, const struct profile *profile, size_t scenario) {
  if (scenario == comparison->metrics.column_count) return (double)profile->total;
  return metrics_standing(&comparison->metrics, profile->metrics_row, scenario);
}

/* How many profiles it is not worse than; none where it has no value, which stands as infinity. */
static uint64_t points_in(const struct comparison *comparison, const struct profile *profile, size_t scenario) {
  double own = standing_in(comparison, profile, scenario);
  uint64_t points = 0;
  if (own == METRICS_MISSING) return 0;
  for (size_t i = 0; i < comparison->count; i++) points += own <= standing_in(comparison, &comparison->profiles[i], scenario);
  return points;
}

struct score {
  const struct profile *profile;
  uint64_t *points; /* in each scenario */
  uint64_t sum;
};

static int compare_scores(const void *a, const void *b) {
  const struct score *left = a, *right = b;
  if (left->sum != right->sum) return left->sum > right->sum ? -1 : 1;
  return strcmp(left->profile->name, right->profile->name);
}

void write_points(const struct comparison *comparison) {
  size_t scenarios = comparison->metrics.column_count + has_profiles(comparison);
  struct fields fields = {0};
  fields_add(&fields, "rank", 0);
  fields_add(&fields, "profile", 0);
  fields_add(&fields, "points", 0);
  for (size_t i = 0; i < scenarios; i++)
    fields_add(&fields, i < comparison->metrics.column_count ? comparison->metrics.names[i] : "total", 0);
  struct score *scores = take_array(comparison->count, sizeof *scores);
  for (size_t i = 0; i < comparison->count; i++) {
    scores[i] = (struct score){.profile = &comparison->profiles[i], .points = take_array(scenarios, sizeof(uint64_t))};
    for (size_t j = 0; j < scenarios; j++) scores[i].sum += scores[i].points[j] = points_in(comparison, scores[i].profile, j);
  }
  qsort(scores, comparison->count, sizeof *scores, compare_scores);
  struct table *table = table_begin(stdout, "assay.compare-points", fields_names(&fields), fields.count, &comparison->options->view.table);
  table_fact_count(table, "most_points", comparison->count * scenarios, true);
  size_t shown = view_shown(&comparison->options->view, comparison->count);
  for (size_t i = 0; i < shown; i++) {
    table_row(table, scores[i].sum);
    table_count(table, i + 1);
    table_text(table, scores[i].profile->name, strlen(scores[i].profile->name));
    table_count(table, scores[i].sum);
    for (size_t j = 0; j < scenarios; j++) table_count(table, scores[i].points[j]);
  }
  if (shown < comparison->count) table_leave_out(table, comparison->count - shown, scores[shown].sum);
  table_end(table);
  for (size_t i = 0; i < comparison->count; i++) free(scores[i].points);
  free(scores);
  fields_free(&fields);
}

#include "advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "report.h"

static const double REQUESTS_MIN = 1000; /* so that 10 requests at least lie above a p99 */
static const double MARGIN_STEP = 0.05;

static void __attribute__((format(printf, 2, 3))) add(struct advice *advice, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&advice->lines[advice->count++], format, arguments) < 0) fail("out of memory");
  va_end(arguments);
}

static double least_value(const struct metric *metric) {
  double least = INFINITY;
  for (size_t i = 0; i < metric->count; i++) least = fmin(least, metric->samples[i].value);
  return least;
}

static double greatest_value(const struct metric *metric) {
  double greatest = -INFINITY;
  for (size_t i = 0; i < metric->count; i++) greatest = fmax(greatest, metric->samples[i].value);
  return greatest;
}

static void look_at_requests(struct advice *advice, const struct samples *samples, const struct metric *metric) {
  const struct metric *requests = samples_find(samples, "total_requests");
  if (!strstr(metric->name, "p99") || !requests || !requests->count) return;
  double least = least_value(requests);
  if (least < REQUESTS_MIN)
    add(advice, "a p99 of %.10g requests a run is one of the slowest few; it wants %.0f or more", least, REQUESTS_MIN);
}

static void look_at_groups(struct advice *advice, const struct noise *noise) {
  if (noise->bimodal)
    add(advice, "bimodal: the runs fall into two groups, near %.5g (%.0f %%) and near %.5g (%.0f %%); find what tells "
        "them apart", noise->low, 100 - 100 * noise->high_share, noise->high, 100 * noise->high_share);
}

static void look_at_drift(struct advice *advice, const struct noise *noise) {
  if (noise_drifts(noise))
    add(advice, "drift: %+.3g %% from the first run to the last (t %.3g); only arms of one block can be compared",
        100 * noise->drift, noise->drift_t);
}

/* That a metric is within a margin of less than two cv is seldom shown by a dozen runs, even where nothing changed. */
static void look_at_margin(struct advice *advice, const char *guard, double margin, double cv) {
  if (!(margin < 2 * cv)) return;
  double wanted = ceil(2 * cv / MARGIN_STEP - 1e-9) * MARGIN_STEP;
  add(advice, "guard %s is under two cv (cv %.3g %%): it cannot be proven; wants a margin of %.0f %% or more requests "
      "a run", guard, 100 * cv, 100 * wanted);
}

static void look_at_guard(struct advice *advice, const struct metric *metric, const struct noise *noise) {
  double limit;
  if (!metric->guard) return;
  if (*metric->guard == '+' && metric_percentage(metric->guard + 1, &limit))
    look_at_margin(advice, metric->guard, limit, noise->cv);
  else if (strncmp(metric->guard, "max=", 4) == 0 && metric_number(metric->guard + 4, &limit) &&
           greatest_value(metric) > limit)
    add(advice, "guard %s is broken by the unchanged code: %.6g in a run", metric->guard, greatest_value(metric));
}

static void look_at_equality(struct advice *advice, const struct metric *metric) {
  if (!metric->varies) return;
  if (strcmp(metric->role, "equal") == 0) add(advice, "must be equal in every run, and is not");
  else if (metric->deterministic) add(advice, "is declared deterministic, and differs between runs of the same code");
}

static void look_at_difference(struct advice *advice, const struct samples *samples, const struct noise *noise) {
  if (!noise_arms_differ(noise)) return;
  add(advice, "%s differs from %s by %+.3g %%, more than 3 standard errors (p %.2g), and both are the same code: "
      "something else tells them apart", samples->arms[1], samples->arms[0], 100 * noise->difference,
      noise->difference_p);
}

static void look_at_failures(struct advice *advice, const struct metric *metric) {
  if (metric->failed) add(advice, "runs that failed and are left out: %zu", metric->failed);
}

struct advice advise(const struct samples *samples, const struct metric *metric, const struct noise *noise) {
  struct advice advice = {0};
  look_at_equality(&advice, metric);
  look_at_difference(&advice, samples, noise);
  look_at_failures(&advice, metric);
  look_at_requests(&advice, samples, metric);
  look_at_guard(&advice, metric, noise);
  look_at_groups(&advice, noise);
  look_at_drift(&advice, noise);
  return advice;
}

void advice_free(struct advice *advice) {
  for (size_t i = 0; i < advice->count; i++) free(advice->lines[i]);
}

#include "printout.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "page.h"
#include "plot.h"

enum { NAME_COLUMNS_MIN = 10, OTHER_COLUMNS = 24, ARM_COLUMNS = 12, UNIT_COLUMNS = 8, OTHERS_MAX = 12 };

static const char *arm_name(struct page *page, const struct printout *printout, enum arm arm) {
  const char *name = printout->samples->arm_names[arm];
  return name ? page_fit(page, name, ARM_COLUMNS) : "the other arm";
}

/* " MB", or nothing where the unit is not known. */
static const char *unit_of(struct page *page, const struct printout *printout, size_t metric) {
  const char *unit = printout->samples->units[metric];
  return strcmp(unit, "-") == 0 ? "" : page_format(page, " %s", page_fit(page, unit, UNIT_COLUMNS));
}

/* An amount of the primary as a share of the base arm's mean, or in its unit where that is 0. */
static const char *share_of(struct page *page, const struct printout *printout, double amount) {
  double mean = printout->findings[0].statistics.arms[BASE].mean;
  if (fabs(mean) > 0) return page_format(page, "%.4g %%", 100 * amount / fabs(mean));
  return page_format(page, "%.7g%s", amount, unit_of(page, printout, 0));
}

static const char *describe_runs(struct page *page, const struct printout *printout, enum arm arm) {
  size_t runs = 0, failed = printout->findings[0].statistics.failed[arm];
  for (size_t i = 0; i < printout->samples->run_count; i++) runs += printout->samples->runs[i].arm == arm;
  return page_format(page, "%zu of %zu runs of %s failed", failed, runs, arm_name(page, printout, arm));
}

static const char *explain(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->findings[0];
  const struct arm_summary *base = &primary->statistics.arms[BASE];
  double improvement = improvement_of_mean(primary->question, &primary->statistics);
  const char *a = arm_name(page, printout, BASE), *b = arm_name(page, printout, CHANGED);
  const char *share = share_of(page, printout, fabs(improvement));
  switch (primary->judgement.reason) {
    case REASON_IMPROVED: return page_format(page, "%s better, by more than one sd; no overlap", share);
    case REASON_NO_IMPROVEMENT: return page_format(page, "not better%s%s%s", improvement < 0 ? " (" : "",
                                                   improvement < 0 ? share : "", improvement < 0 ? " worse)" : "");
    case REASON_WITHIN_ONE_SD:
      return page_format(page, "%s better, within one sd (%s)", share, share_of(page, printout, base->sd));
    case REASON_OVERLAP: return page_format(page, "%s better, but the ranges overlap", share);
    case REASON_BELOW_MEI:
      return page_format(page, "%s better, less than the %.4g %% asked for", share, 100 * printout->minimum_effect);
    case REASON_WORSE: return page_format(page, "%s worse, by more than one sd; no overlap", share);
    case REASON_FAILURES: return describe_runs(page, printout, CHANGED);
    case REASON_ENVIRONMENT: return describe_runs(page, printout, BASE);
    default:
      return page_format(page, "%zu runs of %s and %zu of %s; %d of each are needed", base->count, a,
                         primary->statistics.arms[CHANGED].count, b, RUNS_MIN);
  }
}

static void print_arm(struct page *page, const struct printout *printout, enum arm arm) {
  const struct arm_summary *summary = &printout->findings[0].statistics.arms[arm];
  const double values[] = {summary->mean, summary->sd, summary->minimum, summary->median, summary->maximum};
  struct text cells = {0};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    text_append_string(&cells, isfinite(values[i]) ? page_format(page, " %12.7g", values[i]) : "           NA");
  page_line(page, "%-9s %4zu%s", page_fit(page, arm_name(page, printout, arm), 9), summary->count, cells.bytes);
  text_free(&cells);
}

static void print_difference(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->findings[0];
  const struct statistics *statistics = &primary->statistics;
  double improvement = improvement_of_mean(primary->question, statistics);
  double gap = gap_of_ranges(primary->question, statistics), sd = statistics->arms[BASE].sd;
  if (!isfinite(improvement)) return;
  const char *in_sds = sd > 0 ? page_format(page, " = %.4g sd of %s", fabs(improvement) / sd,
                                            arm_name(page, printout, BASE))
                              : "";
  const char *ranges = fabs(gap) > 0 ? page_format(page, "ranges lie %.7g apart", fabs(gap)) : "ranges overlap";
  page_line(page, "mean %s by %.7g%s; %s", improvement < 0 ? "worse" : "better", fabs(improvement), in_sds, ranges);
}

static void print_effect(struct page *page, const struct effect *effect) {
  if (!isfinite(effect->estimate)) return;
  const char *interval = isfinite(effect->level)
                             ? page_format(page, ", %.4g %% interval %+.4g to %+.4g %%", 100 * effect->level,
                                           100 * effect->low, 100 * effect->high)
                             : "";
  page_line(page, "improvement %+.4g %%%s", 100 * effect->estimate, interval);
  page_line(page, "p %.4g: %.0f of %.0f%s labellings of the runs are at least as good", effect->p,
            effect->as_extreme, effect->labellings, effect->drawn ? " drawn" : "");
}

/* What the reason of a metric other than the primary rests on, or NULL where it says all. */
static const char *facts_of(struct page *page, const struct printout *printout, size_t index) {
  const struct finding *finding = &printout->findings[index];
  const struct arm_summary *base = &finding->statistics.arms[BASE], *changed = &finding->statistics.arms[CHANGED];
  const char *unit = unit_of(page, printout, index);
  if (!base->count || !changed->count) return NULL;
  if (finding->question->role == ROLE_GUARD)
    return page_format(page, "%.5g, was %.5g%s, limit %.5g", changed->mean, base->mean, unit,
                       limit_of_guard(finding->question, &finding->statistics));
  if (finding->question->role == ROLE_CONTROL)
    return page_format(page, "%.5g, was %.5g%s, p %.4g", changed->mean, base->mean, unit,
                       finding->statistics.effect.p);
  if (finding->judgement.reason != REASON_CORRECTNESS) return NULL;
  return page_format(page, "%.10g to %.10g, was %.10g to %.10g", changed->minimum, changed->maximum, base->minimum,
                     base->maximum);
}

static void print_other(struct page *page, const struct printout *printout, size_t index) {
  const struct finding *finding = &printout->findings[index];
  const char *facts = facts_of(page, printout, index);
  page_line(page, "%s %s %s: %s%s%s", verdict_name(finding->judgement.verdict), role_name(finding->question->role),
            page_fit(page, finding->question->metric, OTHER_COLUMNS), reason_name(finding->judgement.reason),
            facts ? "; " : "", facts ? facts : "");
}

/* Those that did not pass come first, so that none of them is lost when there are many. */
static void print_others(struct page *page, const struct printout *printout) {
  size_t printed = 0;
  if (printout->count > 1) page_line(page, "%s", "");
  for (int passed = 0; passed <= 1; passed++)
    for (size_t i = 1; i < printout->count; i++) {
      if ((printout->findings[i].judgement.verdict == VERDICT_PASS) != passed || printed == OTHERS_MAX) continue;
      print_other(page, printout, i);
      printed++;
    }
  if (printed < printout->count - 1) page_line(page, "and %zu more", printout->count - 1 - printed);
}

static void print_order(struct page *page, const struct printout *printout) {
  const struct design *design = printout->design;
  const char *shape = page_format(page, "%zu block%s of %zu + %zu", design->block_count,
                                  design->block_count == 1 ? "" : "s", design->runs_each, design->runs_each);
  if (design_is_confounded(design) && !reason_compares(printout->findings[0].judgement.reason)) {
    page_line(page, "order: no complete block");
    return;
  }
  switch (design->kind) {
    case DESIGN_PLANNED: page_line(page, "order: %s, as planned by seed %lu", shape, printout->seed); break;
    case DESIGN_BLOCKED:
      if (printout->seed) page_line(page, "order: %s, not the plan of seed %lu", shape, printout->seed);
      else page_line(page, "order: %s; not checked against a plan (--seed)", shape);
      break;
    case DESIGN_SEQUENTIAL:
      page_line(page, "order: one arm after the other (confounded-order): a drift of the machine in");
      page_line(page, "  the meantime would look the same as this effect");
      break;
    case DESIGN_PAIRS: page_line(page, "order: %zu pairs; which run of a pair was first is not known",
                                 design->block_count); break;
    default:
      page_line(page, "order: no blocks of as many runs of each arm (confounded-order): a disturbance");
      page_line(page, "  in the course of time may look the same as this effect");
  }
  if (design->unused_runs)
    page_line(page, "the last block is incomplete: its %zu run%s %s left out", design->unused_runs,
              design->unused_runs == 1 ? "" : "s", design->unused_runs == 1 ? "is" : "are");
}

/* The decision and its reason, with as much of the metric's name as there is room for. */
static void print_decision(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->findings[0];
  const char *verdict = verdict_name(primary->judgement.verdict), *reason = explain(page, printout);
  size_t taken = strlen(verdict) + strlen(reason) + strlen(" : ");
  size_t columns = taken + NAME_COLUMNS_MIN < PAGE_COLUMNS ? PAGE_COLUMNS - taken : NAME_COLUMNS_MIN;
  page_line(page, "%s %s: %s", verdict, page_fit(page, primary->question->metric, columns), reason);
}

void printout_print(const struct printout *printout) {
  struct page page = {0};
  const struct finding *primary = &printout->findings[0];
  const char *unit = unit_of(&page, printout, 0);
  print_decision(&page, printout);
  page_line(&page, "%s", "");
  page_line(&page, "%-9s %4s %12s %12s %12s %12s %12s", "arm", "n", "mean", "sample sd", "min", "median", "max");
  print_arm(&page, printout, BASE);
  print_arm(&page, printout, CHANGED);
  print_difference(&page, printout);
  print_effect(&page, &primary->statistics.effect);
  print_others(&page, printout);
  page_line(&page, "%s", "");
  page_line(&page, "%s is better%s", direction_name(primary->question->direction),
            *unit ? page_format(&page, "; unit%s", unit) : "");
  if (primary->judgement.alpha > 0)
    page_line(&page, "rule seed: without any effect or drift it keeps 1 of %.10g such experiments",
              1 / primary->judgement.alpha);
  print_order(&page, printout);
  page_line(&page, "%s", "");
  plot_runs(&page, printout->samples, printout->design, printout->samples->values);
  page_print(&page);
}

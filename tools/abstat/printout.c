#include "printout.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "page.h"
#include "plot.h"

/* A comparison that is told. */
struct printout {
  const struct samples *samples;
  const struct design *design; /* of all runs */
  const struct decision *decision;
  const struct policy *policy;
  unsigned long seed; /* of the plan; 0 when none was given */
};

enum { NAME_COLUMNS = 24, OTHER_COLUMNS = 24, ARM_COLUMNS = 12, UNIT_COLUMNS = 8, OTHERS_MAX = 8 };

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
  double mean = printout->decision->findings[0].statistics.arms[BASE].mean;
  if (fabs(mean) > 0) return page_format(page, "%.4g %%", 100 * amount / fabs(mean));
  return page_format(page, "%.7g%s", amount, unit_of(page, printout, 0));
}

static const char *describe_runs(struct page *page, const struct printout *printout, enum arm arm) {
  size_t runs = 0, failed = printout->decision->findings[0].statistics.failed[arm];
  for (size_t i = 0; i < printout->samples->run_count; i++) runs += printout->samples->runs[i].arm == arm;
  return page_format(page, "%zu of %zu runs of %s failed", failed, runs, arm_name(page, printout, arm));
}

/* "2.1 % better", by the estimate of the test, or by the means where it has none. */
static const char *describe_effect(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  double estimate = primary->statistics.effect.estimate;
  if (printout->policy->rule == RULE_SEED || !isfinite(estimate)) {
    double improvement = improvement_of_mean(primary->question, &primary->statistics);
    return page_format(page, "%s %s", share_of(page, printout, fabs(improvement)), improvement < 0 ? "worse" : "better");
  }
  return page_format(page, "%.3g %% %s", 100 * fabs(estimate), estimate < 0 ? "worse" : "better");
}

static const char *describe_p(struct page *page, const struct finding *finding) {
  return page_format(page, "p %.3g", finding->statistics.effect.p);
}

static const char *explain_seed(struct page *page, const struct printout *printout, const char *effect) {
  const struct finding *primary = &printout->decision->findings[0];
  double improvement = improvement_of_mean(primary->question, &primary->statistics);
  switch (primary->judgement.reason) {
    case REASON_IMPROVED: return page_format(page, "%s, by more than one sd; no overlap", effect);
    case REASON_WITHIN_ONE_SD:
      return page_format(page, "%s, within one sd (%s)", effect,
                         share_of(page, printout, primary->statistics.arms[BASE].sd));
    case REASON_OVERLAP: return page_format(page, "%s, but the ranges overlap", effect);
    case REASON_WORSE: return page_format(page, "%s, by more than one sd; no overlap", effect);
    default: return improvement < 0 ? page_format(page, "not better (%s)", effect) : "not better";
  }
}

/* The blocked rule discards by a bound; the seed rule by the estimate itself. */
static const char *explain_below(struct page *page, const struct printout *printout, const char *effect) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct effect *numbers = &primary->statistics.effect;
  const char *asked = isnan(printout->policy->minimum_absolute)
                          ? page_format(page, "%.4g %%", 100 * printout->policy->minimum_effect)
                          : page_format(page, "%.6g%s", printout->policy->minimum_absolute, unit_of(page, printout, 0));
  if (printout->policy->rule == RULE_SEED || primary->question->deterministic)
    return page_format(page, "%s, less than the %s asked for", effect, asked);
  double bound = upper_bound(numbers, primary->statistics.arms, printout->policy->futility);
  if (numbers->logarithmic) bound = primary->question->direction == LOWER_IS_BETTER ? -expm1(-bound) : expm1(bound);
  return page_format(page, "%s; at most %.3g %% better (%.4g %% bound), %s asked for", effect, 100 * bound,
                     100 * printout->policy->futility, asked);
}

/* Why the primary has its verdict. */
static const char *explain_primary(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct arm_summary *arms = primary->statistics.arms;
  const char *effect = describe_effect(page, printout);
  double needed = primary->judgement.runs_needed;
  switch (primary->judgement.reason) {
    case REASON_FAILURES: return describe_runs(page, printout, CHANGED);
    case REASON_ENVIRONMENT: return describe_runs(page, printout, BASE);
    case REASON_TOO_FEW_RUNS:
      return page_format(page, "%zu runs of %s, %zu of %s; %.0f of each needed", arms[BASE].count,
                         arm_name(page, printout, BASE), arms[CHANGED].count, arm_name(page, printout, CHANGED), needed);
    case REASON_BELOW_MEI: return explain_below(page, printout, effect);
    case REASON_EXACT: return page_format(page, "%s, exactly", effect);
    case REASON_NO_CHANGE: return "no change, exactly";
    case REASON_CONFIRMED: return page_format(page, "%s again, %s", effect, describe_p(page, primary));
    case REASON_NOT_CONFIRMED: return page_format(page, "not confirmed: %s, %s", effect, describe_p(page, primary));
    case REASON_MORE_DATA:
      return page_format(page, "%s, %s; %.0f more block%s", effect, describe_p(page, primary),
                         primary->judgement.next, primary->judgement.next > 1 ? "s" : "");
    case REASON_SCREENED:
      return page_format(page, "%s, %s: too little to go on for", effect, describe_p(page, primary));
    case REASON_UNDERPOWERED:
      return isnan(needed) ? page_format(page, "%s, %s", effect, describe_p(page, primary))
                           : page_format(page, "%s, %s; needs %.0f runs each", effect,
                                         describe_p(page, primary), needed);
    case REASON_SIGNS_DIFFER: return page_format(page, "%s here, and not better at another scale", effect);
    case REASON_CONFOUNDED_ORDER: return page_format(page, "%s, but the order was not random", effect);
    default: break;
  }
  if (printout->policy->rule == RULE_SEED) return explain_seed(page, printout, effect);
  return page_format(page, "%s, %s", effect, describe_p(page, primary));
}

/* Why the decision is what it is: the primary's own reason, or the metric that stands above it. */
static const char *explain(struct page *page, const struct printout *printout) {
  const struct finding *because = printout->decision->because;
  if (because == &printout->decision->findings[0]) return explain_primary(page, printout);
  const char *metric = page_fit(page, because->question->metric, OTHER_COLUMNS);
  switch (because->judgement.reason) {
    case REASON_BEYOND_LIMIT: return page_format(page, "the guard %s got worse than its limit", metric);
    case REASON_CORRECTNESS: return page_format(page, "%s is not the same in every run", metric);
    case REASON_ENVIRONMENT: return page_format(page, "the control %s moved", metric);
    default: return page_format(page, "the guard %s is %s", metric, reason_name(because->judgement.reason));
  }
}

static void print_arm(struct page *page, const struct printout *printout, enum arm arm) {
  const struct arm_summary *summary = &printout->decision->findings[0].statistics.arms[arm];
  const double values[] = {summary->mean, summary->sd, summary->minimum, summary->median, summary->maximum};
  struct text cells = {0};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    text_append_string(&cells, isfinite(values[i]) ? page_format(page, " %12.7g", values[i]) : "           NA");
  page_line(page, "%-9s %4zu%s", page_fit(page, arm_name(page, printout, arm), 9), summary->count, cells.bytes);
  text_free(&cells);
}

static void print_difference(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct statistics *statistics = &primary->statistics;
  double improvement = improvement_of_mean(primary->question, statistics);
  double gap = gap_of_ranges(primary->question, statistics), sd = statistics->arms[BASE].sd;
  if (!isfinite(improvement)) return;
  const char *in_sds = sd > 0 ? page_format(page, " = %.4g sd of %s", fabs(improvement) / sd,
                                            arm_name(page, printout, BASE))
                              : "";
  const char *ranges = fabs(gap) > 0 ? page_format(page, "ranges lie %.7g apart", fabs(gap)) : "ranges overlap";
  page_line(page, "arithmetic mean %s by %.7g%s; %s", improvement < 0 ? "worse" : "better", fabs(improvement), in_sds, ranges);
}

static void print_effect(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct effect *effect = &primary->statistics.effect;
  if (!isfinite(effect->estimate)) return;
  const char *interval = isfinite(effect->level)
                             ? page_format(page, ", %.4g %% interval %+.4g to %+.4g %%", 100 * effect->level,
                                           100 * effect->low, 100 * effect->high)
                             : "";
  page_line(page, "improvement %+.4g %%%s%s", 100 * effect->estimate, interval,
            effect->logarithmic ? " (geometric means)" : "");
  if (primary->judgement.reason == REASON_EXACT || primary->judgement.reason == REASON_NO_CHANGE) return;
  const char *threshold = "";
  if (printout->policy->rule == RULE_BLOCKED && !(primary->judgement.alpha > 0)) threshold = "; no KEEP at this look";
  else if (printout->policy->rule == RULE_BLOCKED)
    threshold = page_format(page, "; KEEP needs %.4g", primary->judgement.alpha);
  if (effect->normal) page_line(page, "p %.4g: by the normal limit of all labellings%s", effect->p, threshold);
  else page_line(page, "p %.4g: %.0f of %.0f%s labellings are at least as good%s", effect->p, effect->as_extreme,
            effect->labellings, effect->drawn ? " drawn" : "", threshold);
  if (isfinite(effect->cv))
    page_line(page, "one run varies by %.3g %% (sd within blocks and arms)", 100 * effect->cv);
}

/* What does not change the verdict, and its reader should know. */
static void print_notes(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct effect *effect = &primary->statistics.effect;
  if (!isfinite(effect->score_sd)) return;
  double mean = primary->statistics.arms[BASE].mean, span = effect->drift * (double)printout->decision->design.used_runs;
  if (primary->question->deterministic && !primary->statistics.constant)
    page_line(page, "note: declared deterministic, and it varies: decided as any other");
  else if (!primary->question->deterministic && primary->statistics.constant)
    page_line(page, "note: looks deterministic; declared so (--deterministic) fewer runs decide");
  else if (effect->resolution > effect->score_sd * (effect->logarithmic ? fabs(mean) : effect->unit))
    page_line(page, "note: its values are %.4g apart, more than they vary: a finer metric tells more",
              effect->resolution);
  if (fabs(span) > 2 * effect->score_sd)
    page_line(page, "note: within blocks the runs drift by %+.2g %% from the first to the last", 100 * span);
  if (effect->autocorrelation > 0.5)
    page_line(page, "note: neighbouring runs are alike (lag-1 autocorrelation %.2f)", effect->autocorrelation);
}

/* What the reason of a metric other than the primary rests on, or NULL where it says all. */
static const char *facts_of(struct page *page, const struct printout *printout, size_t index) {
  const struct finding *finding = &printout->decision->findings[index];
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
  const struct finding *finding = &printout->decision->findings[index];
  const char *facts = facts_of(page, printout, index);
  page_line(page, "%s %s %s: %s%s%s", verdict_name(finding->judgement.verdict), role_name(finding->question->role),
            page_fit(page, finding->question->metric, OTHER_COLUMNS), reason_name(finding->judgement.reason),
            facts ? "; " : "", facts ? facts : "");
}

/* Those that did not pass come first, so that none of them is lost when there are many. */
static void print_others(struct page *page, const struct printout *printout) {
  size_t printed = 0;
  if (printout->decision->count > 1) page_line(page, "%s", "");
  for (int passed = 0; passed <= 1; passed++)
    for (size_t i = 1; i < printout->decision->count; i++) {
      if ((printout->decision->findings[i].judgement.verdict == VERDICT_PASS) != passed || printed == OTHERS_MAX) continue;
      print_other(page, printout, i);
      printed++;
    }
  if (printed < printout->decision->count - 1) page_line(page, "and %zu more", printout->decision->count - 1 - printed);
}

static void print_order(struct page *page, const struct printout *printout) {
  const struct design *design = &printout->decision->design;
  const char *shape = page_format(page, "%zu block%s of %zu + %zu", design->block_count,
                                  design->block_count == 1 ? "" : "s", design->runs_each, design->runs_each);
  if (design_is_confounded(design) && !reason_compares(printout->decision->findings[0].judgement.reason)) {
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

/* The decision and its reason, and what the other rule says. */
static void print_decision(struct page *page, const struct printout *printout) {
  const struct question *question = printout->decision->findings[0].question;
  const char *verdict = verdict_name(printout->decision->verdict), *reason = explain(page, printout);
  const char *rule = printout->policy->rule == RULE_SEED ? "blocked" : "seed";
  const char *other = page_format(page, " (%s: %s)", rule, verdict_name(printout->decision->other_verdict));
  page_wrap(page, page_format(page, "%s%s %s: %s", verdict, other, page_fit(page, question->metric, NAME_COLUMNS), reason));
}

static void print_rule(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct look *look = &printout->decision->look;
  if (printout->policy->rule == RULE_SEED) {
    if (primary->judgement.alpha > 0)
      page_line(page, "rule seed: without any effect or drift it keeps 1 of %.10g such experiments",
                1 / primary->judgement.alpha);
    return;
  }
  if (printout->policy->confirm) page_line(page, "rule blocked, confirmation on fresh data");
  else
    page_line(page, "rule blocked: block %zu of at most %zu; false KEEPs: at most %.2g %%", look->number,
              look->last, 100 * printout->policy->alpha);
  if (printout->decision->earlier)
    page_line(page, "decided after block %zu, which stands: later blocks are not used", look->number);
  if (printout->policy->guard_open_passes)
    page_line(page, "guards that are not shown to be worse than their limit pass (--guard-mode)");
}

static struct printout printout_of(const struct comparison *comparison, const struct options *options) {
  return (struct printout){&comparison->pair, &comparison->design, &comparison->decision, &options->policy,
                           options->seed};
}

static void print_one(struct page *page, const struct printout *printout) {
  const struct finding *primary = &printout->decision->findings[0];
  const char *unit = unit_of(page, printout, 0);
  page_line(page, "%-9s %4s %12s %12s %12s %12s %12s", "arm", "n", "mean", "sample sd", "min", "median", "max");
  print_arm(page, printout, BASE);
  print_arm(page, printout, CHANGED);
  print_difference(page, printout);
  print_effect(page, printout);
  print_others(page, printout);
  page_line(page, "%s", "");
  page_line(page, "%s is better%s", direction_name(primary->question->direction),
            *unit ? page_format(page, "; unit%s", unit) : "");
  print_rule(page, printout);
  print_order(page, printout);
  print_notes(page, printout);
}

/* "+1.6 % (-0.4 to +3.1)" of the primary. */
static const char *interval_of(struct page *page, const struct effect *effect) {
  if (!isfinite(effect->estimate)) return "NA";
  if (!isfinite(effect->level)) return page_format(page, "%+.3g %%", 100 * effect->estimate);
  return page_format(page, "%+.3g %% (%+.3g to %+.3g)", 100 * effect->estimate, 100 * effect->low, 100 * effect->high);
}

static void print_table_row(struct page *page, const struct printout *printout, const char *name, bool is_base) {
  const struct finding *primary = &printout->decision->findings[0];
  const struct arm_summary *arm = &primary->statistics.arms[is_base ? BASE : CHANGED];
  const char *mean = page_format(page, "%.5g +- %.3g", arm->mean, arm->sd);
  if (is_base) page_line(page, "%-12s %3zu %20s", page_fit(page, name, 12), arm->count, mean);
  else
    page_line(page, "%-12s %3zu %20s %25s %s", page_fit(page, name, 12), arm->count, mean,
              interval_of(page, &primary->statistics.effect), verdict_name(printout->decision->verdict));
}

/* Why a variant has its verdict, in the words of its own report. */
static void print_reasons(struct page *page, const struct comparisons *comparisons, const struct options *options) {
  for (size_t i = 0; i < comparisons->count && page->line_count < PAGE_LINES - 4; i++) {
    struct printout printout = printout_of(&comparisons->list[i], options);
    const char *scale = comparisons->list[i].scale;
    page_line(page, "%s%s%s: %s", arm_name(page, &printout, CHANGED), scale ? ", " : "",
              scale ? page_fit(page, scale, OTHER_COLUMNS) : "", explain(page, &printout));
  }
}

/* Of several: KEEP where any is kept by the other rule. */
static enum verdict other_verdict(const struct comparisons *comparisons) {
  enum verdict verdict = comparisons->list[0].decision.other_verdict;
  for (size_t i = 0; i < comparisons->count; i++)
    if (comparisons->list[i].decision.other_verdict == VERDICT_KEEP) verdict = VERDICT_KEEP;
  return verdict;
}

static void print_several(struct page *page, const struct comparisons *comparisons, const struct options *options) {
  struct printout first = printout_of(&comparisons->list[0], options);
  const struct question *question = first.decision->findings[0].question;
  const char *unit = unit_of(page, &first, 0), *scale = NULL;
  page_line(page, "%s (%s: %s) %s: %zu comparisons with %s", verdict_name(comparisons_verdict(comparisons)),
            options->policy.rule == RULE_SEED ? "blocked" : "seed", verdict_name(other_verdict(comparisons)),
            page_fit(page, question->metric, OTHER_COLUMNS), comparisons->count, arm_name(page, &first, BASE));
  page_line(page, "%s", "");
  page_line(page, "%-12s %3s %20s %25s %s", "arm", "n", "mean +- sample sd", "improvement (interval)", "verdict");
  for (size_t i = 0; i < comparisons->count && page->line_count < PAGE_LINES / 2; i++) {
    struct printout printout = printout_of(&comparisons->list[i], options);
    if (i == 0 || comparisons->list[i].scale != scale) {
      scale = comparisons->list[i].scale;
      if (scale) page_line(page, "%s", page_fit(page, scale, PAGE_COLUMNS));
      print_table_row(page, &printout, arm_name(page, &printout, BASE), true);
    }
    print_table_row(page, &printout, arm_name(page, &printout, CHANGED), false);
  }
  page_line(page, "%s", "");
  print_reasons(page, comparisons, options);
  page_line(page, "%s", "");
  page_line(page, "%s is better%s", direction_name(question->direction),
            *unit ? page_format(page, "; unit%s", unit) : "");
  if (options->policy.rule == RULE_BLOCKED)
    page_line(page, "rule blocked; variants share the %.2g %% of false KEEPs (Holm)", 100 * options->policy.alpha);
}

void printout_print(const struct comparisons *comparisons, const struct options *options) {
  struct page page = {0};
  if (comparisons->count > 1) print_several(&page, comparisons, options);
  else {
    struct printout printout = printout_of(&comparisons->list[0], options);
    print_decision(&page, &printout);
    page_line(&page, "%s", "");
    print_one(&page, &printout);
    page_line(&page, "%s", "");
    plot_runs(&page, printout.samples, printout.design, printout.samples->values);
  }
  page_print(&page);
}

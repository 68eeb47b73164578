/* abstat: decides whether a change is an improvement, from the samples of a base arm and others.
 *
 * In: samples.tsv (`block order run arm metric value unit role status`), and what is asked of which metric. Out: one
 * row a metric with its verdict, the reason, the statistics of both arms, the effect, its interval and p value, as TSV,
 * JSON, or a report for people. */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>

#include "abstat/blocked.h"
#include "abstat/comparison.h"
#include "abstat/options.h"
#include "abstat/printout.h"
#include "abstat/samples.h"
#include "abstat/table.h"
#include "memory.h"
#include "report.h"

enum { EXIT_KEEP = 0, EXIT_DISCARD = 3, EXIT_INCONCLUSIVE = 4 };

/* All samples of one experiment at one scale. */
static void read_samples(struct samples *samples, const struct options *options, char *const *paths, size_t count) {
  const struct questions *questions = &options->questions;
  const char **metrics = take_array(questions->count, sizeof *metrics);
  for (size_t i = 0; i < questions->count; i++) metrics[i] = questions->list[i].metric;
  const struct source source = {paths, count, options->format, options->policy.runs_each, options->base};
  samples_gather(samples, &source, metrics, questions->count);
  free(metrics);
}

static void warn(const struct comparison *comparison) {
  const struct design *design = &comparison->design;
  if (design_is_confounded(design) && reason_compares(comparison->decision.findings[0].judgement.reason))
    report_warning("confounded-order: the order of the runs is %s; a disturbance in the course of time may look like "
                   "an effect (run the arms in the order that abplan prints)",
                   design_name(design->kind));
  if (design->unused_runs)
    report_warning("%zu of %zu runs are left out: the last block is incomplete", design->unused_runs,
                   comparison->pair.run_count);
}

static void print_rows(const struct comparisons *comparisons, bool json) {
  size_t metrics = comparisons->list[0].decision.count, count = 0;
  struct table_row *rows = take_array(product_of(comparisons->count, metrics), sizeof *rows);
  for (size_t i = 0; i < comparisons->count; i++) {
    const struct comparison *comparison = &comparisons->list[i];
    for (size_t metric = 0; metric < metrics; metric++)
      rows[count++] = (struct table_row){&comparison->decision.findings[metric], &comparison->decision.design,
                                         comparison->pair.arm_names[CHANGED], comparison->scale};
  }
  if (json) table_print_json(rows, count);
  else table_print_tsv(rows, count);
  free(rows);
}

static int exit_status(enum verdict verdict) {
  if (verdict == VERDICT_KEEP) return EXIT_KEEP;
  return verdict == VERDICT_DISCARD ? EXIT_DISCARD : EXIT_INCONCLUSIVE;
}

int main(int count, char **arguments) {
  report_tool("abstat");
  gsl_set_error_handler_off();
  struct options options = options_read(count, arguments);
  char *const *paths = arguments + optind;
  size_t path_count = (size_t)(count - optind), scale_count = options.scales ? path_count : 1;
  if (options.scales && path_count < 2) fail_usage("--scales compares files; at least two are expected");

  struct samples *samples = take_array(scale_count, sizeof *samples);
  struct comparisons comparisons = {0};
  for (size_t i = 0; i < scale_count; i++) {
    if (options.scales) read_samples(&samples[i], &options, paths + i, 1);
    else read_samples(&samples[i], &options, paths, path_count);
    comparisons_add(&comparisons, &samples[i], &options, options.scales ? paths[i] : NULL);
  }
  const struct policy *policy = &options.policy;
  if (policy->rule == RULE_BLOCKED && !policy->confirm && !blocked_can_keep(policy))
    report_warning("%zu block%s of %zu + %zu cannot keep anything at alpha %.4g: p is never as small; give --max-blocks or "
                   "--alpha a larger number", policy->max_blocks, policy->max_blocks == 1 ? "" : "s", policy->runs_each,
                   policy->runs_each, policy->alpha);
  if (options.scales) comparisons_reconcile(&comparisons);
  for (size_t i = 0; i < comparisons.count; i++) warn(&comparisons.list[i]);
  if (options.report) printout_print(&comparisons, &options);
  else print_rows(&comparisons, options.json);

  int status = options.exit_code ? exit_status(comparisons_verdict(&comparisons)) : 0;
  comparisons_free(&comparisons);
  for (size_t i = 0; i < scale_count; i++) samples_free(&samples[i]);
  free(samples);
  options_free(&options);
  close_output();
  return status;
}

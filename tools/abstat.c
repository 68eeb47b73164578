/* abstat: decides whether a change is an improvement, from the samples of a base arm and others.
 *
 * In: samples.tsv (`block order run arm metric value unit role status`), and what is asked of which metric. Out: one
 * row a metric with its verdict, the reason, the statistics of both arms, the effect, its interval and p value, as TSV,
 * JSON, or a report for people. */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>

#include "abstat/decision.h"
#include "abstat/design.h"
#include "abstat/options.h"
#include "abstat/printout.h"
#include "abstat/samples.h"
#include "abstat/table.h"
#include "memory.h"
#include "report.h"

enum { EXIT_KEEP = 0, EXIT_DISCARD = 3, EXIT_INCONCLUSIVE = 4 };

static void read_samples(struct samples *samples, const struct questions *questions, const char *base, char **files,
                         size_t file_count) {
  const char **metrics = take_array(questions->count, sizeof *metrics);
  for (size_t i = 0; i < questions->count; i++) metrics[i] = questions->list[i].metric;
  samples_read(samples, files, file_count, metrics, questions->count, base);
  free(metrics);
}

static void warn(const struct samples *samples, const struct design *design, const struct decision *decision) {
  if (design_is_confounded(design) && reason_compares(decision->findings[0].judgement.reason))
    report_warning("confounded-order: the order of the runs is %s; a disturbance in the course of time may look like "
                   "an effect (run the arms in the order that abplan prints)",
                   design_name(design->kind));
  if (design->unused_runs)
    report_warning("%zu of %zu runs are left out: the last block is incomplete", design->unused_runs,
                   samples->run_count);
}

static int exit_status(enum verdict verdict) {
  if (verdict == VERDICT_KEEP) return EXIT_KEEP;
  return verdict == VERDICT_DISCARD ? EXIT_DISCARD : EXIT_INCONCLUSIVE;
}

static void print_rows(const struct samples *samples, const struct decision *decision, bool json) {
  struct table_row *rows = take_array(decision->count, sizeof *rows);
  for (size_t i = 0; i < decision->count; i++)
    rows[i] = (struct table_row){&decision->findings[i], &decision->design, samples->arm_names[CHANGED], NULL};
  if (json) table_print_json(rows, decision->count);
  else table_print_tsv(rows, decision->count);
  free(rows);
}

int main(int count, char **arguments) {
  report_tool("abstat");
  gsl_set_error_handler_off();
  struct options options = options_read(count, arguments);
  struct samples samples;
  read_samples(&samples, &options.questions, options.base, arguments + optind, (size_t)(count - optind));
  struct design design = design_recognize(&samples, options.seed);
  struct decision decision = decide(&samples, &design, &options.questions, &options.policy, 1);
  warn(&samples, &design, &decision);
  if (options.report)
    printout_print(&(struct printout){&samples, &design, &decision, &options.policy, options.seed});
  else print_rows(&samples, &decision, options.json);
  int status = options.exit_code ? exit_status(decision.verdict) : 0;
  decision_free(&decision);
  design_free(&design);
  samples_free(&samples);
  options_free(&options);
  close_output();
  return status;
}

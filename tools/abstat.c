/* abstat: decides whether a change is an improvement, from the samples of two arms.
 *
 * In: samples.tsv (`block order run arm metric value unit role status`), and what is asked of which metric. Out: one
 * row a metric with its verdict, the reason, the statistics of both arms, the effect, its interval and p value, as TSV,
 * JSON, or a report for people. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "abstat/design.h"
#include "abstat/printout.h"
#include "abstat/question.h"
#include "abstat/rule.h"
#include "abstat/samples.h"
#include "abstat/statistics.h"
#include "abstat/table.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "schedule.h"

static const char HELP[] =
    "usage: abstat --primary NAME:lower|higher [OPTION]... [FILE]...\n"
    "Decide from the samples of two arms (samples.tsv) whether the changed arm is an\n"
    "improvement: TSV, one row a metric. Without FILE, or where it is -, read stdin.\n"
    "\n"
    "  -p, --primary NAME:lower|higher    the metric to decide by, and what is better\n"
    "  -g, --guard NAME:lower|higher:P%   one that must not get worse by more than P%\n"
    "  -e, --equal NAME                   one that must be the same in every run\n"
    "  -c, --control NAME                 one that the change cannot move\n"
    "  -b, --base ARM                     the base arm (A)\n"
    "  -m, --mei P%                       the smallest improvement of interest (0%)\n"
    "  -r, --rule seed                    the rule: KEEP when the mean improved by more\n"
    "                                     than one sd and the ranges do not overlap\n"
    "  -s, --seed S                       seed of the plan, to check the order with\n"
    "  -R, --report                       print a report for people\n"
    "  -j, --json                         print the rows as JSON\n"
    "  -x, --exit-code                    exit 0 KEEP, 3 DISCARD, 4 INCONCLUSIVE\n"
    "  -h, --help                         print this and exit\n"
    "  -V, --version                      print the version and exit\n";

enum { EXIT_KEEP = 0, EXIT_DISCARD = 3, EXIT_INCONCLUSIVE = 4 };

struct options {
  struct questions questions;
  const char *base;
  double minimum_effect;
  unsigned long seed; /* 0 for none */
  bool report, json, exit_code;
};

static double read_percentage(const char *option, const char *text) {
  double fraction;
  if (!metric_percentage(text, &fraction)) fail_usage("%s '%s' is no percentage; one as 2%% is expected", option, text);
  return fraction;
}

static unsigned long read_seed(const char *text) {
  size_t seed;
  if (!metric_count(text, SCHEDULE_SEED_MAX, &seed))
    fail_usage("--seed '%s' is not a whole number from 1 to %lu", text, SCHEDULE_SEED_MAX);
  return seed;
}

static void check_rule(const char *rule) {
  if (strcmp(rule, "seed") != 0) fail_usage("--rule '%s' is unknown; seed is expected", rule);
}

static struct options read_options(int count, char **arguments) {
  static const struct option known[] = {
      {"primary", required_argument, NULL, 'p'}, {"guard", required_argument, NULL, 'g'},
      {"equal", required_argument, NULL, 'e'},   {"control", required_argument, NULL, 'c'},
      {"base", required_argument, NULL, 'b'},    {"mei", required_argument, NULL, 'm'},
      {"rule", required_argument, NULL, 'r'},    {"seed", required_argument, NULL, 's'},
      {"report", no_argument, NULL, 'R'},        {"json", no_argument, NULL, 'j'},
      {"exit-code", no_argument, NULL, 'x'},     {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0},
  };
  struct options options = {.base = "A"};
  for (int option; (option = getopt_long(count, arguments, "p:g:e:c:b:m:r:s:RjxhV", known, NULL)) != -1;)
    switch (option) {
      case 'p': questions_add(&options.questions, ROLE_PRIMARY, optarg); break;
      case 'g': questions_add(&options.questions, ROLE_GUARD, optarg); break;
      case 'e': questions_add(&options.questions, ROLE_EQUAL, optarg); break;
      case 'c': questions_add(&options.questions, ROLE_CONTROL, optarg); break;
      case 'b': options.base = optarg; break;
      case 'm': options.minimum_effect = read_percentage("--mei", optarg); break;
      case 'r': check_rule(optarg); break;
      case 's': options.seed = read_seed(optarg); break;
      case 'R': options.report = true; break;
      case 'j': options.json = true; break;
      case 'x': options.exit_code = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_usage("the options cannot be understood");
    }
  questions_order(&options.questions);
  if (options.report && options.json) fail_usage("--report and --json cannot both be printed");
  return options;
}

static void read_samples(struct samples *samples, const struct questions *questions, const char *base, char **files,
                         size_t file_count) {
  const char **metrics = take_array(questions->count, sizeof *metrics);
  for (size_t i = 0; i < questions->count; i++) metrics[i] = questions->list[i].metric;
  samples_read(samples, files, file_count, metrics, questions->count, base);
  free(metrics);
}

static void warn(const struct samples *samples, const struct design *design, const struct judgement *primary) {
  if (design_is_confounded(design) && reason_compares(primary->reason))
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

int main(int count, char **arguments) {
  report_tool("abstat");
  gsl_set_error_handler_off();
  struct options options = read_options(count, arguments);
  struct samples samples;
  read_samples(&samples, &options.questions, options.base, arguments + optind, (size_t)(count - optind));
  struct design design = design_recognize(&samples, options.seed);

  size_t finding_count = options.questions.count;
  struct finding *findings = take_array(finding_count, sizeof *findings);
  for (size_t i = 0; i < finding_count; i++) {
    const struct question *question = &options.questions.list[i];
    findings[i].question = question;
    findings[i].statistics = statistics_of(&samples, &design, i, question);
    findings[i].judgement = judge(question, &findings[i].statistics, &design, options.minimum_effect);
  }
  warn(&samples, &design, &findings[0].judgement);
  if (options.report)
    printout_print(&(struct printout){&samples, &design, findings, finding_count, options.seed,
                                      options.minimum_effect});
  else if (options.json) table_print_json(findings, finding_count, &design);
  else table_print_tsv(findings, finding_count, &design);

  int status = options.exit_code ? exit_status(findings[0].judgement.verdict) : 0;
  free(findings);
  design_free(&design);
  samples_free(&samples);
  questions_free(&options.questions);
  close_output();
  return status;
}

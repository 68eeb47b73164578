/* noisefloor: how much each metric varies while the code is the same, and what effect a plan can therefore find.
 *
 * In: samples.tsv of two arms that are the same code, and perhaps the metrics' guards. Out: TSV, one row a metric, with
 * its noise, the smallest effect that as many runs find, and advice in words; or a report for people. */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "memory.h"
#include "metric.h"
#include "noisefloor/advice.h"
#include "noisefloor/noise.h"
#include "noisefloor/printout.h"
#include "noisefloor/samples.h"
#include "report.h"
#include "tsv.h"

static const char HELP[] =
    "usage: noisefloor [OPTION]... [FILE]...\n"
    "Tell from samples of two arms that are the same code how much each metric\n"
    "varies, and the smallest effect that as many runs can find: TSV, one row a\n"
    "metric. Without FILE, or where it is -, read stdin; several are one series.\n"
    "\n"
    "  -a, --alpha A      changes without effect that may pass (0.01)\n"
    "  -p, --power P      changes of the smallest effect that are found (0.9)\n"
    "  -g, --guards FILE  TSV with the fields metric and guard: limits to look at\n"
    "  -R, --report       print a report for people\n"
    "  -h, --help         print this and exit\n"
    "  -V, --version      print the version and exit\n";

static double read_fraction(const char *option, const char *text, double low, double high) {
  double fraction;
  if (!metric_number(text, &fraction) || fraction <= low || fraction >= high)
    fail_usage("%s is '%s'; a number between %.10g and %.10g is expected", option, text, low, high);
  return fraction;
}

static void print_number(double number) {
  if (isnan(number)) printf("\tNA");
  else printf("\t%.10g", number + 0.0); /* no negative zero */
}

static void print_row(const struct metric *metric, const struct noise *noise, const struct advice *advice) {
  printf("%s\t", metric->name);
  tsv_write(stdout, metric->unit);
  putchar('\t');
  tsv_write(stdout, metric->role);
  printf("\t%zu", noise->n);
  double before[] = {noise->mean, noise->cv, noise->drift, noise->drift_t, noise->autocorrelation};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) print_number(before[i]);
  printf("\t%s", noise->bimodal ? "yes" : "no");
  double after[] = {noise->low,        noise->high,           noise->high_share,      noise->difference,
                    noise->difference_error, noise->smallest_effect, noise->suggested_mei};
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) print_number(after[i]);
  putchar('\t');
  for (size_t i = 0; i < advice->count; i++) {
    if (i > 0) printf("; ");
    tsv_write(stdout, advice->lines[i]);
  }
  printf("%s\n", advice->count ? "" : "-");
}

static void print_table(const struct samples *samples, const struct noise *noise, const struct advice *advice) {
  puts("metric\tunit\trole\tn\tmean\tcv\tdrift\tdrift_t\tautocorrelation\tbimodal\tlow\thigh\thigh_share\tdifference\t"
       "difference_error\tsmallest_effect\tsuggested_mei\tadvice");
  for (size_t i = 0; i < samples->count; i++) print_row(&samples->metrics[i], &noise[i], &advice[i]);
}

static void print_findings(const struct samples *samples, struct demand demand, bool report) {
  struct noise *noise = take_array(samples->count, sizeof *noise);
  struct advice *advice = take_array(samples->count, sizeof *advice);
  for (size_t i = 0; i < samples->count; i++) {
    noise[i] = noise_of(&samples->metrics[i], demand);
    advice[i] = advise(samples, &samples->metrics[i], &noise[i]);
  }
  if (report) printout_print(samples, demand, noise, advice);
  else print_table(samples, noise, advice);
  for (size_t i = 0; i < samples->count; i++) advice_free(&advice[i]);
  free(advice);
  free(noise);
}

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"alpha", required_argument, NULL, 'a'},  {"power", required_argument, NULL, 'p'},
      {"guards", required_argument, NULL, 'g'}, {"report", no_argument, NULL, 'R'},
      {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  report_tool("noisefloor");
  struct demand demand = {.alpha = 0.01, .power = 0.9};
  const char *guards = NULL;
  bool report = false;
  for (int option; (option = getopt_long(count, arguments, "a:p:g:RhV", options, NULL)) != -1;) switch (option) {
      case 'a': demand.alpha = read_fraction("--alpha", optarg, 0, 0.5); break;
      case 'p': demand.power = read_fraction("--power", optarg, 0.5, 1); break;
      case 'g': guards = optarg; break;
      case 'R': report = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  char standard_input[] = "-", *alone[] = {standard_input};
  char **paths = optind < count ? arguments + optind : alone;
  struct samples samples = {0};
  samples_read(&samples, paths, optind < count ? (size_t)(count - optind) : 1);
  if (guards) samples_read_guards(&samples, guards);
  print_findings(&samples, demand, report);
  samples_free(&samples);
  close_output();
  return 0;
}

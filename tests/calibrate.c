/* calibrate: simulates experiments, has abstat's engine decide each as a measurer would, look after look, and compares
 * how often it keeps, discards and cannot tell, and after how many runs, with what an independent simulation of the
 * same rule has published.
 *
 * In: TSV of cells with their published outcomes. Out: TSV, one row a cell, and lines with `#` that sum up. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "calibrate/agreement.h"
#include "calibrate/bench.h"
#include "calibrate/cell.h"
#include "calibrate/simulation.h"
#include "report.h"

static const char HELP[] =
    "usage: calibrate [OPTION]... FILE\n"
    "Simulate experiments, decide them by abstat's engine, and compare the outcomes\n"
    "with those that FILE says were published (TSV `table policy order noise cv\n"
    "effect experiments keep discard inconclusive runs`). Exit status 1: some differ\n"
    "by more than chance, or more than 1 % of experiments without effect are kept.\n"
    "\n"
    "  -n, --experiments N  experiments a cell (5000)\n"
    "  -c, --cells TABLE    the cells of this table alone (all)\n"
    "  -s, --seed S         seed of the noise and the plans (1)\n"
    "  -j, --jobs J         processes (1)\n"
    "  -b, --bench          instead: mean runs to a verdict beside designs with a\n"
    "                       fixed number, of FILE's cells without and with effect\n"
    "  -h, --help           print this and exit\n"
    "  -V, --version        print the version and exit\n";

/* The rule's claim about experiments without effect, in percent. */
static const double KEPT_AT_MOST = 1;

enum { JOBS_MAX = 1000 };

struct settings {
  size_t experiments, seed, jobs;
  const char *table; /* NULL for all */
  bool bench;
};

static struct settings read_settings(int count, char **arguments) {
  static const struct option options[] = {
      {"experiments", required_argument, NULL, 'n'}, {"cells", required_argument, NULL, 'c'},
      {"seed", required_argument, NULL, 's'},        {"jobs", required_argument, NULL, 'j'},
      {"bench", no_argument, NULL, 'b'},             {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},           {NULL, 0, NULL, 0},
  };
  struct settings settings = {.experiments = 5000, .seed = 1, .jobs = 1};
  for (int option; (option = getopt_long(count, arguments, "n:c:s:j:bhV", options, NULL)) != -1;) switch (option) {
      case 'n': settings.experiments = argument_count("--experiments", optarg, 1000000000); break;
      case 'c': settings.table = strcmp(optarg, "all") == 0 ? NULL : optarg; break;
      case 's': settings.seed = argument_count("--seed", optarg, 4294967295); break;
      case 'j': settings.jobs = argument_count("--jobs", optarg, JOBS_MAX); break;
      case 'b': settings.bench = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  if (settings.experiments < 2) fail_usage("--experiments: two at least are needed for a standard error");
  if (count - optind != 1) fail_usage("one file of cells is expected");
  return settings;
}

static bool agrees(const struct cell *cell, const struct tally *tally) {
  bool agree = fabs(deviation_of_runs(cell, tally)) <= DEVIATION_MAX;
  for (enum result result = 0; result < RESULT_COUNT; result++)
    agree = agree && fabs(deviation_of_rate(cell, tally, result)) <= DEVIATION_MAX;
  return agree;
}

static void print_row(const struct cell *cell, const struct tally *tally) {
  printf("%s\t%zu", cell->name, tally->experiments);
  for (enum result result = 0; result < RESULT_COUNT; result++) printf("\t%.2f", tally_percent(tally, result));
  printf("\t%.2f", tally_mean_runs(tally));
  for (enum result result = 0; result < RESULT_COUNT; result++) printf("\t%s", cell->rates[result].text);
  printf("\t%s", cell->runs.text);
  for (enum result result = 0; result < RESULT_COUNT; result++)
    printf("\t%.1f", deviation_of_rate(cell, tally, result));
  printf("\t%.1f\t%s\n", deviation_of_runs(cell, tally), agrees(cell, tally) ? "ok" : "OFF");
}

static bool print_agreement(const struct cells *cells, const struct tally *tallies) {
  size_t agreeing = 0;
  for (size_t i = 0; i < cells->count; i++) agreeing += agrees(&cells->list[i], &tallies[i]);
  printf("# %zu of %zu cells agree: at most %g standard errors apart, beyond what rounding explains\n", agreeing,
         cells->count, DEVIATION_MAX);
  return agreeing == cells->count;
}

static bool exceeds_claim(double percent, double experiments) {
  return percent > KEPT_AT_MOST + DEVIATION_MAX * standard_error_of_rate(KEPT_AT_MOST, experiments);
}

/* Of a table's planned experiments without effect: the largest rate, and that of all together. */
static bool print_false_keeps(const struct cells *cells, const struct tally *tallies, const char *table) {
  double kept = 0, experiments = 0;
  size_t worst = cells->count;
  for (size_t i = 0; i < cells->count; i++) {
    const struct cell *cell = &cells->list[i];
    if (strcmp(cell->table, table) != 0 || cell->effect > 0 || cell->order != ORDER_PLANNED) continue;
    kept += (double)tallies[i].results[RESULT_KEEP];
    experiments += (double)tallies[i].experiments;
    if (worst == cells->count || tallies[i].results[RESULT_KEEP] > tallies[worst].results[RESULT_KEEP]) worst = i;
  }
  if (worst == cells->count) return true;
  double each = (double)tallies[worst].experiments;
  double largest = tally_percent(&tallies[worst], RESULT_KEEP), all = 100 * kept / experiments;
  bool too_many = exceeds_claim(largest, each) || exceeds_claim(all, experiments);
  printf("# %s, kept without effect: %.2f %% (standard error %.2f) of %.0f experiments; the largest rate is %.2f %% "
         "(%.2f), of %s; at most %g %% is claimed: %s\n",
         table, all, standard_error_of_rate(all, experiments), experiments, largest,
         standard_error_of_rate(largest, each), cells->list[worst].name, KEPT_AT_MOST, too_many ? "OFF" : "ok");
  return !too_many;
}

/* The same of each table, whose cells stand together. */
static bool print_all_false_keeps(const struct cells *cells, const struct tally *tallies) {
  bool good = true;
  for (size_t i = 0; i < cells->count; i++)
    if (i == 0 || strcmp(cells->list[i].table, cells->list[i - 1].table) != 0)
      good = print_false_keeps(cells, tallies, cells->list[i].table) && good;
  return good;
}

static bool calibrate(const struct cells *cells, const struct settings *settings) {
  struct tally *tallies = simulate_cells(cells, settings->experiments, settings->seed, settings->jobs);
  puts("cell\texperiments\tkeep\tdiscard\tinconclusive\truns\tpublished_keep\tpublished_discard\t"
       "published_inconclusive\tpublished_runs\tz_keep\tz_discard\tz_inconclusive\tz_runs\tagreement");
  for (size_t i = 0; i < cells->count; i++) print_row(&cells->list[i], &tallies[i]);
  bool agree = print_agreement(cells, tallies), claim_holds = print_all_false_keeps(cells, tallies);
  free(tallies);
  return agree && claim_holds;
}

int main(int count, char **arguments) {
  report_tool("calibrate");
  struct settings settings = read_settings(count, arguments);
  struct cells cells = {0};
  cells_read(&cells, arguments[optind], settings.table);
  if (!cells.count)
    fail_at(arguments[optind], 0, "holds no cell%s%s", settings.table ? " of table " : "",
            settings.table ? settings.table : "");
  bool good = true;
  if (settings.bench) bench(&cells, settings.experiments, settings.seed, settings.jobs);
  else good = calibrate(&cells, &settings);
  cells_free(&cells);
  close_output();
  return good ? 0 : 1;
}

/* abplan: prints the order in which to run the arms of an experiment.
 *
 * In: numbers of blocks and runs, the arms' names, a seed. Out: TSV `block order run arm`, one row a run: each block is
 * `runs` runs of each arm in an order drawn at random, order counts within the block, run in the whole. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "schedule.h"

static const char HELP[] =
    "usage: abplan [OPTION]...\n"
    "Print the order in which to run the arms of an experiment, as TSV\n"
    "`block order run arm`: blocks of K runs of each arm, each block in an order\n"
    "drawn at random. The same seed gives the same plan, and the first blocks of a\n"
    "longer plan are those of a shorter one.\n"
    "\n"
    "  -b, --blocks B     number of blocks (1)\n"
    "  -k, --runs K       runs of each arm in a block (3)\n"
    "  -a, --arms A,B     names of the arms, the base arm first (A,B)\n"
    "  -s, --seed S       seed of the random order, 1 to 4294967295 (1)\n"
    "  -h, --help         print this and exit\n"
    "  -V, --version      print the version and exit\n";

struct arms {
  char **names;
  size_t count, capacity;
};

/* Cuts list, which it changes, at its commas. */
static struct arms read_arms(char *list) {
  struct arms arms = {0};
  for (char *name = list; name;) {
    char *comma = strchr(name, ',');
    if (comma) *comma = '\0';
    if (!arm_name_is_valid(name))
      fail_usage("'%s' is no name of an arm; letters, digits, '.', '_' and '-' are expected, as in --arms A,B", name);
    for (size_t i = 0; i < arms.count; i++)
      if (strcmp(arms.names[i], name) == 0) fail_usage("the arm '%s' is named twice", name);
    grow(&arms.names, &arms.capacity, arms.count + 1, sizeof *arms.names);
    arms.names[arms.count++] = name;
    name = comma ? comma + 1 : NULL;
  }
  return arms;
}

static void print_plan(const struct arms *arms, size_t blocks, size_t runs, unsigned long seed) {
  struct schedule *schedule = schedule_open(seed, arms->count, runs);
  size_t length = arms->count * runs;
  puts("block\torder\trun\tarm");
  for (size_t block = 0; block < blocks && !ferror(stdout); block++) {
    const size_t *order = schedule_next(schedule);
    for (size_t i = 0; i < length; i++)
      printf("%zu\t%zu\t%zu\t%s\n", block + 1, i + 1, block * length + i + 1, arms->names[order[i]]);
  }
  schedule_close(schedule);
}

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"blocks", required_argument, NULL, 'b'}, {"runs", required_argument, NULL, 'k'},
      {"arms", required_argument, NULL, 'a'},   {"seed", required_argument, NULL, 's'},
      {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  report_tool("abplan");
  size_t blocks = 1, runs = 3, seed = 1;
  char *names = take_copy("A,B");
  for (int option; (option = getopt_long(count, arguments, "b:k:a:s:hV", options, NULL)) != -1;) switch (option) {
      case 'b': blocks = argument_count("--blocks", optarg, SCHEDULE_BLOCKS_MAX); break;
      case 'k': runs = argument_count("--runs", optarg, SCHEDULE_RUNS_MAX); break;
      case 'a': free(names), names = take_copy(optarg); break;
      case 's': seed = argument_count("--seed", optarg, SCHEDULE_SEED_MAX); break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  if (optind < count) fail_usage("'%s' is not expected; abplan reads no file", arguments[optind]);

  struct arms arms = read_arms(names);
  product_of(blocks, product_of(runs, arms.count));
  print_plan(&arms, blocks, runs, seed);
  free(arms.names);
  free(names);
  close_output();
  return 0;
}

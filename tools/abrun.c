/* abrun: measures commands against each other.
 *
 * In: two or more commands. Out: a report on what they differ in, and where asked for samples.tsv (`block order run arm
 * metric value unit role status`, then env_bytes and seed) and hyperfine's JSON. Runs are made in blocks, each in an
 * order drawn at random, until abstat can decide. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "abrun/file.h"
#include "abrun/interrupt.h"
#include "abrun/measure.h"
#include "abrun/options.h"
#include "argument.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "schedule.h"

static const char HELP[] =
    "usage: abrun [OPTION]... -- COMMAND [ARGUMENT]... -- COMMAND [ARGUMENT]... ...\n"
    "Measure commands against each other: blocks of runs in an order drawn at random,\n"
    "until abstat can decide. The first command is the base. Metrics: wall_s, cpu_s,\n"
    "user_s, sys_s, peak_rss_mb, major_faults, minor_faults, voluntary_switches,\n"
    "involuntary_switches, and what the commands print in lines METRIC name=value.\n"
    "\n"
    "What is asked, as abstat(1) takes it:\n"
    "  -p, --primary NAME:lower|higher    the metric to decide by (wall_s:lower)\n"
    "  -g, --guard NAME:lower|higher:P%   one that must not get worse by more than P%\n"
    "  -e, --equal NAME                   one that must be the same in every run\n"
    "  -c, --control NAME                 one that the change cannot move\n"
    "  -m, --mei P%                       the smallest improvement of interest\n"
    "  -a, --alpha P                      chance of keeping what has no effect\n"
    "  -r, --rule blocked|seed            the rule\n"
    "  -A, --abstat OPTION                any other option of abstat's\n"
    "How much is measured:\n"
    "  -b, --max-blocks B   at most B blocks (4)\n"
    "  -T, --max-time S     begin no block that would end later than after S seconds\n"
    "  -k, --runs K         runs of each command in a block (3)\n"
    "  -w, --warmup N       runs of each before, not recorded (1)\n"
    "  -s, --seed S         seed of the order, 1 to 4294967295 (drawn at random)\n"
    "  -C, --confirm        after a KEEP, measure 2 fresh blocks and report on them\n"
    "How commands are run:\n"
    "  -n, --names A,B      names of the arms (A, B, C, ...)\n"
    "  -D, --delimiter WORD what parts the commands (--)\n"
    "  -S, --shell          each command is one word, a line for /bin/sh\n"
    "  -P, --prepare LINE   /bin/sh runs LINE before each run, unmeasured\n"
    "  -t, --timeout S      end a run after S seconds; its status is then timeout\n"
    "  -i, --ignore-failure an exit status above 0 is no failure\n"
    "  -M, --metrics-from stdout|stderr|none   where METRIC lines are read (stdout)\n"
    "  -v, --show-output    show what the commands print, on standard error\n"
    "  -O, --output FILE    write what they print on standard output to FILE\n"
    "What is written:\n"
    "  -o, --samples FILE   samples.tsv, after each block\n"
    "      --tsv            the samples on standard output, in place of the report\n"
    "  -E, --export-json FILE   results as hyperfine writes them\n"
    "  -q, --quiet          neither progress nor report\n"
    "  -x, --exit-code      exit 0 KEEP, 3 DISCARD, 4 INCONCLUSIVE\n"
    "  -h, --help           print this and exit\n"
    "  -V, --version        print the version and exit\n";

enum { OPTION_TSV = 256 };

/* More of either are a slip of the hand. */
enum { WARMUP_MAX = 1000, BLOCKS_MAX = 1000 };

static size_t read_warmup(const char *text) {
  return strcmp(text, "0") == 0 ? 0 : argument_count("--warmup", text, WARMUP_MAX);
}

static double read_seconds(const char *option, const char *text) {
  double seconds;
  if (!metric_number(text, &seconds) || seconds <= 0 || seconds > 1e9)
    fail_usage("%s '%s' is not a number of seconds above 0 and up to 1e9", option, text);
  return seconds;
}

static enum metrics_from read_metrics_from(const char *text) {
  if (strcmp(text, "stdout") == 0) return FROM_STDOUT;
  if (strcmp(text, "stderr") == 0) return FROM_STDERR;
  if (strcmp(text, "none") != 0) fail_usage("--metrics-from '%s' is unknown; stdout, stderr or none is expected", text);
  return FROM_NEITHER;
}

/* Notes which metric an option of abstat's is about: what stands before its last fields, which abstat checks. */
static void add_question(struct options *options, const char *role, const char *argument, size_t fields) {
  struct questions *questions = &options->questions;
  char *metric = take_copy(argument);
  for (char *colon; fields > 0 && (colon = strrchr(metric, ':')); fields--) *colon = '\0';
  grow(&questions->list, &questions->capacity, questions->count + 1, sizeof *questions->list);
  questions->list[questions->count++] = (struct question){.role = role, .metric = metric};
  struct text option = {0};
  text_append_string(&option, "--");
  text_append_string(&option, role);
  words_add(&options->abstat, option.bytes, argument);
  text_free(&option);
}

static unsigned long draw_seed(void) {
  unsigned int seed = 0;
  while (seed == 0)
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
      fail("cannot draw a seed: %s; --seed gives one", strerror(errno));
  return seed;
}

/* Commands begin behind the first `--`, with which getopt stops. */
static char **find_commands(int count, char **arguments) {
  if (strcmp(arguments[optind - 1], "--") == 0) return arguments + optind;
  if (optind == count) fail_usage("commands are expected: -- COMMAND -- COMMAND");
  fail_usage("'%s' is not expected; commands follow a '--': -- COMMAND -- COMMAND", arguments[optind]);
}

/* What abstat is told whatever was asked, and what has a default here. */
static void complete(struct options *options) {
  bool has_primary = false;
  for (size_t i = 0; i < options->questions.count; i++)
    has_primary = has_primary || strcmp(options->questions.list[i].role, "primary") == 0;
  if (!has_primary) add_question(options, "primary", "wall_s:lower", 1);
  char digits[32]; /* for a size_t */
  snprintf(digits, sizeof digits, "%zu", options->max_blocks);
  words_add(&options->abstat, "--max-blocks", digits);
  snprintf(digits, sizeof digits, "%zu", options->runs);
  words_add(&options->abstat, "--runs", digits);
  words_add(&options->abstat, "--base", options->commands.arms[0]);
  if (!options->seed) options->seed = draw_seed();
  if (options->tsv && options->confirm)
    fail_usage("--tsv has no room for the samples of --confirm; --samples FILE writes both");
  if (options->samples) file_check(options->samples);
  if (options->json) file_check(options->json);
}

/* Any option of abstat but those that abrun gives it itself, or that change what it prints. */
static void add_abstat_option(struct options *options, char *text) {
  static const char *const own[] = {"-R", "--report", "-j", "--json", "-x", "--exit-code", "--max-blocks", "-k", "--runs",
                                    "-b", "--base", "-s", "--seed", "-f", "--format", "--confirm", "--scales"};
  if (text[0] != '-') fail_usage("--abstat '%s' is no option; one as --sd=residual is expected", text);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strncmp(text, own[i], strcspn(text, "=")) == 0 && strlen(own[i]) == strcspn(text, "="))
      fail_usage("--abstat '%s' is set by abrun itself; see abrun --help for its own option", text);
  words_add(&options->abstat, text, NULL);
}


static void read_options(int count, char **arguments, struct options *options) {
  static const struct option known[] = {
      {"primary", required_argument, NULL, 'p'},     {"guard", required_argument, NULL, 'g'},
      {"equal", required_argument, NULL, 'e'},       {"control", required_argument, NULL, 'c'},
      {"mei", required_argument, NULL, 'm'},         {"alpha", required_argument, NULL, 'a'},
      {"rule", required_argument, NULL, 'r'},        {"abstat", required_argument, NULL, 'A'},
      {"max-blocks", required_argument, NULL, 'b'},  {"max-time", required_argument, NULL, 'T'},
      {"runs", required_argument, NULL, 'k'},        {"warmup", required_argument, NULL, 'w'},
      {"seed", required_argument, NULL, 's'},        {"confirm", no_argument, NULL, 'C'},
      {"names", required_argument, NULL, 'n'},       {"shell", no_argument, NULL, 'S'},
      {"delimiter", required_argument, NULL, 'D'},
      {"prepare", required_argument, NULL, 'P'},     {"timeout", required_argument, NULL, 't'},
      {"ignore-failure", no_argument, NULL, 'i'},    {"metrics-from", required_argument, NULL, 'M'},
      {"show-output", no_argument, NULL, 'v'},       {"output", required_argument, NULL, 'O'},
      {"samples", required_argument, NULL, 'o'},     {"tsv", no_argument, NULL, OPTION_TSV},
      {"export-json", required_argument, NULL, 'E'}, {"quiet", no_argument, NULL, 'q'},
      {"exit-code", no_argument, NULL, 'x'},         {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},           {NULL, 0, NULL, 0},
  };
  static const char letters[] = "+p:g:e:c:m:a:r:A:b:T:k:w:s:Cn:D:SP:t:iM:vO:o:E:qxhV";
  const char *names = NULL, *delimiter = "--";
  for (int option; (option = getopt_long(count, arguments, letters, known, NULL)) != -1;) switch (option) {
      case 'p': add_question(options, "primary", optarg, 1); break;
      case 'g': add_question(options, "guard", optarg, 2); break;
      case 'e': add_question(options, "equal", optarg, 0); break;
      case 'c': add_question(options, "control", optarg, 0); break;
      case 'm': words_add(&options->abstat, "--mei", optarg); break;
      case 'a': words_add(&options->abstat, "--alpha", optarg); break;
      case 'r': words_add(&options->abstat, "--rule", optarg); break;
      case 'A': add_abstat_option(options, optarg); break;
      case 'b': options->max_blocks = argument_count("--max-blocks", optarg, BLOCKS_MAX); break;
      case 'T': options->max_time = read_seconds("--max-time", optarg); break;
      case 'k': options->runs = argument_count("--runs", optarg, SCHEDULE_RUNS_MAX); break;
      case 'w': options->warmup = read_warmup(optarg); break;
      case 's': options->seed = argument_count("--seed", optarg, SCHEDULE_SEED_MAX); break;
      case 'C': options->confirm = true; break;
      case 'n': names = optarg; break;
      case 'D': delimiter = optarg; break;
      case 'S': options->shell = true; break;
      case 'P': options->prepare = optarg; break;
      case 't': options->timeout = read_seconds("--timeout", optarg); break;
      case 'i': options->ignore_failure = true; break;
      case 'M': options->metrics_from = read_metrics_from(optarg); break;
      case 'v': options->show_output = true; break;
      case 'O': options->output = optarg; break;
      case 'o': options->samples = optarg; break;
      case OPTION_TSV: options->tsv = true; break;
      case 'E': options->json = optarg; break;
      case 'q': options->quiet = true; break;
      case 'x': options->exit_code = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  struct commands *commands = &options->commands;
  *commands = commands_read(find_commands(count, arguments), delimiter, options->shell, names);
  if (options->prepare) {
    grow(&commands->list, &commands->capacity, commands->count + 1, sizeof *commands->list);
    commands->list[commands->count] = command_of_shell(options->prepare);
  }
  complete(options);
}

/* Descriptors that are handed to commands must not be those of a standard stream that was closed. */
static void open_standard_streams(void) {
  int descriptor;
  while ((descriptor = open("/dev/null", O_RDWR)) >= 0 && descriptor <= STDERR_FILENO) continue;
  if (descriptor >= 0) close(descriptor);
}

int main(int count, char **arguments) {
  static struct options options = {.runs = 3, .max_blocks = 4, .warmup = 1};
  report_tool("abrun");
  open_standard_streams();
  read_options(count, arguments, &options);
  interrupt_prepare();
  signal(SIGCHLD, SIG_DFL);
  int starter = starter_open(options.commands.list);
  int status = measure(&options, starter);
  close_output();
  return status;
}

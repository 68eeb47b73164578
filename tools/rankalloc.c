/* Folded stacks in; out comes a ranking of their functions or paths by self and cumulative value as TSV, or a report
 * for people. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folded.h"
#include "memory.h"
#include "rankalloc/profile.h"
#include "report.h"
#include "tsv.h"

static const char help[] =
    "usage: rankalloc [OPTION]... [FILE]...\n"
    "Ranks the functions or call paths of folded stacks; those of all FILEs are added together.\n"
    "\n"
    "  -n, --top N            show the first N (default 10; 0: all)\n"
    "      --by KEY           function: leave out the ' (FILE:LINE)' of frames; line: keep it\n"
    "                         (default: function, for paths line)\n"
    "      --cum              rank functions by cumulative value, not by self value\n"
    "      --min-percent P    only what has at least P percent of the total\n"
    "      --paths            rank call paths: stacks merged by their innermost frames\n"
    "      --depth D          frames of a path (default 12, at least 5)\n"
    "      --function NAME    one row for the function NAME, zeros if it does not occur\n"
    "      --report           a report for people: total, top paths, top functions\n"
    "      --title T          title of the report\n"
    "      --unit U           unit of the values in the report; bytes are shown in MiB too\n"
    "      --color WHEN       colours in the report: auto (default), always, never\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum mode { FUNCTIONS, PATHS, ONE_FUNCTION, REPORT };

enum { DEFAULT_TOP = 10, DEFAULT_DEPTH = 12, LEAST_DEPTH = 5 };

struct options {
  enum mode mode;
  enum order order;
  struct selection selection;
  bool has_key;
  enum frame_key key;
  size_t depth; /* 0: not given */
  const char *function, *title, *unit, *color;
  bool has_top, has_min_percent, has_order;
};

static size_t size_of_option(const char *option, const char *argument) {
  uint64_t number;
  const char *wrong = read_count(argument, strlen(argument), &number);
  if (wrong || number > SIZE_MAX) fail_usage("%s '%s' %s", option, argument, wrong ? wrong : "is too large");
  return (size_t)number;
}

/* A decimal number from 0 to 100, exactly, in millionths. */
static uint64_t percent_of_option(const char *argument) {
  const char *point = strchr(argument, '.');
  size_t whole_length = point ? (size_t)(point - argument) : strlen(argument);
  size_t decimals = point ? strlen(point + 1) : 0;
  uint64_t whole, fraction = 0;
  const char *wrong = read_count(argument, whole_length, &whole);
  if (!wrong && point) wrong = read_count(point + 1, decimals, &fraction);
  if (wrong || decimals > 6 || whole > 100 || (whole == 100 && fraction > 0))
    fail_usage("--min-percent '%s' is not a number from 0 to 100 with at most 6 decimals", argument);
  for (; decimals < 6; decimals++) fraction *= 10;
  return whole * 1000000 + fraction;
}

static enum frame_key key_of_option(const char *argument) {
  if (strcmp(argument, "function") == 0) return BY_FUNCTION;
  if (strcmp(argument, "line") == 0) return BY_LINE;
  fail_usage("--by '%s' is neither function nor line", argument);
}

static void set_mode(struct options *options, enum mode mode) {
  if (options->mode != FUNCTIONS && options->mode != mode)
    fail_usage("--paths, --function and --report exclude each other");
  options->mode = mode;
}

static void check_options(const struct options *options) {
  enum mode mode = options->mode;
  if (options->depth > 0 && mode != PATHS && mode != REPORT) fail_usage("--depth wants --paths or --report");
  if ((options->title || options->unit || options->color) && mode != REPORT)
    fail_usage("--title, --unit and --color want --report");
  if (options->has_order && mode != FUNCTIONS && mode != ONE_FUNCTION)
    fail_usage("--cum ranks functions; it has no meaning with --paths or --report");
  if (mode == ONE_FUNCTION && (options->has_top || options->has_min_percent || options->has_key))
    fail_usage("--function shows one row; -n, --min-percent and --by have no meaning with it");
  if (options->color && strcmp(options->color, "auto") != 0 && strcmp(options->color, "always") != 0 &&
      strcmp(options->color, "never") != 0)
    fail_usage("--color '%s' is not one of auto, always, never", options->color);
}

static void parse_options(struct options *options, int argc, char **argv) {
  enum { BY = 256, CUM, MIN_PERCENT, PATHS_OPTION, DEPTH, FUNCTION, REPORT_OPTION, TITLE, UNIT, COLOR };
  static const struct option long_options[] = {
      {"top", required_argument, NULL, 'n'},
      {"by", required_argument, NULL, BY},
      {"cum", no_argument, NULL, CUM},
      {"min-percent", required_argument, NULL, MIN_PERCENT},
      {"paths", no_argument, NULL, PATHS_OPTION},
      {"depth", required_argument, NULL, DEPTH},
      {"function", required_argument, NULL, FUNCTION},
      {"report", no_argument, NULL, REPORT_OPTION},
      {"title", required_argument, NULL, TITLE},
      {"unit", required_argument, NULL, UNIT},
      {"color", required_argument, NULL, COLOR},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  int option;
  while ((option = getopt_long(argc, argv, ":n:hV", long_options, NULL)) != -1) {
    switch (option) {
      case 'n':
        options->selection.limit = size_of_option("--top", optarg);
        options->has_top = true;
        break;
      case BY:
        options->key = key_of_option(optarg);
        options->has_key = true;
        break;
      case CUM:
        options->order = BY_CUMULATIVE;
        options->has_order = true;
        break;
      case MIN_PERCENT:
        options->selection.min_percent_millionths = percent_of_option(optarg);
        options->has_min_percent = true;
        break;
      case PATHS_OPTION: set_mode(options, PATHS); break;
      case DEPTH:
        options->depth = size_of_option("--depth", optarg);
        if (options->depth < LEAST_DEPTH) fail_usage("--depth '%s' is less than %d", optarg, LEAST_DEPTH);
        break;
      case FUNCTION:
        set_mode(options, ONE_FUNCTION);
        if (!*optarg) fail_usage("--function wants a name");
        options->function = optarg;
        break;
      case REPORT_OPTION: set_mode(options, REPORT); break;
      case TITLE: options->title = optarg; break;
      case UNIT: options->unit = optarg; break;
      case COLOR: options->color = optarg; break;
      case 'h': show_help(help);
      case 'V': show_version();
      case ':': fail_usage("option '%s' wants an argument", argv[optind - 1]);
      default:
        if (optopt && optopt < BY) fail_usage("option '-%c' is unknown, or takes no argument", optopt);
        fail_usage("option '%s' is unknown, or takes no argument", argv[optind - 1]);
    }
  }
  check_options(options);
}

static void write_percent(uint64_t part, uint64_t whole, char end) {
  unsigned percent = percent_hundredths(part, whole);
  printf("%u.%02u%c", percent / 100, percent % 100, end);
}

static void write_function_header(void) { puts("rank\tfunction\tself\tself_percent\tcumulative\tcumulative_percent"); }

static void write_function(size_t rank, const char *name, uint64_t self, uint64_t cumulative, uint64_t total) {
  printf("%zu\t", rank);
  tsv_write(stdout, name);
  printf("\t%" PRIu64 "\t", self);
  write_percent(self, total, '\t');
  printf("%" PRIu64 "\t", cumulative);
  write_percent(cumulative, total, '\n');
}

static void write_functions(const struct options *options, const struct profile *profile) {
  size_t count;
  struct ranked *ranking = ranked_functions(profile, options->order, &count);
  size_t shown = selected(&options->selection, ranking, count, options->order, profile->total);
  write_function_header();
  for (size_t i = 0; i < shown; i++)
    write_function(i + 1, ranking[i].name->bytes, ranking[i].self, ranking[i].cumulative, profile->total);
  free(ranking);
}

static void write_one_function(const struct options *options, const struct profile *profile) {
  size_t count;
  struct ranked *ranking = ranked_functions(profile, options->order, &count);
  size_t i = 0;
  while (i < count && strcmp(ranking[i].name->bytes, options->function) != 0) i++;
  write_function_header();
  if (i < count) write_function(i + 1, options->function, ranking[i].self, ranking[i].cumulative, profile->total);
  else write_function(0, options->function, 0, 0, profile->total);
  free(ranking);
}

static void write_paths(const struct options *options, const struct profile *profile) {
  size_t count;
  struct ranked *ranking = ranked_paths(profile, &count);
  size_t shown = selected(&options->selection, ranking, count, BY_SELF, profile->total);
  puts("rank\tvalue\tpercent\tframes\tpath");
  for (size_t i = 0; i < shown; i++) {
    printf("%zu\t%" PRIu64 "\t", i + 1, ranking[i].self);
    write_percent(ranking[i].self, profile->total, '\t');
    printf("%zu\t", frames_of(ranking[i].name));
    tsv_write(stdout, ranking[i].name->bytes);
    putchar('\n');
  }
  free(ranking);
}

static bool wants_color(const char *when) {
  if (when && strcmp(when, "always") == 0) return true;
  if (when && strcmp(when, "never") == 0) return false;
  const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return !(no_color && *no_color) && !(terminal && strcmp(terminal, "dumb") == 0) && isatty(STDOUT_FILENO);
}

static void write_ranking(const struct options *options, const struct profile *profile) {
  switch (options->mode) {
    case FUNCTIONS: write_functions(options, profile); break;
    case ONE_FUNCTION: write_one_function(options, profile); break;
    case PATHS: write_paths(options, profile); break;
    case REPORT: {
      struct report report = {
          .title = options->title ? options->title : "Profile",
          .unit = options->unit && *options->unit ? options->unit : NULL,
          .colored = wants_color(options->color),
          .selection = options->selection,
      };
      write_report(&report, profile);
    }
  }
}

int main(int argc, char **argv) {
  report_tool("rankalloc");
  struct options options = {.selection = {.limit = DEFAULT_TOP}};
  parse_options(&options, argc, argv);
  struct profile profile = {
      .wants_functions = options.mode != PATHS,
      .wants_paths = options.mode == PATHS || options.mode == REPORT,
      .function_key = options.has_key ? options.key : BY_FUNCTION,
      .path_key = options.has_key ? options.key : BY_LINE,
      .depth = options.depth ? options.depth : DEFAULT_DEPTH,
  };
  size_t name_length;
  if (options.function && frame_has_line(options.function, strlen(options.function), &name_length))
    profile.function_key = BY_LINE;
  if (optind == argc) profile_read(&profile, "-");
  for (; optind < argc; optind++) profile_read(&profile, argv[optind]);
  write_ranking(&options, &profile);
  close_output();
  profile_free(&profile);
  return 0;
}

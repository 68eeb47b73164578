/* Folded stacks in; out comes a ranking of their functions or paths by self and cumulative value as TSV or JSON, or a
 * report for people. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocators.h"
#include "argument.h"
#include "filter.h"
#include "folded.h"
#include "frame.h"
#include "memory.h"
#include "patterns.h"
#include "rankalloc/modules.h"
#include "rankalloc/output.h"
#include "rankalloc/profile.h"
#include "report.h"

static const char help[] =
    "usage: rankalloc [OPTION]... [FILE]...\n"
    "Ranks the functions or call paths of folded stacks; those of all FILEs are added together.\n"
    "\n"
    "  -n, --top N            show the first N (default 10; 0: all)\n"
    "      --by KEY           function: leave out the ' (FILE:LINE)' of frames; line: keep it;\n"
    "                         file; module (default: function, for paths line)\n"
    "      --cum              rank functions by cumulative value, not by self value\n"
    "      --min-percent P    only what has at least P percent of the total\n"
    "      --paths            rank call paths: stacks merged by their innermost frames\n"
    "      --depth D          frames of a path (default 12, at least 5)\n"
    "      --function NAME    one row for the function NAME, zeros if it does not occur\n"
    "      --report           a report for people: total, top paths, top functions\n"
    "      --title T          title of the report\n"
    "      --unit U           unit of the values; the report shows bytes in MiB too\n"
    "      --color WHEN       colours in the report: auto (default), always, never\n"
    "\n"
    "Which frames count:\n"
    "      --raw              allocators' functions (malloc, operator new, ...) as all others;\n"
    "                         else what they take counts for the function that calls them\n"
    "      --allocators FILE  further allocators, one pattern a line\n"
    "      --structures FILE  further names of data structures: PATTERN, a tab, NAME\n"
    "      --list LIST        write the built-in allocators or structures, and exit\n"
    "      --focus REGEX      only stacks with a frame that REGEX is found in\n"
    "      --ignore REGEX     no stack with a frame that REGEX is found in\n"
    "      --hide REGEX       leave out frames that REGEX is found in\n"
    "      --show REGEX       leave out all other frames\n"
    "      --relative         percentages of what --focus and the like leave, not of all\n"
    "      --frames FILE      modules of frames, as symbolize --frames writes them\n"
    "\n"
    "Several profiles:\n"
    "      --base FILE        rank by growth since FILE\n"
    "      --objects FILE     numbers of objects: adds their count and mean size\n"
    "      --also NAME=FILE   the values in FILE beside those ranked (may be repeated)\n"
    "\n"
    "      --format FORMAT    tsv (default) or json\n"
    "      --budget N         at most N bytes of output, the greatest values first\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

static const char structures_text[] =
#include "rankalloc/structures.txt.h"
    ;

enum mode { FUNCTIONS, PATHS, ONE_FUNCTION, REPORT };

enum { DEFAULT_TOP = 10, DEFAULT_DEPTH = 12, LEAST_DEPTH = 5 };

/* NAME=FILE of --also. */
struct also {
  char *name;
  const char *file;
};

struct options {
  enum mode mode;
  enum order order;
  size_t top, depth; /* depth 0: not given */
  uint64_t min_percent_millionths;
  bool has_top, has_min_percent, has_order, has_key, has_format, raw, relative;
  enum frame_key key;
  const char *function, *title, *unit, *color;
  const char *base, *objects, *frames;
  struct also *also;
  size_t also_count, also_capacity;
  struct patterns allocators, structures;
  struct filter *filter; /* NULL: none */
  struct table_options table;
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
  if (strcmp(argument, "file") == 0) return BY_FILE;
  if (strcmp(argument, "module") == 0) return BY_MODULE;
  fail_usage("--by '%s' is none of function, line, file, module", argument);
}

static void set_mode(struct options *options, enum mode mode) {
  if (options->mode != FUNCTIONS && options->mode != mode)
    fail_usage("--paths, --function and --report exclude each other");
  options->mode = mode;
}

static void set_filter(struct options *options, enum filter_kind kind, const char *expression) {
  if (!options->filter) options->filter = filter_new();
  filter_set(options->filter, kind, expression);
}

static bool is_field_name(const char *name, size_t length) {
  for (size_t i = 0; i < length; i++) {
    char c = name[i], lower = (char)(c | 32);
    if (!(c == '_' || (lower >= 'a' && lower <= 'z') || (i > 0 && c >= '0' && c <= '9'))) return false;
  }
  return length > 0;
}

static void add_also(struct options *options, const char *argument) {
  static const char *const own[] = {"rank",   "value", "percent",  "base",      "change", "change_percent", "state",
                                    "frames", "path",  "function", "structure", "objects", "mean_size"};
  const char *equals = strchr(argument, '=');
  if (!equals || !is_field_name(argument, (size_t)(equals - argument)) || !equals[1])
    fail_usage("--also '%s' is not NAME=FILE with a NAME of letters, digits and '_'", argument);
  char *name = take_copy_of(argument, (size_t)(equals - argument));
  for (size_t i = 0; i < options->also_count; i++)
    if (strcmp(options->also[i].name, name) == 0) fail_usage("--also names '%s' twice", name);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strcmp(own[i], name) == 0) fail_usage("--also: '%s' is the name of another field; choose another", name);
  grow(&options->also, &options->also_capacity, options->also_count + 1, sizeof *options->also);
  options->also[options->also_count++] = (struct also){.name = name, .file = equals + 1};
}

static void set_file(const char **file, const char *option, const char *argument) {
  if (*file) fail_usage("%s is given twice", option);
  *file = argument;
}

_Noreturn static void list_patterns(const char *argument) {
  if (strcmp(argument, "allocators") == 0) show_help(allocators_text);
  if (strcmp(argument, "structures") == 0) show_help(structures_text);
  fail_usage("--list '%s' is neither allocators nor structures", argument);
}

static void check_options(const struct options *options) {
  enum mode mode = options->mode;
  if (options->depth > 0 && mode != PATHS && mode != REPORT) fail_usage("--depth wants --paths or --report");
  if ((options->title || options->color) && mode != REPORT) fail_usage("--title and --color want --report");
  if (options->has_order && mode != FUNCTIONS && mode != ONE_FUNCTION)
    fail_usage("--cum ranks functions; it has no meaning with --paths or --report");
  if (mode == ONE_FUNCTION && (options->has_top || options->has_min_percent || options->has_key))
    fail_usage("--function shows one row; -n, --min-percent and --by have no meaning with it");
  if (mode == REPORT && (options->has_format || options->table.budget || options->base || options->also_count))
    fail_usage("--format, --budget, --base and --also are of tables; they have no meaning with --report");
  if (options->base && options->relative) fail_usage("--relative has no meaning with --base");
  if (options->color && strcmp(options->color, "auto") != 0 && strcmp(options->color, "always") != 0 &&
      strcmp(options->color, "never") != 0)
    fail_usage("--color '%s' is not one of auto, always, never", options->color);
}

static void parse_options(struct options *options, int argc, char **argv) {
  enum { BY = 256, CUM, MIN_PERCENT, PATHS_OPTION, DEPTH, FUNCTION, REPORT_OPTION, TITLE, UNIT, COLOR, RAW, ALLOCATORS,
         STRUCTURES, LIST, FOCUS, IGNORE, HIDE, SHOW, RELATIVE, FRAMES, BASE, OBJECTS, ALSO, FORMAT, BUDGET };
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
      {"raw", no_argument, NULL, RAW},
      {"allocators", required_argument, NULL, ALLOCATORS},
      {"structures", required_argument, NULL, STRUCTURES},
      {"list", required_argument, NULL, LIST},
      {"focus", required_argument, NULL, FOCUS},
      {"ignore", required_argument, NULL, IGNORE},
      {"hide", required_argument, NULL, HIDE},
      {"show", required_argument, NULL, SHOW},
      {"relative", no_argument, NULL, RELATIVE},
      {"frames", required_argument, NULL, FRAMES},
      {"base", required_argument, NULL, BASE},
      {"objects", required_argument, NULL, OBJECTS},
      {"also", required_argument, NULL, ALSO},
      {"format", required_argument, NULL, FORMAT},
      {"budget", required_argument, NULL, BUDGET},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  int option;
  while ((option = getopt_long(argc, argv, ":n:hV", long_options, NULL)) != -1) {
    switch (option) {
      case 'n':
        options->top = size_of_option("--top", optarg);
        options->has_top = true;
        break;
      case BY:
        options->key = key_of_option(optarg);
        options->has_key = true;
        break;
      case CUM:
        options->order = ORDER_CUMULATIVE;
        options->has_order = true;
        break;
      case MIN_PERCENT:
        options->min_percent_millionths = percent_of_option(optarg);
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
      case UNIT: options->unit = *optarg ? optarg : NULL; break;
      case COLOR: options->color = optarg; break;
      case RAW: options->raw = true; break;
      case ALLOCATORS: patterns_add_file(&options->allocators, optarg); break;
      case STRUCTURES: patterns_add_file(&options->structures, optarg); break;
      case LIST: list_patterns(optarg);
      case FOCUS: set_filter(options, FILTER_FOCUS, optarg); break;
      case IGNORE: set_filter(options, FILTER_IGNORE, optarg); break;
      case HIDE: set_filter(options, FILTER_HIDE, optarg); break;
      case SHOW: set_filter(options, FILTER_SHOW, optarg); break;
      case RELATIVE: options->relative = true; break;
      case FRAMES: set_file(&options->frames, "--frames", optarg); break;
      case BASE: set_file(&options->base, "--base", optarg); break;
      case OBJECTS: set_file(&options->objects, "--objects", optarg); break;
      case ALSO: add_also(options, optarg); break;
      case FORMAT:
        options->table.format = table_format_of(optarg);
        options->has_format = true;
        break;
      case BUDGET: options->table.budget = table_budget_of(optarg); break;
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

/* What a user added stands before what is built in, and so decides where both fit. */
static void add_built_in(struct options *options) {
  allocators_add_built_in(&options->allocators);
  patterns_add_text(&options->structures, "built-in structures", structures_text, sizeof structures_text - 1);
}

static bool wants_color(const char *when) {
  if (when && strcmp(when, "always") == 0) return true;
  if (when && strcmp(when, "never") == 0) return false;
  const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return !(no_color && *no_color) && !(terminal && strcmp(terminal, "dumb") == 0) && isatty(STDOUT_FILENO);
}

static void read_column(struct profile *profile, const char *name, char *const *files, size_t count) {
  profile_begin_column(profile, name);
  for (size_t i = 0; i < count; i++) profile_read(profile, files[i]);
  profile_end_column(profile);
}

static size_t read_file_as_column(struct profile *profile, const char *name, const char *file) {
  if (!file) return 0;
  read_column(profile, name, (char *[]){(char *)file}, 1);
  return profile->column_count - 1;
}

static void read_all(const struct options *options, struct profile *profile, struct layout *layout, char *const *files,
                     size_t count) {
  read_column(profile, "", count ? files : (char *[]){(char *)"-"}, count ? count : 1);
  layout->base = read_file_as_column(profile, "base", options->base);
  layout->base_name = options->base;
  layout->objects = read_file_as_column(profile, "objects", options->objects);
  layout->also = profile->column_count;
  for (size_t i = 0; i < options->also_count; i++)
    read_file_as_column(profile, options->also[i].name, options->also[i].file);
  if (profile->columns[0].stack_count > 0 && profile->columns[0].total > 0 && profile->columns[0].selected == 0)
    report_warning("none of the stacks is left by --focus, --ignore, --hide or --show");
}

static void write_all(const struct options *options, const struct layout *layout, const struct profile *profile) {
  const struct column *column = &profile->columns[0];
  bool all = options->table.budget > 0 && !options->has_top;
  struct question question = {
      .order = options->order,
      .of_paths = options->mode == PATHS,
      .growth = layout->base > 0,
      .limit = all ? 0 : options->top,
      .min_percent_millionths = options->min_percent_millionths,
      .whole = options->relative ? column->selected : column->total,
  };
  switch (options->mode) {
    case FUNCTIONS: write_functions(layout, profile, &question); break;
    case ONE_FUNCTION: write_one_function(layout, profile, &question, options->function); break;
    case PATHS: write_paths(layout, profile, &question); break;
    case REPORT: {
      struct report report = {
          .title = options->title ? options->title : "Profile",
          .colored = wants_color(options->color),
          .top = options->top,
          .depth = profile->depth,
          .min_percent_millionths = options->min_percent_millionths,
          .whole = question.whole,
      };
      write_report(layout, &report, profile);
    }
  }
}

/* As what frames are counted, and which are never passed over. */
static void set_keys(const struct options *options, struct profile *profile) {
  enum frame_key otherwise = options->mode == PATHS ? BY_LINE : BY_FUNCTION;
  profile->frames.key = options->has_key ? options->key : otherwise;
  profile->paths_by_line = options->has_key ? options->key == BY_LINE : true;
  if (!options->function) return;
  struct frame frame = frame_of(options->function, strlen(options->function));
  if (frame.file.length > 0) profile->frames.key = BY_LINE;
  profile->never_passed_over = frame.function;
}

int main(int argc, char **argv) {
  report_tool("rankalloc");
  struct options options = {.top = DEFAULT_TOP, .structures.has_notes = true};
  parse_options(&options, argc, argv);
  add_built_in(&options);
  struct profile profile = {
      .wants_paths = options.mode == PATHS || options.mode == REPORT,
      .raw = options.raw,
      .depth = options.depth ? options.depth : DEFAULT_DEPTH,
      .allocators = &options.allocators,
      .structures = &options.structures,
  };
  set_keys(&options, &profile);
  struct modules *modules = options.frames ? modules_read(options.frames) : NULL;
  profile.frames.filter = options.filter;
  profile.frames.modules = modules;
  profile_begin(&profile);
  struct layout layout = {.unit = options.unit, .options = options.table};
  read_all(&options, &profile, &layout, argv + optind, (size_t)(argc - optind));
  write_all(&options, &layout, &profile);
  close_output();
  profile_free(&profile);
  modules_free(modules);
  filter_free(options.filter);
  patterns_free(&options.allocators);
  patterns_free(&options.structures);
  for (size_t i = 0; i < options.also_count; i++) free(options.also[i].name);
  free(options.also);
  return 0;
}

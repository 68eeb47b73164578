/* Several folded profiles side by side: what each costs and where, with metrics beside it; what the best one does without;
 * or points over the metrics. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "allocators.h"
#include "interned.h"
#include "memory.h"
#include "report.h"
#include "stackcompare/comparison.h"

static const char help[] =
    "usage: stackcompare [OPTION]... PROFILE...\n"
    "       stackcompare --points --metrics FILE [OPTION]... [PROFILE]...\n"
    "Compares profiles in folded stacks: a row for each with its total, metrics and greatest functions, the least\n"
    "total first, and what it has more of than that one.\n"
    "\n"
    "      --functions        instead: a row for each function, a column for each profile, what tells the best\n"
    "                         from the mean of the others first\n"
    "      --points           instead: in each metric, and the total, a profile gets a point for each that it is\n"
    "                         not worse than, itself included; their sums\n"
    "      --metrics FILE     TSV of metrics, a row for each profile, named in its first column\n"
    "      --higher NAMES     metrics in which more is better, separated by commas (default: none)\n"
    "      --order NAME       the metric that says which profile is the best (default: the total)\n"
    "      --centres K        the K greatest functions of each (default 3, at most 20)\n"
    "      --cum              cumulative values of functions, not self values\n"
    "      --raw              allocators' functions (malloc, operator new, ...) as all others; else what they\n"
    "                         were called for is charged to their caller\n"
    "      --allocators FILE  further allocators, one pattern a line (rankalloc --list allocators)\n"
    "  -n, --top N            at most N rows (default 30; 0: all)\n"
    "      --by KEY           function: leave out the ' (FILE:LINE)' of frames (default); line: keep it\n"
    "      --min-percent P    only functions with at least P percent of a profile's total\n"
    "      --focus REGEX      only stacks with a frame that fits (function, file or module)\n"
    "      --ignore REGEX     only stacks without a frame that fits\n"
    "      --format FORMAT    tsv (default) or json\n"
    "      --budget N         at most N bytes\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "A profile is called as its file, without folder and endings (.folded, .gz, ...). One may be - for standard\n"
    "input. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { DEFAULT_TOP = 30, DEFAULT_CENTRES = 3, MOST_CENTRES = 20 };

/* ---- reading ---- */

/* A file's name without its folder and the endings that say how it is stored. The caller frees. */
static char *name_of(const char *path) {
  static const char *const endings[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".folded"};
  if (strcmp(path, "-") == 0) return take_copy("<stdin>");
  const char *slash = strrchr(path, '/');
  char *name = take_copy(slash && slash[1] ? slash + 1 : path);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    size_t length = strlen(name), ending = strlen(endings[i]);
    if (length > ending && strcmp(name + length - ending, endings[i]) == 0) name[length - ending] = '\0';
  }
  return name;
}

static uint64_t *values_of(struct comparison *comparison, const struct stack *function) {
  size_t old = comparison->capacity;
  grow(&comparison->values, &comparison->capacity, product_of(function->number + 1, comparison->count),
       sizeof *comparison->values);
  memset(comparison->values + old, 0, (comparison->capacity - old) * sizeof *comparison->values);
  return &comparison->values[function->number * comparison->count];
}

static void read_profile(struct comparison *comparison, size_t number) {
  struct profile *profile = &comparison->profiles[number];
  struct interned interned = {.view = &comparison->options->view};
  if (!comparison->options->raw) interned.allocators = &comparison->options->allocators;
  interned_read(&interned, profile->path);
  profile->total = interned.total;
  uint64_t *self, *cumulative;
  interned_sums(&interned, &self, &cumulative);
  for (size_t i = 0; i < interned.keys.count; i++) {
    const struct stack *function = stacks_find(&comparison->functions, interned.names[i]->bytes, interned.names[i]->length);
    values_of(comparison, function)[number] = comparison->options->by_cumulative ? cumulative[i] : self[i];
  }
  free(self);
  free(cumulative);
  interned_free(&interned);
}

/* ---- order ---- */

static int compare_profiles(const void *a, const void *b) {
  const struct profile *left = a, *right = b;
  if (left->standing != right->standing) return left->standing < right->standing ? -1 : 1;
  if (left->total != right->total) return left->total < right->total ? -1 : 1;
  return strcmp(left->name, right->name);
}

static void order(struct comparison *comparison) {
  const struct metrics *metrics = &comparison->metrics;
  size_t column = comparison->options->order ? metrics_column(metrics, comparison->options->order) : 0;
  for (size_t i = 0; i < comparison->count; i++) {
    struct profile *profile = &comparison->profiles[i];
    profile->standing = comparison->options->order ? metrics_standing(metrics, profile->metrics_row, column) : 0;
  }
  qsort(comparison->profiles, comparison->count, sizeof *comparison->profiles, compare_profiles);
}

/* ---- options ---- */

static void parse_options(struct options *options, int argc, char **argv) {
  enum { FUNCTIONS_OPTION = VIEW_FIRST_OWN, POINTS_OPTION, METRICS, HIGHER, ORDER, CENTRES, CUM, RAW, ALLOCATORS };
  static const struct option long_options[] = {
      {"functions", no_argument, NULL, FUNCTIONS_OPTION},
      {"points", no_argument, NULL, POINTS_OPTION},
      {"metrics", required_argument, NULL, METRICS},
      {"higher", required_argument, NULL, HIGHER},
      {"order", required_argument, NULL, ORDER},
      {"centres", required_argument, NULL, CENTRES},
      {"cum", no_argument, NULL, CUM},
      {"raw", no_argument, NULL, RAW},
      {"allocators", required_argument, NULL, ALLOCATORS},
      VIEW_OPTIONS,
  };
  int option;
  while ((option = getopt_long(argc, argv, VIEW_SHORT_OPTIONS, long_options, NULL)) != -1) {
    switch (option) {
      case FUNCTIONS_OPTION:
      case POINTS_OPTION:
        if (options->mode != PROFILES) fail_usage("--functions and --points exclude each other");
        options->mode = option == POINTS_OPTION ? POINTS : FUNCTIONS;
        break;
      case METRICS: options->metrics = optarg; break;
      case HIGHER: options->higher = optarg; break;
      case ORDER: options->order = optarg; break;
      case CENTRES:
        options->centres = view_count("--centres", optarg);
        if (options->centres > MOST_CENTRES) fail_usage("--centres '%s' is more than %d", optarg, MOST_CENTRES);
        break;
      case CUM: options->by_cumulative = true; break;
      case RAW: options->raw = true; break;
      case ALLOCATORS: patterns_add_file(&options->allocators, optarg); break;
      default: view_option(&options->view, option, optarg, help, argv);
    }
  }
  if (!options->metrics && (options->higher || options->order || options->mode == POINTS))
    fail_usage("--points, --higher and --order want --metrics");
  size_t count = (size_t)(argc - optind);
  if (count < 2 && (options->mode != POINTS || count == 1)) fail_usage("two profiles or more are wanted; %zu were named", count);
}

static void name_profiles(struct comparison *comparison, char *const *paths) {
  struct stacks names = {0};
  bool metrics_alone = comparison->count == 0;
  if (metrics_alone) comparison->count = comparison->metrics.row_count;
  comparison->profiles = take_array(comparison->count, sizeof *comparison->profiles);
  for (size_t i = 0; i < comparison->count; i++) {
    struct profile *profile = &comparison->profiles[i];
    *profile = (struct profile){.path = metrics_alone ? NULL : paths[i], .number = i, .metrics_row = i};
    profile->name = metrics_alone ? take_copy(comparison->metrics.rows[i]) : name_of(paths[i]);
    if (stacks_known(&names, profile->name, strlen(profile->name)))
      fail_usage("two profiles are called '%s'; give their files different names", profile->name);
    stacks_find(&names, profile->name, strlen(profile->name));
    if (comparison->options->metrics) profile->metrics_row = metrics_row(&comparison->metrics, profile->name);
  }
  stacks_free(&names);
}

int main(int argc, char **argv) {
  report_tool("stackcompare");
  struct options options = {.view = {.top = DEFAULT_TOP}, .centres = DEFAULT_CENTRES};
  allocators_add_built_in(&options.allocators);
  parse_options(&options, argc, argv);
  struct comparison comparison = {.options = &options, .count = (size_t)(argc - optind)};
  if (options.metrics) comparison.metrics = metrics_read(options.metrics, options.higher);
  name_profiles(&comparison, argv + optind);
  for (size_t i = 0; i < comparison.count && has_profiles(&comparison); i++) {
    read_profile(&comparison, i);
    if (comparison.profiles[i].total == 0) fail_at(comparison.profiles[i].path, 0, "the values of all its stacks are 0");
  }
  order(&comparison);
  switch (options.mode) {
    case PROFILES: write_profiles(&comparison); break;
    case FUNCTIONS: write_functions(&comparison); break;
    case POINTS: write_points(&comparison); break;
  }
  close_output();
  for (size_t i = 0; i < comparison.count; i++) free(comparison.profiles[i].name);
  free(comparison.profiles);
  free(comparison.values);
  stacks_free(&comparison.functions);
  metrics_free(&comparison.metrics);
  patterns_free(&options.allocators);
  view_free(&options.view);
  return 0;
}

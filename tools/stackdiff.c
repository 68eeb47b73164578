/* Two folded profiles in, BASE and EXP; out comes what each function or call path has in both, and what that is: it grew,
 * shrank, is new or gone, or the values are too small to say. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocators.h"
#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"
#include "stacks.h"
#include "table.h"
#include "view.h"

static const char help[] =
    "usage: stackdiff [OPTION]... BASE EXP\n"
    "Compares two profiles in folded stacks, function by function or path by path.\n"
    "\n"
    "  -n, --top N            show the N greatest differences (default 20; 0: all)\n"
    "      --cum              compare cumulative values, not self values\n"
    "      --by KEY           function: leave out the ' (FILE:LINE)' of frames (default); line: keep it\n"
    "      --paths            compare whole stacks\n"
    "      --depth D          with --paths: their innermost D frames\n"
    "      --function NAME    one row, for the function NAME, zeros if it does not occur\n"
    "      --normalize        scale EXP so that both totals are equal\n"
    "      --floor V          claim nothing of what has less than V in both (default 20)\n"
    "      --samples          the values count samples: claim nothing of a difference within twice its\n"
    "                         standard deviation, the root of the sum of both\n"
    "      --period N         --samples, of which each counts N (perf's periods); default: what divides all\n"
    "                         values, where that is 1000 or more, else 1\n"
    "      --raw              allocators' functions (malloc, operator new, ...) as all others; else what they\n"
    "                         were called for is charged to their caller\n"
    "      --allocators FILE  further allocators, one pattern a line (rankalloc --list allocators)\n"
    "      --min-percent P    only differences of at least P percent of BASE's total\n"
    "      --focus REGEX      only stacks with a frame that fits (function, file or module)\n"
    "      --ignore REGEX     only stacks without a frame that fits\n"
    "      --format FORMAT    tsv (default) or json\n"
    "      --budget N         at most N bytes, the greatest differences first\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "One of BASE and EXP may be - for standard input. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { BASE, EXP, SIDES, DEFAULT_TOP = 20, DEFAULT_FLOOR = 20, LEAST_PERIOD = 1000 };

struct options {
  struct view view;
  size_t depth, floor, period; /* period 0: it is to be found */
  bool by_cumulative, by_path, normalize, are_samples, raw;
  struct patterns allocators;
  const char *function;
};

/* What one function or path has in each of the two. */
struct values {
  uint64_t self[SIDES], cumulative[SIDES];
  size_t last_stack; /* in which it was met last, from 1, so that it counts once */
  enum { NOT_LOOKED_AT, IS_ALLOCATOR, IS_NONE } allocator;
};

struct comparison {
  const struct options *options;
  const char *path[SIDES];
  uint64_t total[SIDES];
  size_t stack_count; /* of both */
  uint64_t divisor, least; /* the greatest that divides all values, and the least of them but 0 */
  double period;           /* what a sample counts */
  struct stacks names;
  struct values *values; /* by the number of the name */
  size_t capacity;
  struct text scratch;
};

/* ---- reading ---- */

static struct values *values_of(struct comparison *comparison, const char *name, size_t length) {
  size_t number = stacks_find(&comparison->names, name, length)->number, old = comparison->capacity;
  grow(&comparison->values, &comparison->capacity, number + 1, sizeof *comparison->values);
  memset(comparison->values + old, 0, (comparison->capacity - old) * sizeof *comparison->values);
  return &comparison->values[number];
}

/* Whether a frame is passed over on the way to what is charged; the function that was asked for never is. */
static bool is_allocator(const struct options *options, struct values *values, const char *frame, size_t length) {
  if (values->allocator == NOT_LOOKED_AT) {
    bool is_wanted = options->function && strlen(options->function) == length && memcmp(options->function, frame, length) == 0;
    bool is_one = !options->raw && !is_wanted && allocators_hold(&options->allocators, frame, length);
    values->allocator = is_one ? IS_ALLOCATOR : IS_NONE;
  }
  return values->allocator == IS_ALLOCATOR;
}

static void note_value(struct comparison *comparison, uint64_t value) {
  if (value == 0) return;
  if (comparison->least == 0 || value < comparison->least) comparison->least = value;
  for (uint64_t rest; comparison->divisor != 1 && value > 0; value = rest) { /* Euclid */
    rest = comparison->divisor % value;
    comparison->divisor = value;
  }
}

/* Values such as perf's periods are no counts: what each sample counts divides them all. */
static double period_of(const struct comparison *comparison) {
  if (!comparison->options->are_samples) return 1;
  if (comparison->options->period > 0) return (double)comparison->options->period;
  if (comparison->divisor >= LEAST_PERIOD) return (double)comparison->divisor;
  if (comparison->least >= LEAST_PERIOD)
    report_warning("the least value is %" PRIu64 ": these are no counts of samples; --period says what a sample counts",
                   comparison->least);
  return 1;
}

/* Where the innermost frame ends that is no allocator's; where all are, the innermost of all. */
static const char *charged_end(struct comparison *comparison, const struct folded_line *line) {
  for (const char *end = line->stack + line->length;;) {
    const char *semicolon = memrchr(line->stack, ';', (size_t)(end - line->stack));
    const char *frame = semicolon ? semicolon + 1 : line->stack;
    size_t length = view_key_length(&comparison->options->view, frame, (size_t)(end - frame));
    if (!is_allocator(comparison->options, values_of(comparison, frame, length), frame, length)) return end;
    if (!semicolon) return line->stack + line->length;
    end = semicolon;
  }
}

static void add_functions(struct comparison *comparison, int side, const struct folded_line *line) {
  struct values *values;
  for (const char *frame = line->stack, *end = charged_end(comparison, line);;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    size_t length = (size_t)((semicolon ? semicolon : end) - frame);
    values = values_of(comparison, frame, view_key_length(&comparison->options->view, frame, length));
    if (values->last_stack != comparison->stack_count) values->cumulative[side] += line->value; /* at most the total */
    values->last_stack = comparison->stack_count;
    if (!semicolon) break;
    frame = semicolon + 1;
  }
  values->self[side] += line->value;
}

/* Where the innermost depth frames begin; 0: all. */
static const char *leaf_part(const struct folded_line *line, size_t depth) {
  const char *start = line->stack + line->length;
  for (size_t passed = 0; passed < depth || depth == 0; passed++) {
    const char *semicolon = memrchr(line->stack, ';', (size_t)(start - line->stack));
    if (!semicolon) return line->stack;
    start = semicolon;
  }
  return start + 1;
}

static void add_path(struct comparison *comparison, int side, const struct folded_line *line) {
  const char *end = line->stack + line->length;
  text_clear(&comparison->scratch);
  for (const char *frame = leaf_part(line, comparison->options->depth);;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    size_t length = (size_t)((semicolon ? semicolon : end) - frame);
    text_append(&comparison->scratch, frame, view_key_length(&comparison->options->view, frame, length));
    if (!semicolon) break;
    text_append_char(&comparison->scratch, ';');
    frame = semicolon + 1;
  }
  values_of(comparison, comparison->scratch.bytes, comparison->scratch.length)->self[side] += line->value;
}

static void read_side(struct comparison *comparison, int side) {
  struct input *input = input_open(comparison->path[side]);
  struct folded_line line;
  enum folded_outcome outcome;
  size_t before = comparison->stack_count;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK) {
    if (!add_checked(&comparison->total[side], line.value))
      fail_at(input_name(input), input_line_number(input), "the values add up to more than 64 bits");
    comparison->stack_count++;
    note_value(comparison, line.value);
    if (!view_selects(&comparison->options->view, line.stack, line.length)) continue;
    if (comparison->options->by_path) add_path(comparison, side, &line);
    else add_functions(comparison, side, &line);
  }
  if (outcome == FOLDED_CUT_OFF)
    fail_at(input_name(input), input_line_number(input), "ends in the middle of a line; the file was cut off");
  if (comparison->stack_count == before) fail_at(input_name(input), 0, "holds no stacks");
  if (comparison->total[side] == 0) 
    fail_at(input_name(input), 0, "the values of all its stacks are 0; there is nothing to compare");
  input_close(input);
}

/* ---- comparing: without rounding, so in 128 bits ---- */

typedef unsigned __int128 wide;

/* A function or path. Where EXP is scaled, both are on the scale of the product of both totals. */
struct row {
  const struct stack *name;
  uint64_t base, exp; /* as they are in the profiles */
  wide wide_base, wide_exp, difference;
};

/* By what a value of BASE (or of EXP, by the total of the other) is multiplied. */
static uint64_t factor(const struct comparison *comparison, int other) {
  return comparison->options->normalize ? comparison->total[other] : 1;
}

static struct row row_of_values(const struct comparison *comparison, const struct stack *name) {
  struct row row = {.name = name};
  if (name) {
    const struct values *values = &comparison->values[name->number];
    const uint64_t *both = comparison->options->by_cumulative ? values->cumulative : values->self;
    row.base = both[BASE];
    row.exp = both[EXP];
  }
  row.wide_base = (wide)row.base * factor(comparison, EXP);
  row.wide_exp = (wide)row.exp * factor(comparison, BASE);
  row.difference = row.wide_exp > row.wide_base ? row.wide_exp - row.wide_base : row.wide_base - row.wide_exp;
  return row;
}

/* EXP's value on BASE's scale. */
static uint64_t shown_exp(const struct comparison *comparison, const struct row *row) {
  wide whole = factor(comparison, EXP);
  return (uint64_t)(row->wide_exp / whole + (row->wide_exp % whole >= whole - whole / 2));
}

/* difference / whole in hundredths of a percent, rounded half up. */
static int64_t signed_hundredths(const struct row *row, wide whole) {
  wide times = row->difference / whole, rest = row->difference % whole;
  if (times > INT64_MAX / 20000) return row->wide_exp > row->wide_base ? INT64_MAX : -INT64_MAX;
  for (; whole >> 112; whole >>= 1) rest >>= 1;
  int64_t hundredths = (int64_t)(times * 10000 + (rest * 20000 + whole) / (whole * 2));
  return row->wide_exp > row->wide_base ? hundredths : -hundredths;
}

/* Counts of samples vary by the root of what is expected (Poisson), and independently in the two profiles. */
static bool is_within_noise(const struct comparison *comparison, const struct row *row) {
  double scale = comparison->options->normalize ? (double)comparison->total[BASE] / (double)comparison->total[EXP] : 1;
  double base = (double)row->base / comparison->period, exp = (double)row->exp / comparison->period;
  return fabs(exp * scale - base) <= 2 * sqrt(base + exp * scale * scale);
}

static const char *change_of(const struct comparison *comparison, const struct row *row) {
  double floor = (double)comparison->options->floor * comparison->period;
  if ((double)row->base < floor && (double)row->exp < floor) return "few";
  if (row->difference == 0) return "same";
  if (comparison->options->are_samples && is_within_noise(comparison, row)) return "unclear";
  if (row->base == 0) return "new";
  if (row->exp == 0) return "gone";
  return row->wide_exp > row->wide_base ? "grew" : "shrank";
}

static int compare_rows(const void *a, const void *b) {
  const struct row *left = a, *right = b;
  if (left->difference != right->difference) return left->difference > right->difference ? -1 : 1;
  return strcmp(left->name->bytes, right->name->bytes); /* they hold no NUL */
}

static struct row *sorted_rows(const struct comparison *comparison) {
  struct row *rows = take_array(comparison->names.count, sizeof *rows);
  size_t count = 0, position = 0;
  for (const struct stack *name; (name = stacks_next(&comparison->names, &position));)
    rows[count++] = row_of_values(comparison, name);
  qsort(rows, count, sizeof *rows, compare_rows);
  return rows;
}

/* ---- writing ---- */

static struct table *begin(const struct comparison *comparison) {
  static const char *const functions[] = {"rank", "function", "base", "exp", "difference", "percent", "points", "change"};
  static const char *const paths[] = {"rank", "path", "base", "exp", "difference", "percent", "points", "change"};
  const struct options *options = comparison->options;
  struct table *table = table_begin(stdout, options->by_path ? "assay.diff-paths" : "assay.diff-functions",
                                    options->by_path ? paths : functions, 8, &options->view.table);
  table_fact_text(table, "base", comparison->path[BASE], true);
  table_fact_text(table, "exp", comparison->path[EXP], true);
  table_fact_count(table, "base_total", comparison->total[BASE], true);
  table_fact_count(table, "exp_total", comparison->total[EXP], true);
  table_fact_text(table, "scale", options->normalize ? "exp was scaled to the total of base" : "raw", true);
  table_fact_text(table, "value", options->by_cumulative ? "cumulative" : "self", true);
  table_fact_count(table, "floor", options->floor, true);
  if (options->are_samples) table_fact_count(table, "period", (uint64_t)comparison->period, true);
  return table;
}

static void write_row(struct table *table, const struct comparison *comparison, const struct row *row, size_t rank,
                      const char *name) {
  uint64_t exp = shown_exp(comparison, row);
  table_row(table, row->base > exp ? row->base - exp : exp - row->base);
  table_count(table, rank);
  if (comparison->options->by_path) table_stack(table, name, strlen(name));
  else table_text(table, name, strlen(name));
  table_count(table, row->base);
  table_count(table, exp);
  table_difference(table, row->base, exp);
  if (row->base > 0) table_signed_hundredths(table, signed_hundredths(row, row->wide_base));
  else table_missing(table);
  table_signed_hundredths(table, signed_hundredths(row, (wide)comparison->total[BASE] * factor(comparison, EXP)));
  const char *change = change_of(comparison, row);
  table_text(table, change, strlen(change));
}

static bool is_great_enough(const struct comparison *comparison, const struct row *row) {
  long double total = (long double)comparison->total[BASE] * (long double)factor(comparison, EXP);
  return (long double)row->difference * 100 >= total * (long double)comparison->options->view.min_percent;
}

static void write_differences(const struct comparison *comparison) {
  struct row *rows = sorted_rows(comparison);
  size_t limit = view_shown(&comparison->options->view, comparison->names.count), rank = 0, few = 0, same = 0, left_out = 0;
  uint64_t greatest_left_out = 0;
  for (size_t i = 0; i < comparison->names.count; i++) {
    bool is_few = strcmp(change_of(comparison, &rows[i]), "few") == 0;
    few += is_few;
    same += !is_few && rows[i].difference == 0;
  }
  struct table *table = begin(comparison);
  table_fact_count(table, "below_floor", few, true);
  table_fact_count(table, "same", same, true);
  for (size_t i = 0; i < comparison->names.count && rows[i].difference > 0; i++) {
    if (strcmp(change_of(comparison, &rows[i]), "few") == 0) continue;
    rank++;
    if (rank <= limit && is_great_enough(comparison, &rows[i])) {
      write_row(table, comparison, &rows[i], rank, rows[i].name->bytes);
    } else if (left_out++ == 0) {
      uint64_t exp = shown_exp(comparison, &rows[i]);
      greatest_left_out = rows[i].base > exp ? rows[i].base - exp : exp - rows[i].base;
    }
  }
  table_leave_out(table, left_out, greatest_left_out);
  table_end(table);
  free(rows);
}

static void write_function(const struct comparison *comparison) {
  const char *function = comparison->options->function;
  const struct stack *name = stacks_known(&comparison->names, function, strlen(function));
  size_t rank = 0;
  if (name) {
    struct row *rows = sorted_rows(comparison);
    while (rows[rank++].name != name) continue;
    free(rows);
  }
  struct row row = row_of_values(comparison, name);
  struct table *table = begin(comparison);
  write_row(table, comparison, &row, rank, function);
  table_end(table);
}

/* ---- options ---- */

static void parse_options(struct options *options, int argc, char **argv) {
  enum { CUM = VIEW_FIRST_OWN, PATHS, DEPTH, FUNCTION, NORMALIZE, FLOOR, SAMPLES, PERIOD, RAW, ALLOCATORS };
  static const struct option long_options[] = {
      {"cum", no_argument, NULL, CUM},
      {"paths", no_argument, NULL, PATHS},
      {"depth", required_argument, NULL, DEPTH},
      {"function", required_argument, NULL, FUNCTION},
      {"normalize", no_argument, NULL, NORMALIZE},
      {"floor", required_argument, NULL, FLOOR},
      {"samples", no_argument, NULL, SAMPLES},
      {"period", required_argument, NULL, PERIOD},
      {"raw", no_argument, NULL, RAW},
      {"allocators", required_argument, NULL, ALLOCATORS},
      VIEW_OPTIONS,
  };
  int option;
  while ((option = getopt_long(argc, argv, VIEW_SHORT_OPTIONS, long_options, NULL)) != -1) {
    switch (option) {
      case CUM: options->by_cumulative = true; break;
      case PATHS: options->by_path = true; break;
      case DEPTH:
        options->depth = view_count("--depth", optarg);
        if (options->depth == 0) fail_usage("--depth wants 1 or more frames");
        break;
      case FUNCTION:
        if (!*optarg) fail_usage("--function wants a name");
        options->function = optarg;
        break;
      case NORMALIZE: options->normalize = true; break;
      case FLOOR: options->floor = view_count("--floor", optarg); break;
      case SAMPLES: options->are_samples = true; break;
      case PERIOD:
        options->period = view_count("--period", optarg);
        if (options->period == 0) fail_usage("--period wants 1 or more");
        options->are_samples = true;
        break;
      case RAW: options->raw = true; break;
      case ALLOCATORS: patterns_add_file(&options->allocators, optarg); break;
      default: view_option(&options->view, option, optarg, help, argv);
    }
  }
  if (options->by_path && (options->by_cumulative || options->function))
    fail_usage("--paths compares stacks; --cum and --function have no meaning with it");
  if (options->depth > 0 && !options->by_path) fail_usage("--depth wants --paths");
  if (argc - optind != 2) fail_usage("two profiles are wanted, BASE and EXP; %d were named", argc - optind);
  if (strcmp(argv[optind], "-") == 0 && strcmp(argv[optind + 1], "-") == 0)
    fail_usage("only one of BASE and EXP can be standard input");
}

int main(int argc, char **argv) {
  report_tool("stackdiff");
  struct options options = {.view = {.top = DEFAULT_TOP}, .floor = DEFAULT_FLOOR};
  allocators_add_built_in(&options.allocators);
  parse_options(&options, argc, argv);
  size_t name_length;
  if (options.function && frame_has_line(options.function, strlen(options.function), &name_length)) options.view.by_line = true;
  struct comparison comparison = {.options = &options};
  for (int side = 0; side < SIDES; side++) {
    comparison.path[side] = argv[optind + side];
    read_side(&comparison, side);
  }
  comparison.period = period_of(&comparison);
  if (options.function) write_function(&comparison);
  else write_differences(&comparison);
  close_output();
  stacks_free(&comparison.names);
  free(comparison.values);
  text_free(&comparison.scratch);
  patterns_free(&options.allocators);
  view_free(&options.view);
  return 0;
}

/* Folded stacks in; out comes a flame graph: an SVG with its own script, for a browser. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "report.h"
#include "stackflame/draw.h"
#include "stackflame/layout.h"
#include "stackflame/side.h"
#include "stackflame/tree.h"

static const char help[] =
    "usage: stackflame [OPTION]... [FILE]...\n"
    "Draws folded stacks as a flame graph (SVG); those of all FILEs are added together.\n"
    "\n"
    "      --icicle           the root at the top, not at the bottom\n"
    "      --reverse          stacks from the leaf on: callers stand on what they call\n"
    "      --by KEY           line (default): frames as they are; function: without their ' (FILE:LINE)'\n"
    "      --color BY         language (default), module, name\n"
    "      --frames TSV       modules of frames, as symbolize --frames writes them\n"
    "      --title T          title (default: Flame graph)\n"
    "      --unit U           unit of the values\n"
    "      --width PX         width where it is not shown in a browser (default 1200)\n"
    "      --min-width PX     merge frames that are narrower (default 1)\n"
    "      --max-depth N      merge frames that are deeper (default 1000)\n"
    "\n"
    "Differences, red where there is more and blue where there is less:\n"
    "      --base BASE        compare with the folded stacks BASE; those of FILEs are EXP\n"
    "      --two-values       lines are 'STACK BASE EXP'\n"
    "      --normalize        compare as if BASE and EXP had equal totals\n"
    "      --widths W         what widths show: exp (default), base\n"
    "\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { MOST_DEPTH = 100000 };

struct options {
  struct drawing drawing;
  const char *base, *frames;
  bool two_values, by_base, leaf_first, without_lines, has_color, has_widths;
  size_t max_depth;
};

/* A number of pixels, more than 0. */
static double pixels_of(const char *option, const char *text, double maximum) {
  char *end;
  double pixels = strtod(text, &end);
  bool is_plain = *text && strspn(text, "0123456789.") == strlen(text);
  if (!is_plain || *end || !(pixels > 0) || pixels > maximum)
    fail_usage("%s '%s' is not a number of pixels, more than 0 and at most %g", option, text, maximum);
  return pixels;
}

static enum coloring coloring_of(const char *text) {
  if (strcmp(text, "language") == 0) return BY_KIND;
  if (strcmp(text, "module") == 0) return BY_MODULE;
  if (strcmp(text, "name") == 0) return BY_NAME;
  fail_usage("--color '%s' is not one of language, module, name", text);
}

/* Which of two words an argument is. */
static bool is_second(const char *option, const char *text, const char *first, const char *second) {
  if (strcmp(text, first) == 0) return false;
  if (strcmp(text, second) == 0) return true;
  fail_usage("%s '%s' is neither %s nor %s", option, text, first, second);
}

static void check_options(const struct options *options) {
  bool is_difference = options->base || options->two_values;
  if (options->base && options->two_values) fail_usage("--base and --two-values exclude each other");
  if (!is_difference && options->drawing.normalized) fail_usage("--normalize wants --base or --two-values");
  if (!is_difference && options->has_widths) fail_usage("--widths wants --base or --two-values");
  if (is_difference && options->has_color) fail_usage("--color has no meaning in a difference, which is red and blue");
  if (options->frames && options->drawing.coloring != BY_MODULE) fail_usage("--frames wants --color=module");
}

static void parse_options(struct options *options, int argc, char **argv) {
  enum {
    ICICLE = 256,
    REVERSE,
    BY,
    COLOR,
    FRAMES,
    TITLE,
    UNIT,
    WIDTH,
    MIN_WIDTH,
    MAX_DEPTH,
    BASE,
    TWO_VALUES,
    NORMALIZE,
    WIDTHS
  };
  static const struct option long_options[] = {
      {"icicle", no_argument, NULL, ICICLE},
      {"reverse", no_argument, NULL, REVERSE},
      {"by", required_argument, NULL, BY},
      {"color", required_argument, NULL, COLOR},
      {"frames", required_argument, NULL, FRAMES},
      {"title", required_argument, NULL, TITLE},
      {"unit", required_argument, NULL, UNIT},
      {"width", required_argument, NULL, WIDTH},
      {"min-width", required_argument, NULL, MIN_WIDTH},
      {"max-depth", required_argument, NULL, MAX_DEPTH},
      {"base", required_argument, NULL, BASE},
      {"two-values", no_argument, NULL, TWO_VALUES},
      {"normalize", no_argument, NULL, NORMALIZE},
      {"widths", required_argument, NULL, WIDTHS},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  struct drawing *drawing = &options->drawing;
  int option;
  while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
    switch (option) {
      case ICICLE: drawing->is_icicle = true; break;
      case REVERSE: options->leaf_first = true; break;
      case BY: options->without_lines = is_second("--by", optarg, "line", "function"); break;
      case COLOR:
        drawing->coloring = coloring_of(optarg);
        options->has_color = true;
        break;
      case FRAMES: options->frames = optarg; break;
      case TITLE: drawing->title = optarg; break;
      case UNIT: drawing->unit = *optarg ? optarg : NULL; break;
      case WIDTH: drawing->width = pixels_of("--width", optarg, 100000); break;
      case MIN_WIDTH: drawing->min_width = pixels_of("--min-width", optarg, 1000); break;
      case MAX_DEPTH: options->max_depth = argument_count("--max-depth", optarg, MOST_DEPTH); break;
      case BASE: options->base = optarg; break;
      case TWO_VALUES: options->two_values = true; break;
      case NORMALIZE: drawing->normalized = true; break;
      case WIDTHS:
        options->by_base = is_second("--widths", optarg, "exp", "base");
        options->has_widths = true;
        break;
      case 'h': show_help(help);
      case 'V': show_version();
      default: fail_option(argv);
    }
  }
  check_options(options);
}

static const char *label_of(const char *path) { return strcmp(path, "-") == 0 ? "<stdin>" : path; }

static void read_files(struct options *options, struct tree *tree, int count, char **paths) {
  static char dash[] = "-", *standard_input[] = {dash};
  if (count == 0) {
    count = 1;
    paths = standard_input;
  }
  tree->has_base = options->base || options->two_values;
  tree->leaf_first = options->leaf_first;
  tree->without_lines = options->without_lines;
  if (options->base) tree_read(tree, options->base, BASE_VALUES);
  for (int i = 0; i < count; i++) tree_read(tree, paths[i], options->two_values ? BOTH_VALUES : EXP_VALUES);
  tree_total(tree);
  options->drawing.exp_label = label_of(paths[0]);
  options->drawing.base_label = label_of(options->base ? options->base : paths[0]);
}

/* The least value that is wide enough to be drawn. */
static uint64_t threshold_of(const struct drawing *drawing, uint64_t total) {
  double value = ceil((double)total * drawing->min_width / drawing->width);
  return value < 1 ? 1 : value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
}

int main(int argc, char **argv) {
  report_tool("stackflame");
  struct options options = {.drawing = {.title = "Flame graph", .width = 1200, .min_width = 1}, .max_depth = 1000};
  parse_options(&options, argc, argv);
  struct side side = {0};
  if (options.frames) side_read(&side, options.frames);
  struct tree tree = {0};
  read_files(&options, &tree, argc - optind, argv + optind);
  uint64_t total = options.by_base ? tree.base_total : tree.total;
  if (total == 0) fail("all values are 0; there is nothing to draw");
  struct layout layout = {
      .by_base = options.by_base,
      .threshold = threshold_of(&options.drawing, total),
      .max_rows = (uint32_t)options.max_depth + 1,
  };
  layout_make(&layout, &tree);
  options.drawing.tree = &tree;
  options.drawing.layout = &layout;
  options.drawing.side = options.frames ? &side : NULL;
  if (tree.has_base) options.drawing.coloring = BY_DIFFERENCE;
  draw_svg(&options.drawing, stdout);
  close_output();
  layout_free(&layout);
  tree_free(&tree);
  side_free(&side);
  return 0;
}

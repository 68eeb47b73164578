/* A function of a folded profile, line by line: the value of each line, and its text in the source that was profiled. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "function.h"
#include "interned.h"
#include "memory.h"
#include "report.h"
#include "stacklist/source.h"
#include "stacklist/word.h"
#include "table.h"
#include "view.h"

static const char help[] =
    "usage: stacklist [OPTION]... FUNCTION [FILE]...\n"
    "Shows the lines of a function with their values in folded stacks of frames NAME (FILE:LINE); those of all\n"
    "FILEs are added together. FUNCTION is its whole name, or a part that only one name holds.\n"
    "\n"
    "      --source REPO      a git repository that holds the source that was profiled\n"
    "      --commit ID        its commit that was profiled; nothing else is ever shown\n"
    "      --tar FILE         instead: a tar of that source\n"
    "      --sha256 HEX       the SHA-256 that this tar must have\n"
    "      --root DIR         where the source lay when it was built: frames name files below DIR\n"
    "      --context C        show C lines around each line with a value (default 2)\n"
    "  -n, --top N            at most N lines (default 33; 0: all)\n"
    "      --min-percent P    only lines with at least P percent of the function's value\n"
    "      --focus REGEX      only stacks with a frame that fits (function, file or module)\n"
    "      --ignore REGEX     only stacks without a frame that fits\n"
    "      --format FORMAT    tsv (default) or json\n"
    "      --budget N         at most N bytes, the greatest values first\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { DEFAULT_TOP = 33, DEFAULT_CONTEXT = 2 };

struct options {
  struct view view;
  const char *repository, *commit, *tar, *sha256, *root;
  size_t context;
};

/* A line of the function: one that the profile names, or one beside such a line. */
struct line {
  const struct stack *file;   /* as frames name it; NULL: frames without a line */
  struct source_file *source; /* NULL: not in the source */
  uint64_t number;
  uint64_t self, cumulative;
  size_t last_stack; /* in which it was met last, from 1, so that it counts once */
  size_t distance;   /* to the nearest line with a value */
};

struct lines {
  struct line *list;
  size_t count, capacity;
};

struct list {
  const struct options *options;
  struct interned profile; /* frames told apart by their lines */
  bool *chosen;            /* those of the function */
  size_t *line_of;         /* of each of those */
  char *function;
  uint64_t self, cumulative; /* of the function */
  struct stacks files;
  struct source source;
  struct lines lines;
};

/* ---- values ---- */

static struct line *add_line(struct lines *lines, struct line line) {
  grow(&lines->list, &lines->capacity, lines->count + 1, sizeof *lines->list);
  lines->list[lines->count] = line;
  return &lines->list[lines->count++];
}

/* Frames of one line may differ: one of them was inlined. */
static void find_lines(struct list *list) {
  struct stacks places = {0};
  struct text place = {0};
  list->line_of = take_array(list->profile.keys.count, sizeof *list->line_of);
  for (size_t i = 0; i < list->profile.keys.count; i++) {
    if (!list->chosen[i]) continue;
    struct frame frame = frame_of(list->profile.names[i]->bytes, list->profile.names[i]->length);
    struct line line = {.number = frame.line};
    if (frame.line > 0) line.file = stacks_find(&list->files, frame.file.bytes, frame.file.length);
    text_clear(&place);
    if (frame.line > 0) text_append(&place, frame.file.bytes, frame.file.length);
    text_append(&place, (const char *)&line.number, sizeof line.number);
    list->line_of[i] = stacks_find(&places, place.bytes, place.length)->number;
    if (list->line_of[i] == list->lines.count) add_line(&list->lines, line);
  }
  text_free(&place);
  stacks_free(&places);
}

/* A line, and the function, count once in a stack, however often recursion brings them there. */
static void sum_lines(struct list *list) {
  for (size_t i = 0; i < list->profile.stack_count; i++) {
    const struct interned_stack *stack = &list->profile.stacks[i];
    bool holds = false;
    struct line *line = NULL;
    for (size_t depth = 0; depth < stack->count; depth++) {
      size_t frame = list->profile.frames[stack->start + depth];
      line = list->chosen[frame] ? &list->lines.list[list->line_of[frame]] : NULL;
      if (!line) continue;
      holds = true;
      if (line->last_stack != i + 1) line->cumulative += stack->value;
      line->last_stack = i + 1;
    }
    if (holds) list->cumulative += stack->value;
    if (!line) continue;
    line->self += stack->value;
    list->self += stack->value;
  }
}

/* ---- the source ---- */

static bool has_source(const struct options *options) { return options->repository || options->tar; }

/* Without --root an absolute name is found by its end; two folders in front of such ends are one too many. */
static void check_roots(const struct list *list) {
  struct stacks files = {0}, roots = {0};
  const char *first = NULL;
  for (size_t i = 0; i < list->profile.keys.count; i++) {
    struct frame frame = frame_of(list->profile.names[i]->bytes, list->profile.names[i]->length);
    if (frame.line == 0 || frame.file.bytes[0] != '/') continue;
    size_t before = files.count;
    stacks_find(&files, frame.file.bytes, frame.file.length);
    if (files.count == before) continue;
    struct source_file *file = source_find(&list->source, frame.file.bytes, frame.file.length, NULL);
    if (!file) continue;
    const char *root = stacks_find(&roots, frame.file.bytes, frame.file.length - strlen(file->path))->bytes;
    if (roots.count > 1)
      fail("files of the profile below '%s' and below '%s' could both be those of the source; name the right folder with "
           "--root", first, root);
    first = root;
  }
  stacks_free(&files);
  stacks_free(&roots);
}

/* A source that cannot be the profiled one is refused; one that may not be is said. */
static void check_file(struct list *list, struct source_file *file, uint64_t last_line) {
  size_t lines = source_line_count(&list->source, file);
  struct text word = {0};
  if (last_line > lines)
    fail("%s of %s has %zu lines, and the profile names line %" PRIu64 ": this is not the source that was profiled", file->path,
         list->source.version, lines, last_line);
  if (own_word(list->function, &word) && !holds_word(file, word.bytes))
    report_warning("%s of %s does not hold the word '%.160s': it may not be the source that was profiled", file->path,
                   list->source.version, word.bytes);
  text_free(&word);
  if (source_was_edited(&list->source, file))
    report_warning("%s was edited in the work tree of %s; what is shown is the commit %s", file->path, list->source.where,
                   list->source.version);
}

/* A file that only its name speaks for is taken if it holds the function's name and the line. */
static struct source_file *find_by_name(struct list *list, const struct stack *name, uint64_t last_line) {
  struct source_file *file = source_find_name(&list->source, name->bytes, name->length);
  if (!file || last_line > source_line_count(&list->source, file)) return NULL;
  struct text word = {0};
  bool holds = own_word(list->function, &word) && holds_word(file, word.bytes);
  text_free(&word);
  return holds ? file : NULL;
}

static void find_sources(struct list *list) {
  const struct options *options = list->options;
  if (!options->root) check_roots(list);
  struct source_file **sources = take_array(list->files.count, sizeof(struct source_file *));
  uint64_t *last_lines = take_array(list->files.count, sizeof *last_lines);
  size_t position = 0;
  memset(last_lines, 0, list->files.count * sizeof *last_lines);
  for (size_t i = 0; i < list->lines.count; i++) {
    const struct line *line = &list->lines.list[i];
    if (line->file && line->number > last_lines[line->file->number]) last_lines[line->file->number] = line->number;
  }
  for (const struct stack *file; (file = stacks_next(&list->files, &position));) {
    sources[file->number] = source_find(&list->source, file->bytes, file->length, options->root);
    if (!sources[file->number]) sources[file->number] = find_by_name(list, file, last_lines[file->number]);
  }
  for (size_t i = 0; i < list->lines.count; i++) {
    struct line *line = &list->lines.list[i];
    if (line->file) line->source = sources[line->file->number];
  }
  for (size_t i = 0; i < list->files.count; i++)
    if (sources[i]) check_file(list, sources[i], last_lines[i]);
  free(sources);
  free(last_lines);
}

/* ---- which lines are shown ---- */

static int compare_values(const void *a, const void *b) {
  const struct line *left = a, *right = b;
  if (left->cumulative != right->cumulative) return left->cumulative > right->cumulative ? -1 : 1;
  if (left->self != right->self) return left->self > right->self ? -1 : 1;
  if (left->file != right->file) {
    if (!left->file || !right->file) return left->file ? -1 : 1;
    return strcmp(left->file->bytes, right->file->bytes);
  }
  return (left->number > right->number) - (left->number < right->number);
}

static int compare_places(const void *a, const void *b) {
  const struct line *left = a, *right = b;
  if (left->file != right->file) {
    if (!left->file || !right->file) return left->file ? -1 : 1;
    return strcmp(left->file->bytes, right->file->bytes);
  }
  if (left->number != right->number) return left->number < right->number ? -1 : 1;
  return (left->distance > right->distance) - (left->distance < right->distance);
}

/* The lines at a distance from each of the first count, as lines of their own without values. */
static void add_beside(struct list *list, size_t count, size_t distance) {
  for (size_t i = 0; i < count; i++) {
    struct line line = list->lines.list[i];
    if (!line.source) continue;
    line.self = line.cumulative = 0;
    line.distance = distance;
    uint64_t number = line.number;
    line.number = number - distance;
    if (number > distance) add_line(&list->lines, line);
    line.number = number + distance;
    if (line.number <= source_line_count(&list->source, line.source)) add_line(&list->lines, line);
  }
}

/* Sorts the lines by their places and keeps one of each, the one with a value. */
static void sort_places(struct lines *lines) {
  qsort(lines->list, lines->count, sizeof *lines->list, compare_places);
  size_t kept = 0;
  for (size_t i = 0; i < lines->count; i++) {
    const struct line *last = kept > 0 ? &lines->list[kept - 1] : NULL;
    if (!last || last->file != lines->list[i].file || last->number != lines->list[i].number)
      lines->list[kept++] = lines->list[i];
  }
  lines->count = kept;
}

static int compare_distances(const void *a, const void *b) {
  const struct line *left = a, *right = b;
  if (left->distance != right->distance) return left->distance < right->distance ? -1 : 1;
  return compare_places(a, b);
}

/* Those with the greatest values, and of the lines beside them the nearest, as far as the limit goes. */
static void choose_lines(struct list *list, struct table *table) {
  const struct view *view = &list->options->view;
  struct lines *lines = &list->lines;
  qsort(lines->list, lines->count, sizeof *lines->list, compare_values);
  size_t limit = view_shown(view, lines->count), shown = 0;
  while (shown < limit && view_is_enough(view, lines->list[shown].cumulative, list->cumulative)) shown++;
  if (shown < lines->count) table_leave_out(table, lines->count - shown, lines->list[shown].cumulative);
  lines->count = shown;
  for (size_t distance = 1; has_source(list->options) && distance <= list->options->context; distance++)
    add_beside(list, shown, distance);
  sort_places(lines);
  qsort(lines->list, lines->count, sizeof *lines->list, compare_distances);
  lines->count = view_shown(view, lines->count);
  qsort(lines->list, lines->count, sizeof *lines->list, compare_places);
}

/* ---- writing ---- */

static void write_line(struct table *table, const struct list *list, const struct line *line) {
  const char *file = line->source ? line->source->path : line->file ? line->file->bytes : NULL;
  size_t length = 0;
  const char *text = line->source ? source_line(&list->source, line->source, line->number, &length) : NULL;
  table_row(table, line->cumulative);
  if (file) table_text(table, file, strlen(file));
  else table_missing(table);
  if (file) table_count(table, line->number);
  else table_missing(table);
  table_count(table, line->self);
  table_hundredths(table, percent_hundredths(line->self, list->profile.total));
  table_count(table, line->cumulative);
  table_hundredths(table, percent_hundredths(line->cumulative, list->profile.total));
  if (text) table_text(table, text, length);
  else table_missing(table);
}

static void write_list(struct list *list) {
  static const char *const fields[] = {"file", "line", "self", "self_percent", "cumulative", "cumulative_percent", "source"};
  struct table *table = table_begin(stdout, "assay.list", fields, 7, &list->options->view.table);
  table_fact_text(table, "function", list->function, true);
  table_fact_count(table, "function_self", list->self, true);
  table_fact_count(table, "function_cumulative", list->cumulative, true);
  table_fact_count(table, "total", list->profile.total, true);
  if (has_source(list->options)) {
    table_fact_text(table, "source", list->source.where, true);
    table_fact_text(table, list->source.is_tar ? "sha256" : "commit", list->source.version, true);
  }
  choose_lines(list, table);
  for (size_t i = 0; i < list->lines.count; i++) write_line(table, list, &list->lines.list[i]);
  table_end(table);
}

/* ---- options ---- */

static void parse_options(struct options *options, int argc, char **argv) {
  enum { SOURCE = VIEW_FIRST_OWN, COMMIT, TAR, SHA256, ROOT, CONTEXT };
  static const struct option long_options[] = {
      {"source", required_argument, NULL, SOURCE}, {"commit", required_argument, NULL, COMMIT},
      {"tar", required_argument, NULL, TAR},       {"sha256", required_argument, NULL, SHA256},
      {"root", required_argument, NULL, ROOT},     {"context", required_argument, NULL, CONTEXT},
      VIEW_OPTIONS,
  };
  int option;
  while ((option = getopt_long(argc, argv, VIEW_SHORT_OPTIONS, long_options, NULL)) != -1) {
    switch (option) {
      case SOURCE: options->repository = optarg; break;
      case COMMIT: options->commit = optarg; break;
      case TAR: options->tar = optarg; break;
      case SHA256: options->sha256 = optarg; break;
      case ROOT: options->root = optarg; break;
      case CONTEXT: options->context = view_count("--context", optarg); break;
      case VIEW_BY: fail_usage("--by has no meaning here: lines are what is shown");
      default: view_option(&options->view, option, optarg, help, argv);
    }
  }
  if (optind == argc || !*argv[optind]) fail_usage("the name of a function is wanted");
  if (options->repository && options->tar) fail_usage("--source and --tar exclude each other");
  if (!options->repository != !options->commit)
    fail_usage("--source and --commit want each other: only the commit that was profiled may be shown");
  if (!options->tar != !options->sha256)
    fail_usage("--tar and --sha256 want each other: only the source that was profiled may be shown");
  if (options->context > 1000) fail_usage("--context wants at most 1000 lines");
}

int main(int argc, char **argv) {
  report_tool("stacklist");
  struct options options = {.view = {.top = DEFAULT_TOP, .by_line = true}, .context = DEFAULT_CONTEXT};
  parse_options(&options, argc, argv);
  struct list list = {.options = &options, .profile = {.view = &options.view}};
  interned_read_all(&list.profile, argv + optind + 1);
  uint64_t *self, *cumulative;
  interned_sums(&list.profile, &self, &cumulative);
  list.chosen = take_array(list.profile.keys.count, sizeof *list.chosen);
  list.function = function_choose(&list.profile, argv[optind], cumulative, list.chosen);
  find_lines(&list);
  sum_lines(&list);
  if (options.repository) list.source = source_of_git(options.repository, options.commit);
  if (options.tar) list.source = source_of_tar(options.tar, options.sha256);
  if (has_source(&options)) find_sources(&list);
  write_list(&list);
  close_output();
  if (has_source(&options)) source_free(&list.source);
  stacks_free(&list.files);
  interned_free(&list.profile);
  free(list.lines.list);
  free(list.function);
  free(list.chosen);
  free(list.line_of);
  free(self);
  free(cumulative);
  view_free(&options.view);
  return 0;
}

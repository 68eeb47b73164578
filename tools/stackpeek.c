/* A function of a folded profile: who calls it and whom it calls, with the values that pass between them. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"
#include "interned.h"
#include "memory.h"
#include "report.h"
#include "table.h"
#include "view.h"

static const char help[] =
    "usage: stackpeek [OPTION]... FUNCTION [FILE]...\n"
    "Shows the callers and callees of a function in folded stacks; those of all FILEs are added together.\n"
    "FUNCTION is its whole name, or a part that only one name holds.\n"
    "\n"
    "  -n, --top N            at most N callers and N callees (default 18; 0: all)\n"
    "      --by KEY           function: leave out the ' (FILE:LINE)' of frames (default); line: keep it\n"
    "      --min-percent P    only those with at least P percent of the function's value\n"
    "      --focus REGEX      only stacks with a frame that fits (function, file or module)\n"
    "      --ignore REGEX     only stacks without a frame that fits\n"
    "      --format FORMAT    tsv (default) or json\n"
    "      --budget N         at most N bytes, the greatest values first\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { DEFAULT_TOP = 18 };

/* What stands next to the function on one side: by frame number, and one more for the end of the stack. */
struct neighbours {
  uint64_t *values;
  size_t *last_stack; /* in which it was met last, from 1 */
};

struct peek {
  struct interned profile;
  bool *chosen; /* the frames of the function */
  struct neighbours callers, callees;
  uint64_t self, cumulative;
};

static struct neighbours neighbours_of(size_t frames) {
  struct neighbours neighbours = {.values = take_array(frames + 1, sizeof *neighbours.values),
                                  .last_stack = take_array(frames + 1, sizeof *neighbours.last_stack)};
  memset(neighbours.values, 0, (frames + 1) * sizeof *neighbours.values);
  memset(neighbours.last_stack, 0, (frames + 1) * sizeof *neighbours.last_stack);
  return neighbours;
}

/* A caller or callee counts once in a stack, however often recursion brings it there. */
static void add_neighbour(struct neighbours *neighbours, size_t frame, size_t stack, uint64_t value) {
  if (neighbours->last_stack[frame] == stack) return;
  neighbours->last_stack[frame] = stack;
  neighbours->values[frame] += value;
}

static void look_at(struct peek *peek, size_t number) {
  const struct interned_stack *stack = &peek->profile.stacks[number];
  const uint32_t *frames = peek->profile.frames + stack->start;
  size_t nobody = peek->profile.keys.count;
  bool holds = false;
  for (size_t i = 0; i < stack->count; i++) {
    if (!peek->chosen[frames[i]]) continue;
    holds = true;
    add_neighbour(&peek->callers, i > 0 ? frames[i - 1] : nobody, number + 1, stack->value);
    if (i + 1 < stack->count) add_neighbour(&peek->callees, frames[i + 1], number + 1, stack->value);
    else peek->self += stack->value;
  }
  if (holds) peek->cumulative += stack->value;
}

/* ---- writing ---- */

struct neighbour {
  const char *name;
  size_t length;
  uint64_t value;
};

static int compare_neighbours(const void *a, const void *b) {
  const struct neighbour *left = a, *right = b;
  if (left->value != right->value) return left->value > right->value ? -1 : 1;
  return strcmp(left->name, right->name);
}

static void write_row(struct table *table, const struct peek *peek, const char *relation, const struct neighbour *row) {
  table_row(table, row->value);
  table_text(table, relation, strlen(relation));
  table_text(table, row->name, row->length);
  table_count(table, row->value);
  table_hundredths(table, percent_hundredths(row->value, peek->cumulative));
  table_hundredths(table, percent_hundredths(row->value, peek->profile.total));
}

static void write_neighbours(struct table *table, const struct peek *peek, const struct view *view, const char *relation,
                             const struct neighbours *neighbours) {
  static const char nobody[] = "[root]";
  size_t frames = peek->profile.keys.count, count = 0;
  struct neighbour *rows = take_array(frames + 1, sizeof *rows);
  for (size_t i = 0; i < frames; i++) {
    const struct stack *name = peek->profile.names[i];
    if (neighbours->last_stack[i] > 0) rows[count++] = (struct neighbour){name->bytes, name->length, neighbours->values[i]};
  }
  if (neighbours->last_stack[frames] > 0)
    rows[count++] = (struct neighbour){nobody, sizeof nobody - 1, neighbours->values[frames]};
  qsort(rows, count, sizeof *rows, compare_neighbours);
  size_t limit = view_shown(view, count), shown = 0;
  while (shown < limit && view_is_enough(view, rows[shown].value, peek->cumulative))
    write_row(table, peek, relation, &rows[shown++]);
  if (shown < count) table_leave_out(table, count - shown, rows[shown].value);
  free(rows);
}

static void write_peek(const struct peek *peek, const struct view *view, const char *function) {
  static const char *const fields[] = {"relation", "function", "value", "percent", "total_percent"};
  struct table *table = table_begin(stdout, "assay.peek", fields, 5, &view->table);
  table_fact_text(table, "function", function, false);
  table_fact_count(table, "total", peek->profile.total, true);
  write_neighbours(table, peek, view, "caller", &peek->callers);
  write_row(table, peek, "function", &(struct neighbour){function, strlen(function), peek->cumulative});
  write_row(table, peek, "self", &(struct neighbour){function, strlen(function), peek->self});
  write_neighbours(table, peek, view, "callee", &peek->callees);
  table_end(table);
}

static void free_neighbours(struct neighbours *neighbours) {
  free(neighbours->values);
  free(neighbours->last_stack);
}

int main(int argc, char **argv) {
  report_tool("stackpeek");
  static const struct option long_options[] = {VIEW_OPTIONS};
  struct view view = {.top = DEFAULT_TOP};
  int option;
  while ((option = getopt_long(argc, argv, VIEW_SHORT_OPTIONS, long_options, NULL)) != -1)
    view_option(&view, option, optarg, help, argv);
  if (optind == argc || !*argv[optind]) fail_usage("the name of a function is wanted");
  struct peek peek = {.profile = {.view = &view}};
  interned_read_all(&peek.profile, argv + optind + 1);
  uint64_t *self, *cumulative;
  interned_sums(&peek.profile, &self, &cumulative);
  peek.chosen = take_array(peek.profile.keys.count, sizeof *peek.chosen);
  char *function = function_choose(&peek.profile, argv[optind], cumulative, peek.chosen);
  peek.callers = neighbours_of(peek.profile.keys.count);
  peek.callees = neighbours_of(peek.profile.keys.count);
  for (size_t i = 0; i < peek.profile.stack_count; i++) look_at(&peek, i);
  write_peek(&peek, &view, function);
  close_output();
  free(function);
  free(self);
  free(cumulative);
  free(peek.chosen);
  free_neighbours(&peek.callers);
  free_neighbours(&peek.callees);
  interned_free(&peek.profile);
  view_free(&view);
  return 0;
}

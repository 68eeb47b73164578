/* A folded profile as an indented tree of calls: the nodes with the greatest values, each below its caller. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "interned.h"
#include "memory.h"
#include "report.h"
#include "table.h"
#include "view.h"

static const char help[] =
    "usage: stacktree [OPTION]... [FILE]...\n"
    "Shows folded stacks as a tree of calls, callees indented below their callers; those of all FILEs are\n"
    "added together.\n"
    "\n"
    "  -n, --top N            the N calls with the greatest values (default 30; 0: all)\n"
    "      --min-percent P    cut off calls with less than P percent of the total (default 1)\n"
    "      --depth D          cut off what is deeper than D calls\n"
    "      --callers          from the innermost function outward: callers below their callees\n"
    "      --by KEY           function: leave out the ' (FILE:LINE)' of frames (default); line: keep it\n"
    "      --focus REGEX      only stacks with a frame that fits (function, file or module)\n"
    "      --ignore REGEX     only stacks without a frame that fits\n"
    "      --format FORMAT    tsv (default) or json\n"
    "      --budget N         at most N bytes, the greatest values first\n"
    "  -h, --help             show this help\n"
    "  -V, --version          show the version\n"
    "\n"
    "Without FILE, or when it is -, standard input is read. gz, zst, xz, bz2 and lz4 are unpacked.\n";

enum { DEFAULT_TOP = 30, DEEPEST_INDENTATION = 64 };

struct options {
  struct view view;
  size_t depth; /* 0: any */
  bool from_leaf;
};

/* A call: a frame below the same calls. The first node is above all, and no call; 0 is none elsewhere. */
struct node {
  uint64_t self, cumulative;
  uint32_t frame, parent, depth;
  uint32_t first_child, next_sibling; /* among the shown, the greatest first */
};

struct tree {
  const struct options *options;
  struct interned profile;
  struct node *nodes;
  size_t count, capacity;
  uint32_t *slots; /* of a hash table of the nodes by parent and frame; 0: free */
  size_t slot_count;
};

/* Both halves of a product with a number that has about as many ones as zeros: each bit of the pair reaches many. */
static size_t hash_of(uint32_t parent, uint32_t frame) {
  unsigned __int128 product = (unsigned __int128)(((uint64_t)parent << 32 | frame) ^ 0x6a09e667f3bcc908) * 0xbb67ae8584caa73b;
  return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64));
}

/* The slot of a node, or the free one where it belongs. */
static uint32_t *slot_of(const struct tree *tree, uint32_t parent, uint32_t frame) {
  for (size_t i = hash_of(parent, frame);; i++) {
    uint32_t *slot = &tree->slots[i & (tree->slot_count - 1)];
    if (*slot == 0 || (tree->nodes[*slot].parent == parent && tree->nodes[*slot].frame == frame)) return slot;
  }
}

static void widen(struct tree *tree) {
  enum { FIRST_SLOTS = 1 << 10 };
  free(tree->slots);
  tree->slot_count = tree->slot_count > 0 ? product_of(tree->slot_count, 2) : FIRST_SLOTS;
  tree->slots = take_array(tree->slot_count, sizeof *tree->slots);
  memset(tree->slots, 0, tree->slot_count * sizeof *tree->slots);
  for (size_t i = 1; i < tree->count; i++) *slot_of(tree, tree->nodes[i].parent, tree->nodes[i].frame) = (uint32_t)i;
}

static uint32_t child_of(struct tree *tree, uint32_t parent, uint32_t frame) {
  if (tree->count >= tree->slot_count / 2) widen(tree);
  uint32_t *slot = slot_of(tree, parent, frame);
  if (*slot > 0) return *slot;
  if (tree->count == UINT32_MAX) fail("the stacks are a tree of more than %" PRIu32 " calls; use --depth", UINT32_MAX);
  grow(&tree->nodes, &tree->capacity, tree->count + 1, sizeof *tree->nodes);
  tree->nodes[tree->count] = (struct node){.frame = frame, .parent = parent, .depth = tree->nodes[parent].depth + 1};
  return *slot = (uint32_t)tree->count++;
}

static void add_stack(struct tree *tree, const struct interned_stack *stack) {
  const uint32_t *frames = tree->profile.frames + stack->start;
  size_t most = tree->options->depth, levels = most > 0 && most < stack->count ? most : stack->count;
  uint32_t node = 0;
  for (size_t i = 0; i < levels; i++) {
    node = child_of(tree, node, frames[tree->options->from_leaf ? stack->count - 1 - i : i]);
    tree->nodes[node].cumulative += stack->value; /* at most the total */
  }
  if (levels == stack->count) tree->nodes[node].self += stack->value;
}

static void build(struct tree *tree) {
  grow(&tree->nodes, &tree->capacity, 1, sizeof *tree->nodes);
  tree->nodes[tree->count++] = (struct node){0};
  for (size_t i = 0; i < tree->profile.stack_count; i++) add_stack(tree, &tree->profile.stacks[i]);
}

/* ---- which calls are shown: a caller has at least its callee's value, so that none is shown without its callers ---- */

struct ranked {
  const struct node *node;
  const char *name;
};

static int compare_ranked(const void *a, const void *b) {
  const struct ranked *left = a, *right = b;
  if (left->node->cumulative != right->node->cumulative) return left->node->cumulative > right->node->cumulative ? -1 : 1;
  if (left->node->depth != right->node->depth) return left->node->depth < right->node->depth ? -1 : 1;
  int order = strcmp(left->name, right->name);
  return order != 0 ? order : (left->node > right->node) - (left->node < right->node);
}

/* The calls of enough value, and in *greatest the greatest value of those that have less. */
static struct ranked *great_calls(const struct tree *tree, size_t *count, uint64_t *greatest) {
  struct ranked *ranking = NULL;
  size_t capacity = 0;
  *count = 0;
  *greatest = 0;
  for (size_t i = 1; i < tree->count; i++) {
    const struct node *node = &tree->nodes[i];
    if (view_is_enough(&tree->options->view, node->cumulative, tree->profile.total)) {
      grow(&ranking, &capacity, *count + 1, sizeof *ranking);
      ranking[(*count)++] = (struct ranked){node, tree->profile.names[node->frame]->bytes};
    } else if (node->cumulative > *greatest) {
      *greatest = node->cumulative;
    }
  }
  if (*count > 0) qsort(ranking, *count, sizeof *ranking, compare_ranked);
  return ranking;
}

static void choose(struct tree *tree, struct table *table) {
  size_t count, all = tree->count - 1;
  uint64_t greatest;
  struct ranked *ranking = great_calls(tree, &count, &greatest);
  size_t shown = view_shown(&tree->options->view, count);
  /* From the least on, so that the greatest child ends up first. */
  for (size_t i = shown; i-- > 0;) {
    uint32_t number = (uint32_t)(ranking[i].node - tree->nodes);
    struct node *node = &tree->nodes[number], *parent = &tree->nodes[node->parent];
    node->next_sibling = parent->first_child;
    parent->first_child = number;
  }
  if (shown < all) table_leave_out(table, all - shown, shown < count ? ranking[shown].node->cumulative : greatest);
  free(ranking);
}

/* ---- writing ---- */

static void write_name(struct table *table, const struct tree *tree, const struct node *node, struct text *name) {
  const struct stack *frame = tree->profile.names[node->frame];
  text_clear(name);
  bool is_indented = tree->options->view.table.format == TABLE_TSV;
  for (size_t i = 1; is_indented && i < node->depth && i <= DEEPEST_INDENTATION; i++) text_append_string(name, "  ");
  text_append(name, frame->bytes, frame->length);
  table_text(table, name->bytes, name->length);
}

static void write_node(struct table *table, const struct tree *tree, const struct node *node, struct text *name) {
  table_row(table, node->cumulative);
  table_count(table, node->depth);
  table_count(table, node->self);
  table_hundredths(table, percent_hundredths(node->self, tree->profile.total));
  table_count(table, node->cumulative);
  table_hundredths(table, percent_hundredths(node->cumulative, tree->profile.total));
  write_name(table, tree, node, name);
}

static void write_tree(struct tree *tree) {
  static const char *const fields[] = {"depth", "self", "self_percent", "cumulative", "cumulative_percent", "function"};
  const struct options *options = tree->options;
  struct table *table = table_begin(stdout, options->from_leaf ? "assay.caller-tree" : "assay.tree", fields, 6,
                                    &options->view.table);
  table_fact_count(table, "total", tree->profile.total, true);
  choose(tree, table);
  struct text name = {0};
  for (uint32_t node = tree->nodes[0].first_child; node > 0;) {
    write_node(table, tree, &tree->nodes[node], &name);
    uint32_t next = tree->nodes[node].first_child;
    for (; next == 0 && node > 0; node = tree->nodes[node].parent) next = tree->nodes[node].next_sibling;
    node = next;
  }
  table_end(table);
  text_free(&name);
}

static void parse_options(struct options *options, int argc, char **argv) {
  enum { DEPTH = VIEW_FIRST_OWN, CALLERS };
  static const struct option long_options[] = {
      {"depth", required_argument, NULL, DEPTH},
      {"callers", no_argument, NULL, CALLERS},
      VIEW_OPTIONS,
  };
  int option;
  while ((option = getopt_long(argc, argv, VIEW_SHORT_OPTIONS, long_options, NULL)) != -1) {
    switch (option) {
      case DEPTH:
        options->depth = view_count("--depth", optarg);
        if (options->depth == 0) fail_usage("--depth wants 1 or more calls");
        break;
      case CALLERS: options->from_leaf = true; break;
      default: view_option(&options->view, option, optarg, help, argv);
    }
  }
}

int main(int argc, char **argv) {
  report_tool("stacktree");
  struct options options = {.view = {.top = DEFAULT_TOP, .min_percent = 1}};
  parse_options(&options, argc, argv);
  struct tree tree = {.options = &options, .profile = {.view = &options.view}};
  interned_read_all(&tree.profile, argv + optind);
  build(&tree);
  write_tree(&tree);
  close_output();
  free(tree.nodes);
  free(tree.slots);
  interned_free(&tree.profile);
  view_free(&options.view);
  return 0;
}

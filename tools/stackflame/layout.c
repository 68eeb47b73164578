#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* A frame whose children are being laid out. */
struct open_frame {
  uint32_t node;
  uint32_t row;
  size_t first_child, child_count, next_child; /* in children */
  uint64_t next_start;
  uint64_t narrow_value, narrow_base;
  size_t narrow_count;
};

struct child {
  uint32_t node;
  const struct stack *name;
};

struct walk {
  struct layout *layout;
  const struct tree *tree;
  const struct stack **names; /* by number */
  uint32_t *on_path;          /* for each name: how often it stands in the present stack */
  struct open_frame *open;
  size_t depth, open_capacity;
  struct child *children; /* of all open frames, those that are wide enough */
  size_t child_count, child_capacity;
};

static uint64_t base_of(const struct tree *tree, uint32_t node) { return tree->has_base ? tree->base[node] : 0; }

static uint64_t width_of(const struct walk *walk, uint32_t node) {
  return walk->layout->by_base ? walk->tree->base[node] : walk->tree->nodes[node].value;
}

static void enter_name(struct walk *walk, uint32_t name) { walk->on_path[name]++; }
static void leave_name(struct walk *walk, uint32_t name) { walk->on_path[name]--; }

static void count_hidden(struct walk *walk, uint32_t node) {
  struct layout *layout = walk->layout;
  uint32_t name = walk->tree->nodes[node].name;
  uint64_t width = width_of(walk, node);
  if (walk->on_path[name] == 0) layout->hidden[name] += width; /* no more than the total */
  if (width > 0) return;
  layout->without_value++;
  if (width_of(walk, walk->tree->nodes[node].parent) > 0)
    layout->lost_value += layout->by_base ? walk->tree->nodes[node].value : walk->tree->base[node];
}

/* Counts the frames of a part of the tree that is not drawn. */
static size_t walk_hidden(struct walk *walk, uint32_t top) {
  const struct node *nodes = walk->tree->nodes;
  size_t count = 0;
  uint32_t node = top;
  for (;;) {
    count++;
    count_hidden(walk, node);
    enter_name(walk, nodes[node].name);
    if (nodes[node].first_child != NO_NODE) {
      node = nodes[node].first_child;
      continue;
    }
    leave_name(walk, nodes[node].name);
    while (node != top && nodes[node].next_sibling == NO_NODE) {
      node = nodes[node].parent;
      leave_name(walk, nodes[node].name);
    }
    if (node == top) return count;
    node = nodes[node].next_sibling;
  }
}

static void draw(struct layout *layout, struct drawn drawn) {
  grow(&layout->list, &layout->capacity, layout->count + 1, sizeof *layout->list);
  layout->list[layout->count++] = drawn;
  if (drawn.row >= layout->rows) layout->rows = drawn.row + 1;
}

static int compare_children(const void *a, const void *b) {
  const struct stack *left = ((const struct child *)a)->name, *right = ((const struct child *)b)->name;
  size_t shared = left->length < right->length ? left->length : right->length;
  int order = memcmp(left->bytes, right->bytes, shared);
  if (order != 0) return order;
  return (left->length > right->length) - (left->length < right->length);
}

/* Parts the children into wide ones, in the order of their names, and narrow ones. */
static void part_children(struct walk *walk, struct open_frame *frame) {
  const struct node *nodes = walk->tree->nodes;
  frame->first_child = frame->next_child = walk->child_count;
  for (uint32_t child = nodes[frame->node].first_child; child != NO_NODE; child = nodes[child].next_sibling) {
    uint64_t width = width_of(walk, child);
    if (width >= walk->layout->threshold && frame->row + 1 < walk->layout->max_rows) {
      grow(&walk->children, &walk->child_capacity, walk->child_count + 1, sizeof *walk->children);
      walk->children[walk->child_count++] = (struct child){.node = child, .name = walk->names[nodes[child].name]};
      continue;
    }
    frame->narrow_count += walk_hidden(walk, child);
    frame->narrow_value += nodes[child].value;
    frame->narrow_base += base_of(walk->tree, child);
  }
  frame->child_count = walk->child_count - frame->first_child;
  if (frame->child_count > 1)
    qsort(walk->children + frame->first_child, frame->child_count, sizeof *walk->children, compare_children);
}

static void open_frame(struct walk *walk, uint32_t node, uint32_t row, uint64_t start) {
  const struct node *frame = &walk->tree->nodes[node];
  draw(walk->layout, (struct drawn){.node = node,
                                    .parent = frame->parent,
                                    .row = row,
                                    .start = start,
                                    .value = frame->value,
                                    .base = base_of(walk->tree, node)});
  if (node != ROOT) {
    walk->layout->is_drawn[frame->name] = true;
    enter_name(walk, frame->name);
  }
  grow(&walk->open, &walk->open_capacity, walk->depth + 1, sizeof *walk->open);
  walk->open[walk->depth] = (struct open_frame){.node = node, .row = row, .next_start = start};
  part_children(walk, &walk->open[walk->depth]);
  walk->depth++;
}

/* The narrow frames are one box to the right of the wide ones. */
static void close_frame(struct walk *walk) {
  struct open_frame *frame = &walk->open[--walk->depth];
  struct layout *layout = walk->layout;
  layout->not_drawn += frame->narrow_count;
  if ((layout->by_base ? frame->narrow_base : frame->narrow_value) >= layout->threshold)
    draw(layout, (struct drawn){.node = NO_NODE,
                                .parent = frame->node,
                                .row = frame->row + 1,
                                .merged = frame->narrow_count,
                                .start = frame->next_start,
                                .value = frame->narrow_value,
                                .base = frame->narrow_base});
  walk->child_count = frame->first_child;
  if (frame->node != ROOT) leave_name(walk, walk->tree->nodes[frame->node].name);
}

static void index_names(struct walk *walk) {
  size_t position = 0;
  walk->names = take_array(walk->tree->names.count, sizeof *walk->names);
  for (struct stack *name; (name = stacks_next(&walk->tree->names, &position));) walk->names[name->number] = name;
}

static void *take_zeros(size_t count, size_t size) {
  void *zeros = take_array(count, size);
  memset(zeros, 0, count * size);
  return zeros;
}

void layout_make(struct layout *layout, const struct tree *tree) {
  struct walk walk = {.layout = layout, .tree = tree};
  size_t names = tree->names.count;
  index_names(&walk);
  walk.on_path = take_zeros(names, sizeof *walk.on_path);
  layout->hidden = take_zeros(names, sizeof *layout->hidden);
  layout->is_drawn = take_zeros(names, sizeof *layout->is_drawn);
  layout->total = layout->by_base ? tree->base_total : tree->total;
  layout->frames = tree->count - 1;
  open_frame(&walk, ROOT, 0, 0);
  while (walk.depth > 0) {
    struct open_frame *frame = &walk.open[walk.depth - 1];
    if (frame->next_child == frame->first_child + frame->child_count) {
      close_frame(&walk);
      continue;
    }
    uint32_t child = walk.children[frame->next_child++].node, row = frame->row + 1;
    uint64_t start = frame->next_start;
    frame->next_start += width_of(&walk, child);
    open_frame(&walk, child, row, start);
  }
  free(walk.names);
  free(walk.on_path);
  free(walk.open);
  free(walk.children);
}

void layout_free(struct layout *layout) {
  free(layout->list);
  free(layout->hidden);
  free(layout->is_drawn);
}

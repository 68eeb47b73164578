#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"

/* A slot is found by a hash of the whole path of names, which needs no look at the parent: those of all frames of a
 * stack
 * are on their way from memory at once. */
struct child_slot {
  uint32_t node; /* NO_NODE: the slot is free */
  uint32_t hash;
};

enum { FIRST_SLOTS = 1 << 10 };

static uint64_t path_hash(uint64_t parent_hash, uint32_t name) {
  const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 / the golden ratio (Knuth, 1973) */
  uint64_t hash = (parent_hash ^ name) * odd;
  return hash ^ hash >> 32;
}

/* The slot of this child, or the free one where it belongs. */
static struct child_slot *slot_of(const struct tree *tree, uint32_t parent, uint32_t name, uint32_t hash) {
  size_t mask = tree->slot_count - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    struct child_slot *slot = &tree->slots[i];
    if (slot->node == NO_NODE) return slot;
    if (slot->hash != hash) continue;
    const struct node *node = &tree->nodes[slot->node];
    if (node->parent == parent && node->name == name) return slot;
  }
}

static void widen(struct tree *tree) {
  struct child_slot *old = tree->slots;
  size_t old_count = tree->slot_count;
  tree->slot_count = old_count ? product_of(old_count, 2) : FIRST_SLOTS;
  tree->slots = take_array(tree->slot_count, sizeof *tree->slots);
  for (size_t i = 0; i < tree->slot_count; i++) tree->slots[i].node = NO_NODE;
  size_t mask = tree->slot_count - 1;
  for (size_t i = 0; i < old_count; i++) {
    if (old[i].node == NO_NODE) continue;
    size_t to = old[i].hash & mask;
    while (tree->slots[to].node != NO_NODE) to = (to + 1) & mask;
    tree->slots[to] = old[i];
  }
  free(old);
}

static uint32_t add_node(struct tree *tree, uint32_t parent, uint32_t name) {
  if (tree->count == NO_NODE)
    fail("the stacks have more than %u different frames in their places; this is too much", NO_NODE);
  uint32_t node = (uint32_t)tree->count;
  grow(&tree->nodes, &tree->node_capacity, tree->count + 1, sizeof *tree->nodes);
  tree->nodes[node] = (struct node){.parent = parent, .name = name, .first_child = NO_NODE, .next_sibling = NO_NODE};
  if (tree->has_base) {
    grow(&tree->base, &tree->base_capacity, tree->count + 1, sizeof *tree->base);
    tree->base[node] = 0;
  }
  tree->count++;
  if (node == ROOT) return node;
  tree->nodes[node].next_sibling = tree->nodes[parent].first_child;
  tree->nodes[parent].first_child = node;
  return node;
}

static uint32_t name_of(struct tree *tree, const char *frame, size_t length) {
  if (tree->without_lines) frame_has_line(frame, length, &length);
  struct stack *name = stacks_find(&tree->names, frame, length);
  if (name->number >= NO_NODE) fail("the stacks have more than %u different frames; this is too much", NO_NODE);
  if (tree->names.count > tree->name_count) {
    grow(&tree->name_list, &tree->name_capacity, tree->names.count, sizeof *tree->name_list);
    tree->name_list[tree->name_count++] = name;
  }
  return (uint32_t)name->number;
}

/* Of sorted lines: a child of this name is the one that came last. Only where a stack ended in it, those that came
 * since may
 * have names that begin as its own: "f", "f.part.0", "f;g". */
static uint32_t sorted_child_of(struct tree *tree, uint32_t parent, uint32_t name, const char *frame, size_t length) {
  for (uint32_t child = tree->nodes[parent].first_child; child != NO_NODE; child = tree->nodes[child].next_sibling) {
    if (tree->nodes[child].name == name) return child;
    const struct stack *other = tree->name_list[tree->nodes[child].name];
    if (other->length < length || memcmp(other->bytes, frame, length) != 0) break;
  }
  return add_node(tree, parent, name);
}

/* The first line that is not in order: from now on children are found by hash. */
static void leave_order(struct tree *tree) {
  tree->is_unsorted = true;
  uint64_t *hashes = take_array(tree->count, sizeof *hashes);
  hashes[ROOT] = 0;
  for (size_t i = 1; i < tree->count; i++) {
    const struct node *node = &tree->nodes[i];
    hashes[i] = path_hash(hashes[node->parent], node->name);
    if (i >= tree->slot_count / 4 * 3) widen(tree);
    *slot_of(tree, node->parent, node->name, (uint32_t)hashes[i]) =
        (struct child_slot){.node = (uint32_t)i, .hash = (uint32_t)hashes[i]};
  }
  for (size_t i = 0; i < tree->depth; i++) tree->path[i].hash = hashes[tree->path[i].node];
  free(hashes);
}

static uint32_t child_of(struct tree *tree, uint32_t parent, uint32_t name, uint32_t hash) {
  if (tree->count >= tree->slot_count / 4 * 3) widen(tree);
  struct child_slot *slot = slot_of(tree, parent, name, hash);
  if (slot->node == NO_NODE) *slot = (struct child_slot){.node = add_node(tree, parent, name), .hash = hash};
  return slot->node;
}

/* How many leading bytes of both are equal. */
static size_t equal_bytes(const char *left, const char *right, size_t length) {
  size_t i = 0;
  for (; i + 8 <= length; i += 8) {
    uint64_t a, b;
    memcpy(&a, left + i, 8);
    memcpy(&b, right + i, 8);
    if (a != b) break;
  }
  while (i < length && left[i] == right[i]) i++;
  return i;
}

/* How many whole frames a line shares with the one before, of which so many bytes are equal. */
static size_t shared_frames(const struct tree *tree, const char *stack, size_t length, size_t equal) {
  size_t depth = tree->depth;
  while (depth > 0) {
    size_t end = tree->path[depth - 1].end;
    if (end <= equal && (end == length || stack[end] == ';')) break;
    depth--;
  }
  return depth;
}

/* Whether a stack stands behind the one before in byte order, or is the same. */
static bool is_in_order(const struct tree *tree, const char *stack, size_t length, size_t equal) {
  if (equal == tree->line.length) return true;
  return equal < length && (unsigned char)stack[equal] > (unsigned char)tree->line.bytes[equal];
}

/* The node at which this stack ends. */
static uint32_t node_of(struct tree *tree, const char *stack, size_t length) {
  size_t shorter = length < tree->line.length ? length : tree->line.length;
  size_t equal = equal_bytes(stack, tree->line.bytes ? tree->line.bytes : "", shorter);
  if (!tree->is_unsorted && (tree->without_lines || !is_in_order(tree, stack, length, equal))) leave_order(tree);
  size_t depth = shared_frames(tree, stack, length, equal);
  struct path_frame above = depth > 0 ? tree->path[depth - 1] : (struct path_frame){.node = ROOT, .end = SIZE_MAX};
  while (above.end + 1 <= length) {
    size_t start = above.end + 1;
    const char *semicolon = memchr(stack + start, ';', length - start);
    size_t end = semicolon ? (size_t)(semicolon - stack) : length;
    uint32_t name = name_of(tree, stack + start, end - start);
    struct path_frame frame = {.end = end, .hash = tree->is_unsorted ? path_hash(above.hash, name) : 0};
    if (tree->is_unsorted) frame.node = child_of(tree, above.node, name, (uint32_t)frame.hash);
    else frame.node = sorted_child_of(tree, above.node, name, stack + start, end - start);
    above = frame;
    grow(&tree->path, &tree->path_capacity, depth + 1, sizeof *tree->path);
    tree->path[depth++] = above;
  }
  tree->depth = depth;
  text_clear(&tree->line);
  text_append(&tree->line, stack, length);
  return above.node;
}

/* The same frames, the leaf first. */
static void turn(struct text *turned, const char *stack, size_t length) {
  text_clear(turned);
  for (size_t end = length;;) {
    const char *semicolon = memrchr(stack, ';', end);
    size_t start = semicolon ? (size_t)(semicolon - stack) + 1 : 0;
    text_append(turned, stack + start, end - start);
    if (start == 0) return;
    text_append_char(turned, ';');
    end = start - 1;
  }
}

static void add_to(uint64_t *value, uint64_t *total, uint64_t amount, const struct input *input) {
  if (!add_checked(total, amount))
    fail_at(input_name(input), input_line_number(input),
            "the values add up to more than 64 bits; take fewer files at once");
  *value += amount; /* no more than the total */
}

/* Takes the number at the end of the stack off it: "STACK BASE" becomes STACK. */
static uint64_t take_base(struct folded_line *line, const struct input *input) {
  const char *blank = memrchr(line->stack, ' ', line->length);
  const char *digits = blank ? blank + 1 : line->stack + line->length;
  uint64_t value;
  const char *wrong = read_count(digits, (size_t)(line->stack + line->length - digits), &value);
  if (wrong || blank == line->stack)
    fail_at(input_name(input), input_line_number(input), "%s%s; a stack and two integers, BASE and EXP, are expected",
            wrong ? "the first of two values " : "no stack stands before the values", wrong ? wrong : "");
  line->length = (size_t)(blank - line->stack);
  return value;
}

void tree_read(struct tree *tree, const char *path, enum tree_input kind) {
  if (tree->count == 0) add_node(tree, ROOT, 0);
  struct input *input = input_open(path);
  struct text turned = {0};
  struct folded_line line;
  enum folded_outcome outcome;
  size_t stacks = 0;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK) {
    uint64_t base = kind == BASE_VALUES ? line.value : 0, exp = kind == BASE_VALUES ? 0 : line.value;
    if (kind == BOTH_VALUES) base = take_base(&line, input);
    if (tree->leaf_first) {
      turn(&turned, line.stack, line.length);
      line.stack = turned.bytes;
    }
    uint32_t node = node_of(tree, line.stack, line.length);
    add_to(&tree->nodes[node].value, &tree->total, exp, input);
    if (base > 0) add_to(&tree->base[node], &tree->base_total, base, input);
    stacks++;
  }
  if (outcome == FOLDED_CUT_OFF)
    fail_at(input_name(input), input_line_number(input), "ends in the middle of a line; the file was cut off");
  if (stacks == 0) fail_at(input_name(input), 0, "holds no stacks");
  text_free(&turned);
  input_close(input);
}

void tree_total(struct tree *tree) {
  for (size_t i = tree->count - 1; i > 0; i--) {
    struct node *node = &tree->nodes[i];
    tree->nodes[node->parent].value += node->value;
    if (tree->has_base) tree->base[node->parent] += tree->base[i];
  }
}

void tree_free(struct tree *tree) {
  free(tree->nodes);
  free(tree->base);
  free(tree->slots);
  free(tree->name_list);
  free(tree->path);
  text_free(&tree->line);
  stacks_free(&tree->names);
}

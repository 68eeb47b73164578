/* Folded stacks as a tree of frames: what stands above a frame is its parent, the root stands for all stacks. */
#ifndef ASSAY_STACKFLAME_TREE_H
#define ASSAY_STACKFLAME_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stacks.h"

enum { ROOT = 0, NO_NODE = UINT32_MAX };

struct node {
  uint64_t value; /* of the stacks that end here; after tree_total, of all that pass through */
  uint32_t parent, name;
  uint32_t first_child, next_sibling; /* NO_NODE behind the last; a child comes behind its parent in nodes */
};

/* Which of a tree's values a file holds. */
enum tree_input { EXP_VALUES, BASE_VALUES, BOTH_VALUES /* lines "STACK BASE EXP" */ };

struct path_frame {
  size_t end; /* in the stack */
  uint64_t hash;
  uint32_t node;
};

struct tree {
  bool has_base;      /* set before anything is read: nodes have a second value, that of the base */
  bool leaf_first;    /* set before: stacks are turned around, so that leaves are next to the root */
  bool without_lines; /* set before: the ' (FILE:LINE)' of frames is left out */
  struct node *nodes;
  uint64_t *base; /* of each node, where has_base */
  size_t count, node_capacity, base_capacity, name_count, name_capacity;
  struct stacks names;            /* each distinct frame; its number is a node's name */
  const struct stack **name_list; /* by number */
  uint64_t total, base_total;

  bool is_unsorted;         /* a line came that does not stand behind the one before in byte order */
  struct child_slot *slots; /* then, of all nodes but the root; slot_count is 0 or a power of two */
  size_t slot_count;
  struct text line;        /* the stack that was added last */
  struct path_frame *path; /* its frames */
  size_t depth, path_capacity;
};

/* Adds the stacks of path ("-": stdin). A file without stacks is an error, and so are values that add up to more
 * than 64
 * bits. */
void tree_read(struct tree *tree, const char *path, enum tree_input input);

/* Gives each node the sum of what passes through. Once, after all was read. */
void tree_total(struct tree *tree);

void tree_free(struct tree *tree);

#endif

/* Which frames of a tree are drawn, and where. */
#ifndef ASSAY_STACKFLAME_LAYOUT_H
#define ASSAY_STACKFLAME_LAYOUT_H

#include "tree.h"

struct drawn {
  uint32_t node;   /* NO_NODE: frames next to each other that are too narrow, merged into one box */
  uint32_t parent; /* the node below the box */
  uint32_t row;    /* 0 for the root */
  size_t merged;   /* so many frames */
  uint64_t start;  /* in units of the value, from the left edge */
  uint64_t value, base;
};

struct layout {
  bool by_base;       /* set before: frames are as wide as their value in the base */
  uint64_t threshold; /* set before: frames of less than this value are merged; at least 1 */
  uint32_t max_rows;  /* set before: frames above are merged */

  struct drawn *list; /* a frame before those that stand on it, these from left to right */
  size_t count, capacity;
  uint32_t rows;        /* used ones */
  uint64_t total;       /* of what the widths show */
  size_t frames;        /* of the tree, without the root */
  size_t not_drawn;     /* of them */
  size_t without_value; /* of them: those that the other profile alone has */
  uint64_t lost_value;  /* of these in the other profile */
  uint64_t *hidden; /* for each name: the value of the stacks in which it stands in frames that are not drawn alone */
  bool *is_drawn;   /* for each name: whether it stands in a frame that is */
};

/* Lays out a tree that has its totals. */
void layout_make(struct layout *layout, const struct tree *tree);

void layout_free(struct layout *layout);

#endif

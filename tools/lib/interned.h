/* A profile in memory: each distinct frame once, each stack an array of the frames' numbers, root first. */
#ifndef ASSAY_INTERNED_H
#define ASSAY_INTERNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "patterns.h"
#include "stacks.h"
#include "view.h"

struct interned_stack {
  size_t start, count; /* in frames */
  size_t charged;      /* which of them the value is charged to as its own: the innermost that is no allocator's, the
                          innermost where all are; counted from 0 */
  uint64_t value;
};

/* Start from {0}. */
struct interned {
  const struct view *view;           /* by which frames are told apart */
  const struct patterns *allocators; /* NULL: none, and the innermost frame is charged */
  uint64_t total;                    /* of all stacks, selected by the view or not */
  struct stacks keys;                       /* of the frames; the number of each is the frame's */
  const struct stack **names;               /* ... and here by number; keys.count of them */
  uint32_t *frames;                         /* of all stacks, one behind the other */
  struct interned_stack *stacks;
  size_t frame_count, stack_count;
  bool *is_allocator;                       /* by the number of the frame */
  size_t allocator_capacity;
  size_t name_capacity, frame_capacity, stack_capacity;
};

/* Adds the folded stacks of path ("-" is stdin); what is malformed, an input without stacks, and a total past 64 bits
 * are fail_at(). */
void interned_read(struct interned *profile, const char *path);

/* The stacks of the files from first on, or of stdin where there are none. */
void interned_read_all(struct interned *profile, char *const *files);

/* For each frame, by its number: the value of the stacks that are charged to it, and of those that hold it above
 * or as what is charged, each counted once.
 * Both arrays have keys.count elements; the caller frees. */
void interned_sums(const struct interned *profile, uint64_t **self, uint64_t **cumulative);

void interned_free(struct interned *profile);

#endif

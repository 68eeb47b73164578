/* What rankalloc keeps of folded stacks: the value of each function (or line, file, module) and of each path, in one
 * column for each set of profiles that are told apart (the newer and the base, bytes and objects, ...). */
#ifndef ASSAY_RANKALLOC_PROFILE_H
#define ASSAY_RANKALLOC_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "filter.h"
#include "frame.h"
#include "frames.h"
#include "paths.h"
#include "patterns.h"

/* The values of one column, by the numbers of entries and of paths; of those that came later there are none. */
struct column {
  const char *name;
  uint64_t total;    /* of all stacks */
  uint64_t selected; /* of those that the filter leaves */
  size_t stack_count;
  uint64_t *self, *cumulative;
  size_t count;
  uint64_t *paths;
  size_t path_count;
};

/* A frame of the present stack. */
struct node {
  uint64_t subtotal; /* of the stacks that begin with the frames up to here */
  uint32_t frame, key;
  uint32_t visible; /* the number, from 1, of the innermost node up to here that is not hidden; 0: none */
  uint8_t marks;    /* FOCUSED, IGNORED: of this node or one above it */
  uint8_t counted;
};

struct profile {
  /* What to collect; set before profile_begin. frames.key, filter and modules too. */
  bool wants_paths, paths_by_line, raw;
  size_t depth;                      /* frames of a path */
  const struct patterns *allocators; /* not looked at with raw, unless paths are wanted */
  const struct patterns *structures;
  struct frame_part never_passed_over; /* a function's name; length 0: none */

  struct frames frames;
  struct paths paths;
  struct column *columns;
  size_t column_count, column_capacity;

  /* The reading. */
  struct batches batches;
  struct node *nodes; /* the stack of the last line */
  size_t node_count, node_capacity;
  uint64_t *self; /* by entries; what the present batch adds waits, so that it is fetched meanwhile */
  size_t self_capacity;
  struct {
    uint32_t key;
    uint64_t value;
  } self_waiting[BATCH_STEPS];
  size_t self_waiting_count;
  int *structure_of; /* of an entry: 0: not looked at; else the pattern's number plus 2 */
  size_t structure_capacity;
  uint32_t *path;
  size_t path_capacity;
};

void profile_begin(struct profile *profile);

/* Begins a column; then profile_read adds the folded stacks of each path ("-" is stdin) to it; then profile_end_column.
 * What is malformed, an input without stacks, and a total past 64 bits are fail_at(). */
void profile_begin_column(struct profile *profile, const char *name);
void profile_read(struct profile *profile, const char *path);
void profile_end_column(struct profile *profile);

void profile_free(struct profile *profile);

/* Values of a column; 0 where it has none. */
static inline uint64_t self_in(const struct column *column, uint32_t number) {
  return number < column->count ? column->self[number] : 0;
}
static inline uint64_t cumulative_in(const struct column *column, uint32_t number) {
  return number < column->count ? column->cumulative[number] : 0;
}
static inline uint64_t path_in(const struct column *column, uint32_t number) {
  return number < column->path_count ? column->paths[number] : 0;
}

#endif

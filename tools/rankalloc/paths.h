/* Paths: the innermost frames of stacks, as numbers of entries (frames.h), and the value of each. */
#ifndef ASSAY_RANKALLOC_PATHS_H
#define ASSAY_RANKALLOC_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "memory.h"

enum { NO_STRUCTURE = -1 };

struct path {
  uint64_t value;    /* in the column that is being read */
  uint64_t greatest; /* of one stack's values, over all columns: that stack says of which data structure the path is */
  int structure;     /* a pattern's number, or NO_STRUCTURE */
  uint32_t count;
  uint32_t hash;
  uint32_t frames[]; /* count of them, the innermost last */
};

/* Start from {0}. */
struct paths {
  struct arena arena;
  struct path **list; /* in order of arrival */
  size_t count, capacity;
  uint32_t *slots; /* numbers in list, plus one; 0: free */
  size_t slot_count;
};

void paths_add(struct paths *paths, const uint32_t *frames, size_t count, uint64_t value, int structure);

/* By the bytes of their frames' names joined by ';'. */
int paths_compare(const struct frames *frames, const struct path *left, const struct path *right);

void paths_free(struct paths *paths);

#endif

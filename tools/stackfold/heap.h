/* What the heap profiles of tcmalloc, jemalloc and Go have in common: four counts, `objects: bytes [objects: bytes]`,
 * in use and ever allocated, and how they are un-sampled. */
#ifndef ASSAY_STACKFOLD_HEAP_H
#define ASSAY_STACKFOLD_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addresses.h"
#include "format.h"
#include "row.h"

/* In the order in which they stand in a row. */
enum heap_count { INUSE_OBJECTS, INUSE_SPACE, ALLOC_OBJECTS, ALLOC_SPACE, HEAP_COUNTS };
struct heap_counts {
  uint64_t of[HEAP_COUNTS];
  bool negative; /* one of them is, as a race in the profiler leaves them; it is 0 here */
};

/* How a profiler drew the allocations that it shows: not at all, all of them; as a Poisson process with one event in
 * rate bytes on average; or at uniformly distributed distances of rate bytes on average. */
enum sampling { ALL, POISSON, UNIFORM };

struct heap {
  struct input *input;
  struct sums *sums;
  struct address_stacks stacks;
  enum sampling sampling;
  double rate;              /* bytes */
  enum heap_count wanted;
  struct heap_counts total; /* as the header has it */
  struct heap_counts seen;  /* of the rows */
};

/* The names of the values, the default first. */
extern const char *const heap_values[];

/* heap->wanted by the name of a value (NULL: the default); false: there is none of this name. */
bool heap_want(struct heap *heap, const char *value);

/* `objects: bytes [objects: bytes]`; false where something else stands there. */
bool heap_scan_counts(struct row *row, struct heap_counts *counts);

/* The wanted one of the counts of a row, un-sampled, cut to an integer. */
uint64_t heap_value(const struct heap *heap, const struct heap_counts *counts);

/* The header `heap profile: COUNTS @ TYPE/RATE`: the total, the length of TYPE at *type (0: it has none) and the rate
 * (0: it has none). False where it is no such line. */
bool heap_scan_header(const char *line, size_t length, struct heap_counts *total, const char **type,
                      size_t *type_length, uint64_t *rate);

/* Whether the header of a profile of type heap is one of Go, which has no blanks before its counts but one; that of
 * gperftools has them in columns. */
bool heap_header_is_of_go(const char *line, size_t length);

/* Reads a profile that begins with such a header, to its end. */
void heap_parse(struct input *input, struct sums *sums);

#endif

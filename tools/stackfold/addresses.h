/* Stacks of addresses, added up before any of them becomes frames: a profile lists the mappings that its addresses are
 * in behind its stacks, and many of its rows have the same stack. */
#ifndef ASSAY_STACKFOLD_ADDRESSES_H
#define ASSAY_STACKFOLD_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "row.h"

/* Start from {0}. */
struct address_stacks {
  struct stacks stacks; /* by their addresses, leaf first */
  size_t *records;      /* of the stack of each number */
  size_t record_capacity;
  uint64_t *addresses; /* the stack being put together */
  size_t depth, capacity;
  struct address_space space;
};

/* Adds a frame to the stack being put together. */
void address_stacks_push(struct address_stacks *stacks, uint64_t address);

/* The instruction that returns to this address: 1 less, or 0. */
static inline uint64_t caller_of(uint64_t return_address) { return return_address - (return_address > 0); }

/* Adds what is left of a line, return addresses between blanks; false where something else is among them. */
bool address_stacks_push_line(struct address_stacks *stacks, struct row *row);

/* Ends the stack, which counts as so many records of value together; one without frames or without value is dropped. */
void address_stacks_end(struct address_stacks *stacks, struct sums *sums, uint64_t value, size_t records);
void address_stacks_forget(struct address_stacks *stacks); /* the stack being put together */

/* Reads what stands behind the stacks, to the end of the input: lines of /proc/PID/maps, or `start-end: path`. Where
 * two overlap, the one that starts later is taken. */
void address_stacks_read_mappings(struct address_stacks *stacks, struct input *input, struct sums *sums);

/* Hands all stacks on as frames, and frees them. */
void address_stacks_fold(struct address_stacks *stacks, struct sums *sums);

void address_stacks_free(struct address_stacks *stacks);

/* Whether a line announces the mappings. */
bool announces_mappings(const char *line, size_t length);

#endif

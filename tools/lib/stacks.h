/* A hash table of distinct stacks (or of any byte strings) with a 64-bit value each.
 *
 * Memory is proportional to what is distinct, and lives until stacks_free. Start from {0}. */
#ifndef ASSAY_STACKS_H
#define ASSAY_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "memory.h"

struct stack {
  uint64_t value;
  size_t length;
  size_t number; /* in order of arrival, from 0 */
  char bytes[];  /* length of them, and a NUL */
};

struct stack_slot;
struct stacks {
  struct arena arena;
  struct stack_slot *slots;
  size_t slot_count; /* 0 or a power of two */
  size_t count;      /* distinct stacks */
};

/* A hash of bytes for a table in memory: not the same from one version to the next, and no protection against who
 * wants two to be equal. */
uint64_t bytes_hash(const char *bytes, size_t length);

/* *sum += value; false, and *sum as it was, when the sum does not fit 64 bits. */
bool add_checked(uint64_t *sum, uint64_t value);

/* The stack of these bytes, added with value 0 when it is new. It stays where it is until stacks_free. */
struct stack *stacks_find(struct stacks *stacks, const char *bytes, size_t length);

/* The stack of these bytes, NULL where there is none. */
struct stack *stacks_known(const struct stacks *stacks, const char *bytes, size_t length);

/* Adds value to the stack of these bytes; false when its sum does not fit 64 bits. */
bool stacks_add(struct stacks *stacks, const char *bytes, size_t length, uint64_t value);

/* All stacks (stacks->count of them), in the byte order of the lines that stacks_write writes. The caller frees the
 * array, not the stacks. */
struct stack **stacks_sorted(const struct stacks *stacks);

/* Each stack once, in no useful order: start with *position 0; NULL after the last. */
struct stack *stacks_next(const struct stacks *stacks, size_t *position);

/* Writes "STACK VALUE" lines in byte order. What cannot be written shows in close_output(). */
void stacks_write(const struct stacks *stacks, FILE *output);

void stacks_free(struct stacks *stacks);

/* part of whole in hundredths of a percent, rounded half up; 0 when whole is 0. part <= whole. */
unsigned percent_hundredths(uint64_t part, uint64_t whole);

#endif

/* What heaptrack.c reads from a recording of heaptrack, and heaptrack_stacks.c makes stacks of. */
#ifndef ASSAY_STACKFOLD_HEAPTRACK_H
#define ASSAY_STACKFOLD_HEAPTRACK_H

#include "format.h"

/* Indices into the lists below are those of the recording: they begin with 1, and 0 stands for none. */

struct heaptrack_string {
  const char *bytes; /* without `;` and control characters */
  size_t length;
  const char *file; /* what follows the last slash, up to the end of bytes */
  bool allocates;   /* it is the name of an operator new */
  bool is_root;     /* it is the name of a function above which heaptrack shows nothing */
};

struct heaptrack_frame {
  size_t function, file; /* strings */
  uint64_t line;         /* 0: not known */
};

/* An instruction, and the functions that it stands in: the innermost first, which the next one inlined, and so on. */
struct heaptrack_instruction {
  uint64_t address;
  size_t module; /* a string: its path */
  size_t first_frame, frame_count;
  bool allocates, is_root; /* its innermost function */
};

/* A call path: an instruction, and the call path that led to it, which stands before it in the list. */
struct heaptrack_trace {
  size_t instruction, parent;
  size_t cost; /* of the allocations made here: 1 more than the index in the list; 0: none */
};

/* What one call path allocated. peak is what it held when all that was held was most, as of the rise number peak_rise. */
struct heaptrack_cost {
  size_t trace;
  uint64_t allocations, temporary, held, peak, peak_rise;
};

/* Allocations of one size in one call path. */
struct heaptrack_kind {
  uint64_t size;
  size_t cost; /* its index */
};

#define LIST(type) \
  struct {         \
    type *list;    \
    size_t count, capacity; \
  }

struct heaptrack {
  struct input *input;
  struct sums *sums;
  uint64_t version; /* of the file's format */
  struct arena bytes;
  LIST(struct heaptrack_string) strings;
  LIST(struct heaptrack_frame) frames;
  LIST(struct heaptrack_instruction) instructions;
  LIST(struct heaptrack_trace) traces;
  LIST(struct heaptrack_cost) costs;
  LIST(struct heaptrack_kind) kinds;
  LIST(struct heaptrack_string) suppressions; /* patterns */
  uint64_t held, most;  /* bytes: now, and at most up to now */
  uint64_t rise;        /* how often held became more than it ever was */
  size_t last_kind;     /* 1 more than the kind of the allocation just before; 0: a deallocation was just before */
  size_t rootless_cost; /* of allocations without a call path, as in heaptrack_trace */
};

/* A new last element of a list, its bytes 0. */
#define append(array)                                                                       \
  (grow(&(array)->list, &(array)->capacity, sum_of((array)->count, 1), sizeof *(array)->list), \
   memset(&(array)->list[(array)->count], 0, sizeof *(array)->list), &(array)->list[(array)->count++])

/* Adds the stacks of all call paths that allocated, with sums->value of each. */
void heaptrack_add_stacks(struct heaptrack *heaptrack);

#endif

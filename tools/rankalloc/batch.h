/* A few lines of folded stacks at a time, as steps from one stack to the next: how many frames of the last one are
 * kept, and which follow.
 *
 * The frames that a line shares with the line before it are found by comparing bytes, and are not looked at again:
 * in sorted stacks those are most. The others are hashed while their ends are looked for. What the table of frames
 * needs of the memory for all of a batch is fetched while the next one is filled, since with many distinct frames
 * waiting for it is what costs. */
#ifndef ASSAY_RANKALLOC_BATCH_H
#define ASSAY_RANKALLOC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "folded.h"
#include "frames.h"

struct span { /* a frame */
  size_t offset, length;
  uint64_t hash;
};

struct step {
  size_t keep;       /* frames of the last stack; what is deeper ends */
  size_t span_count; /* frames that follow */
  uint64_t value;
  bool ends_stack; /* the stack is whole, and value counts for it */
};

/* A batch is full with so many spans, steps or bytes; a line of more than LONG_LINE bytes comes in parts. */
enum { BATCH_SPANS = 128, BATCH_STEPS = 128, BATCH_BYTES = 1 << 17, LONG_LINE = 1 << 16 };

struct batch {
  const char *base;   /* to which the spans' offsets are */
  struct span *spans; /* room for those of a full batch and one more line */
  size_t span_count;
  struct step steps[BATCH_STEPS];
  size_t step_count;
  char *bytes; /* of its lines */
  size_t used;
};

/* Two batches: while one is filled, what the other needs is fetched; then that one is taken. Start from {0}. */
struct batches {
  struct batch both[2];
  unsigned filling; /* its number */
  const char *last; /* the last line, in one of the batches */
  size_t last_length;
  size_t *ends; /* of the last line's frames, within it */
  size_t depth;
};

/* Whether batches_turn must come before this line is added. */
bool batches_are_full(const struct batches *batches, const struct folded_line *line);

/* Adds a line; false where it is too long, and is to be added in parts. */
bool batches_add(struct batches *batches, const struct frames *frames, const struct folded_line *line);

/* Adds a part of such a line, when all batches were taken: at is NULL for the first; returns where the next one begins,
 * NULL behind the last. The line must stay where it is until the part was taken. */
const char *batches_add_part(struct batches *batches, const struct frames *frames, const struct folded_line *line,
                             const char *at);

/* Begins to fetch for the batch that was filled, and fills the other one, which must have been taken. */
void batches_turn(struct batches *batches, const struct frames *frames);

/* The batch that is to be taken before the next turn; batch_clear() empties it. */
static inline struct batch *batches_ready(struct batches *batches) { return &batches->both[!batches->filling]; }
void batch_clear(struct batch *batch);

/* The next line is the first. */
void batches_forget(struct batches *batches);
void batches_free(struct batches *batches);

#endif

/* What is known of frames beside their names: the TSV that symbolize --frames writes. */
#ifndef ASSAY_STACKFLAME_SIDE_H
#define ASSAY_STACKFLAME_SIDE_H

#include "stacks.h"

struct side {
  struct stacks frames;  /* value: 1 more than the place of its module in list */
  struct stacks modules; /* value: the same */
  const struct stack **list;
  size_t capacity;
};

/* Reads the fields frame and module of path. Of a frame with several modules, the first counts. */
void side_read(struct side *side, const char *path);

/* The module of a frame; NULL where it is not known. */
const struct stack *side_module(const struct side *side, const char *frame, size_t length);

void side_free(struct side *side);

#endif

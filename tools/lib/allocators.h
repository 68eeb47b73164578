/* The functions that hand out or take back memory for others, which are not what is to blame for it. */
#ifndef ASSAY_ALLOCATORS_H
#define ASSAY_ALLOCATORS_H

#include <stdbool.h>
#include <stddef.h>

#include "patterns.h"

/* The built-in list (allocators.txt), as text that people can read and extend. */
extern const char allocators_text[];

/* Adds the built-in list. */
void allocators_add_built_in(struct patterns *allocators);

/* Whether a frame is that of an allocator. */
bool allocators_hold(const struct patterns *allocators, const char *frame, size_t length);

#endif

#include "allocators.h"

#include <string.h>

#include "frame.h"

const char allocators_text[] =
#include "lib/allocators.txt.h"
    ;

void allocators_add_built_in(struct patterns *allocators) {
  patterns_add_text(allocators, "built-in allocators", allocators_text, strlen(allocators_text));
}

bool allocators_hold(const struct patterns *allocators, const char *frame, size_t length) {
  struct frame parts = frame_of(frame, length);
  return parts.kind == FRAME_FUNCTION &&
         patterns_find(allocators, parts.function.bytes, parts.function.length) != NO_PATTERN;
}

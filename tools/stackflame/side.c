#include "side.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "tsv.h"

void side_read(struct side *side, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t frame = tsv_field(tsv, "frame"), module = tsv_field(tsv, "module");
  while (tsv_row(tsv)) {
    const char *name = tsv_value(tsv, module), *key = tsv_value(tsv, frame);
    if (!*name) continue;
    struct stack *known = stacks_find(&side->modules, name, strlen(name));
    if (known->value == 0) {
      grow(&side->list, &side->capacity, side->modules.count, sizeof *side->list);
      side->list[known->number] = known;
      known->value = known->number + 1;
    }
    struct stack *of_frame = stacks_find(&side->frames, key, strlen(key));
    if (of_frame->value == 0) of_frame->value = known->value;
  }
  tsv_close(tsv);
}

const struct stack *side_module(const struct side *side, const char *frame, size_t length) {
  const struct stack *known = stacks_known(&side->frames, frame, length);
  return known ? side->list[known->value - 1] : NULL;
}

void side_free(struct side *side) {
  stacks_free(&side->frames);
  stacks_free(&side->modules);
  free(side->list);
}

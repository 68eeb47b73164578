/* The table of frames and modules that symbolize writes. */
#include "modules.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "stacks.h"
#include "tsv.h"

struct modules {
  struct stacks frames; /* value: the number of the module among names */
  struct stacks names;
  const struct stack **list;
  size_t capacity;
};

static size_t number_of_module(struct modules *modules, const char *name, size_t length) {
  const struct stack *module = stacks_find(&modules->names, name, length);
  grow(&modules->list, &modules->capacity, modules->names.count, sizeof *modules->list);
  modules->list[module->number] = module;
  return module->number;
}

/* Whether one of the names that '|' joins is this one. */
static bool holds(const struct stack *joined, const char *name, size_t length) {
  for (const char *at = joined->bytes;;) {
    const char *bar = strchr(at, '|');
    size_t part = bar ? (size_t)(bar - at) : strlen(at);
    if (part == length && memcmp(at, name, length) == 0) return true;
    if (!bar) return false;
    at = bar + 1;
  }
}

static void add(struct modules *modules, const char *frame, const char *module) {
  size_t before = modules->frames.count, length = strlen(module);
  struct stack *entry = stacks_find(&modules->frames, frame, strlen(frame));
  if (modules->frames.count > before) {
    entry->value = number_of_module(modules, module, length);
    return;
  }
  const struct stack *old = modules->list[entry->value];
  if (holds(old, module, length)) return;
  struct text joined = {0};
  text_append(&joined, old->bytes, old->length);
  text_append_char(&joined, '|');
  text_append(&joined, module, length);
  entry->value = number_of_module(modules, joined.bytes, joined.length);
  text_free(&joined);
}

struct modules *modules_read(const char *path) {
  struct modules *modules = take(sizeof *modules);
  *modules = (struct modules){0};
  struct tsv *tsv = tsv_open(path);
  size_t frame = tsv_field(tsv, "frame"), module = tsv_field(tsv, "module");
  while (tsv_row(tsv))
    if (*tsv_value(tsv, module)) add(modules, tsv_value(tsv, frame), tsv_value(tsv, module));
  tsv_close(tsv);
  return modules;
}

static const struct stack *module_of(const struct modules *modules, const char *bytes, size_t length) {
  const struct stack *entry = stacks_known(&modules->frames, bytes, length);
  return entry ? modules->list[entry->value] : NULL;
}

struct frame_part modules_of(const struct modules *modules, const struct frame *frame, const char *bytes,
                             size_t length) {
  if (frame->kind == FRAME_IN_MODULE) return frame->module;
  const struct stack *module = modules ? module_of(modules, bytes, length) : NULL;
  if (modules && !module && frame->kind == FRAME_FUNCTION)
    module = module_of(modules, frame->function.bytes, frame->function.length);
  if (module) return (struct frame_part){module->bytes, module->length};
  if (frame->mark == 'k') return (struct frame_part){"[kernel]", strlen("[kernel]")};
  if (frame->mark == 'j') return (struct frame_part){"[jit]", strlen("[jit]")};
  return (struct frame_part){NULL, 0};
}

void modules_free(struct modules *modules) {
  if (!modules) return;
  stacks_free(&modules->frames);
  stacks_free(&modules->names);
  free(modules->list);
  free(modules);
}

#include "interned.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocators.h"
#include "folded.h"
#include "input.h"
#include "report.h"

static uint32_t number_of(struct interned *profile, const char *frame, size_t length) {
  size_t before = profile->keys.count;
  const struct stack *name = stacks_find(&profile->keys, frame, view_key_length(profile->view, frame, length));
  if (profile->keys.count == before) return (uint32_t)name->number;
  if (profile->keys.count > UINT32_MAX) fail("the stacks have more than %" PRIu32 " different frames", UINT32_MAX);
  grow(&profile->names, &profile->name_capacity, profile->keys.count, sizeof *profile->names);
  grow(&profile->is_allocator, &profile->allocator_capacity, profile->keys.count, sizeof *profile->is_allocator);
  profile->names[name->number] = name;
  profile->is_allocator[name->number] = profile->allocators && allocators_hold(profile->allocators, frame, length);
  return (uint32_t)name->number;
}

/* Past what hands out memory, to who asked for it. */
static size_t charged_frame(const struct interned *profile, const uint32_t *frames, size_t count) {
  for (size_t i = count; i-- > 0;)
    if (!profile->is_allocator[frames[i]]) return i;
  return count - 1;
}

static void add_stack(struct interned *profile, const struct folded_line *line) {
  struct interned_stack stack = {.start = profile->frame_count, .value = line->value};
  for (const char *frame = line->stack, *end = frame + line->length;;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    grow(&profile->frames, &profile->frame_capacity, profile->frame_count + 1, sizeof *profile->frames);
    profile->frames[profile->frame_count++] = number_of(profile, frame, (size_t)((semicolon ? semicolon : end) - frame));
    if (!semicolon) break;
    frame = semicolon + 1;
  }
  stack.count = profile->frame_count - stack.start;
  stack.charged = charged_frame(profile, profile->frames + stack.start, stack.count);
  grow(&profile->stacks, &profile->stack_capacity, profile->stack_count + 1, sizeof *profile->stacks);
  profile->stacks[profile->stack_count++] = stack;
}

void interned_read(struct interned *profile, const char *path) {
  struct input *input = input_open(path);
  struct folded_line line;
  enum folded_outcome outcome;
  size_t read = 0;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK) {
    if (!add_checked(&profile->total, line.value))
      fail_at(input_name(input), input_line_number(input), "the values add up to more than 64 bits");
    read++;
    if (view_selects(profile->view, line.stack, line.length)) add_stack(profile, &line);
  }
  if (outcome == FOLDED_CUT_OFF)
    fail_at(input_name(input), input_line_number(input), "ends in the middle of a line; the file was cut off");
  if (read == 0) fail_at(input_name(input), 0, "holds no stacks");
  input_close(input);
}

void interned_read_all(struct interned *profile, char *const *files) {
  if (!*files) interned_read(profile, "-");
  for (; *files; files++) interned_read(profile, *files);
}

void interned_sums(const struct interned *profile, uint64_t **self, uint64_t **cumulative) {
  size_t count = profile->keys.count;
  size_t *last_stack = take_array(count, sizeof *last_stack); /* in which it was met last, from 1 */
  *self = take_array(count, sizeof **self);
  *cumulative = take_array(count, sizeof **cumulative);
  memset(last_stack, 0, count * sizeof *last_stack);
  memset(*self, 0, count * sizeof **self);
  memset(*cumulative, 0, count * sizeof **cumulative);
  for (size_t i = 0; i < profile->stack_count; i++) {
    const struct interned_stack *stack = &profile->stacks[i];
    const uint32_t *frames = profile->frames + stack->start;
    for (size_t depth = 0; depth <= stack->charged; depth++) {
      if (last_stack[frames[depth]] != i + 1) (*cumulative)[frames[depth]] += stack->value; /* at most the total */
      last_stack[frames[depth]] = i + 1;
    }
    (*self)[frames[stack->charged]] += stack->value;
  }
  free(last_stack);
}

void interned_free(struct interned *profile) {
  stacks_free(&profile->keys);
  free(profile->names);
  free(profile->frames);
  free(profile->stacks);
  free(profile->is_allocator);
}

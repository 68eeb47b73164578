#include "function.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "report.h"

/* Functions, each with its greatest cumulative value in one frame (its lines may be frames of their own). */
static void add_candidate(struct stacks *candidates, const char *name, size_t length, uint64_t value) {
  struct stack *known = stacks_find(candidates, name, length);
  if (value > known->value) known->value = value;
}

static int compare_candidates(const void *a, const void *b) {
  const struct stack *const *left = a, *const *right = b;
  if ((*left)->value != (*right)->value) return (*left)->value > (*right)->value ? -1 : 1;
  return strcmp((*left)->bytes, (*right)->bytes);
}

static _Noreturn void fail_ambiguous(const struct stacks *candidates, const char *text) {
  enum { SHOWN = 5, SHOWN_BYTES = 160 };
  struct stack **sorted = stacks_sorted(candidates);
  qsort(sorted, candidates->count, sizeof(struct stack *), compare_candidates);
  struct text list = {0};
  for (size_t i = 0; i < candidates->count && i < SHOWN; i++) {
    text_append_string(&list, "\n  ");
    text_append(&list, sorted[i]->bytes, sorted[i]->length < SHOWN_BYTES ? sorted[i]->length : SHOWN_BYTES);
    if (sorted[i]->length > SHOWN_BYTES) text_append_string(&list, "...");
  }
  if (candidates->count > SHOWN) text_append_string(&list, "\n  ...");
  fail("no function is called '%.160s', and %zu names hold that; give one of them whole, such as:%s", text,
       candidates->count, list.bytes);
}

static void choose(const struct interned *profile, const char *name, size_t length, bool *chosen) {
  for (size_t i = 0; i < profile->keys.count; i++) {
    const struct stack *frame = profile->names[i];
    chosen[i] = frame_function_length(frame->bytes, frame->length) == length && memcmp(frame->bytes, name, length) == 0;
  }
}

char *function_choose(const struct interned *profile, const char *text, const uint64_t *cumulative, bool *chosen) {
  struct stacks whole = {0}, parts = {0};
  size_t text_length = strlen(text);
  for (size_t i = 0; i < profile->keys.count; i++) {
    const struct stack *frame = profile->names[i];
    size_t length = frame_function_length(frame->bytes, frame->length);
    if (length == text_length && memcmp(frame->bytes, text, length) == 0)
      add_candidate(&whole, frame->bytes, length, cumulative[i]);
    else if (memmem(frame->bytes, length, text, text_length))
      add_candidate(&parts, frame->bytes, length, cumulative[i]);
  }
  const struct stacks *found = whole.count > 0 ? &whole : &parts;
  if (found->count == 0) fail("no function of the profile is called '%.160s', and no name holds that", text);
  if (found->count > 1) fail_ambiguous(found, text);
  size_t position = 0;
  const struct stack *function = stacks_next(found, &position);
  char *name = take_copy_of(function->bytes, function->length);
  choose(profile, name, function->length, chosen);
  stacks_free(&whole);
  stacks_free(&parts);
  return name;
}

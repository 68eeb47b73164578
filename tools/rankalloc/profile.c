/* Reading folded stacks into functions and paths, and ranking them. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"

static size_t key_length(enum frame_key key, const char *frame, size_t length) {
  size_t name_length;
  return key == BY_FUNCTION && frame_has_line(frame, length, &name_length) ? name_length : length;
}

/* A function counts once in its cumulative value, however often it stands in the stack. */
static struct stack *add_function(struct profile *profile, const char *frame, size_t length, uint64_t value) {
  struct stack *function = stacks_find(&profile->functions, frame, key_length(profile->function_key, frame, length));
  size_t number = function->number;
  if (profile->functions.count > profile->lasts) {
    size_t old = profile->lasts;
    grow(&profile->cumulative, &profile->cumulatives, profile->functions.count, sizeof *profile->cumulative);
    grow(&profile->last_stack, &profile->lasts, profile->functions.count, sizeof *profile->last_stack);
    memset(profile->cumulative + old, 0, (profile->cumulatives - old) * sizeof *profile->cumulative);
    memset(profile->last_stack + old, 0, (profile->lasts - old) * sizeof *profile->last_stack);
  }
  if (profile->last_stack[number] != profile->stack_count) {
    profile->last_stack[number] = profile->stack_count;
    profile->cumulative[number] += value; /* no more than the total, which fits */
  }
  return function;
}

static void add_functions(struct profile *profile, const struct folded_line *line) {
  struct stack *leaf;
  for (const char *frame = line->stack, *end = frame + line->length;;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    leaf = add_function(profile, frame, (size_t)((semicolon ? semicolon : end) - frame), line->value);
    if (!semicolon) break;
    frame = semicolon + 1;
  }
  leaf->value += line->value;
}

/* Where the depth leaf-most frames begin. */
static const char *leaf_part(const struct folded_line *line, size_t depth) {
  const char *start = line->stack + line->length;
  for (; depth > 0; depth--) {
    const char *semicolon = memrchr(line->stack, ';', (size_t)(start - line->stack));
    if (!semicolon) return line->stack;
    start = semicolon;
  }
  return start + 1;
}

static void add_path(struct profile *profile, const struct folded_line *line) {
  const char *part = leaf_part(line, profile->depth), *end = line->stack + line->length;
  if (profile->path_key == BY_LINE) {
    stacks_add(&profile->paths, part, (size_t)(end - part), line->value);
    return;
  }
  text_clear(&profile->scratch);
  for (const char *frame = part;;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    size_t length = (size_t)((semicolon ? semicolon : end) - frame);
    text_append(&profile->scratch, frame, key_length(BY_FUNCTION, frame, length));
    if (!semicolon) break;
    text_append_char(&profile->scratch, ';');
    frame = semicolon + 1;
  }
  stacks_add(&profile->paths, profile->scratch.bytes, profile->scratch.length, line->value);
}

void profile_read(struct profile *profile, const char *path) {
  struct input *input = input_open(path);
  struct folded_line line;
  enum folded_outcome outcome;
  size_t before = profile->stack_count;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK) {
    if (!add_checked(&profile->total, line.value))
      fail_at(input_name(input), input_line_number(input), "the values add up to more than 64 bits");
    profile->stack_count++;
    if (profile->wants_functions) add_functions(profile, &line);
    if (profile->wants_paths) add_path(profile, &line);
  }
  if (outcome == FOLDED_CUT_OFF)
    fail_at(input_name(input), input_line_number(input), "ends in the middle of a line; the file was cut off");
  if (profile->stack_count == before) fail_at(input_name(input), 0, "holds no stacks");
  input_close(input);
}

void profile_free(struct profile *profile) {
  stacks_free(&profile->functions);
  stacks_free(&profile->paths);
  free(profile->cumulative);
  free(profile->last_stack);
  text_free(&profile->scratch);
}

static int compare_values(uint64_t left, uint64_t right) { return left > right ? -1 : left < right; }

static int compare_names(const struct ranked *left, const struct ranked *right) {
  const struct stack *a = left->name, *b = right->name;
  int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
  if (order != 0 || a->length == b->length) return order;
  return a->length < b->length ? -1 : 1;
}

static int compare_self(const void *a, const void *b) {
  const struct ranked *left = a, *right = b;
  int order = compare_values(left->self, right->self);
  return order != 0 ? order : compare_names(left, right);
}

static int compare_cumulative(const void *a, const void *b) {
  const struct ranked *left = a, *right = b;
  int order = compare_values(left->cumulative, right->cumulative);
  return order != 0 ? order : compare_names(left, right);
}

static struct ranked *ranked(const struct stacks *names, const uint64_t *cumulative, enum order order, size_t *count) {
  struct ranked *ranking = take_array(names->count, sizeof *ranking);
  *count = 0;
  size_t position = 0;
  for (const struct stack *name; (name = stacks_next(names, &position));)
    ranking[(*count)++] =
        (struct ranked){.name = name, .self = name->value, .cumulative = cumulative ? cumulative[name->number] : 0};
  qsort(ranking, *count, sizeof *ranking, order == BY_SELF ? compare_self : compare_cumulative);
  return ranking;
}

struct ranked *ranked_functions(const struct profile *profile, enum order order, size_t *count) {
  return ranked(&profile->functions, profile->cumulative, order, count);
}

struct ranked *ranked_paths(const struct profile *profile, size_t *count) {
  return ranked(&profile->paths, NULL, BY_SELF, count);
}

size_t selected(const struct selection *selection, const struct ranked *ranking, size_t count, enum order order,
                uint64_t total) {
  if (selection->limit > 0 && selection->limit < count) count = selection->limit;
  for (size_t i = 0; i < count; i++) {
    uint64_t value = order == BY_SELF ? ranking[i].self : ranking[i].cumulative;
    if ((unsigned __int128)value * 100000000 < (unsigned __int128)total * selection->min_percent_millionths) return i;
  }
  return count;
}

size_t frames_of(const struct stack *path) {
  size_t frames = 1;
  for (size_t i = 0; i < path->length; i++) frames += path->bytes[i] == ';';
  return frames;
}

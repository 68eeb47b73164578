/* Reading folded stacks into the values of functions and paths: what a batch of lines (batch.h) does to the present
 * stack, and whom each counts for. What is counted for the frames that following lines share is summed up once. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "folded.h"
#include "input.h"
#include "report.h"
#include "stacks.h"

/* A node for each is kept; no program is as deep. */
enum { MOST_FRAMES = 1 << 24 };

/* ---- the present stack ---- */

static void end_node(struct profile *profile) {
  const struct node *node = &profile->nodes[--profile->node_count];
  if (node->key != NO_FRAME) {
    struct entry *key = &profile->frames.entries[node->key];
    key->on_stack--;
    key->counted |= node->counted;
    if (key->on_stack == 0) key->cumulative += node->subtotal; /* no more than the total, which fits */
  }
  if (profile->node_count == 0) return;
  struct node *outer = &profile->nodes[profile->node_count - 1];
  outer->subtotal += node->subtotal;
  outer->counted |= node->counted;
}

static inline void begin_node(struct profile *profile, uint32_t frame) {
  const struct entry *entry = &profile->frames.entries[frame];
  size_t number = profile->node_count++;
  struct node *node = &profile->nodes[number];
  bool hidden = entry->marks & HIDDEN;
  *node = (struct node){.frame = frame, .key = hidden ? NO_FRAME : entry->key, .marks = entry->marks};
  if (number > 0) node->marks |= node[-1].marks;
  node->visible = !hidden ? (uint32_t)number + 1 : number > 0 ? node[-1].visible : 0;
  if (!hidden) profile->frames.entries[entry->key].on_stack++;
}

/* ---- whom a stack counts for ---- */

static bool is_allocator(const struct profile *profile, uint32_t frame) {
  struct entry *entry = &profile->frames.entries[frame];
  if (entry->allocator != NOT_LOOKED_AT) return entry->allocator == IS_ALLOCATOR;
  entry->allocator = NO_ALLOCATOR;
  size_t in_head = entry->length < ENTRY_HEAD ? entry->length : ENTRY_HEAD;
  if (!patterns_may_fit(profile->allocators, entry->head, in_head)) return false;
  struct frame parts = frame_of(entry->name, entry->length);
  bool is = parts.kind == FRAME_FUNCTION &&
            patterns_find(profile->allocators, parts.function.bytes, parts.function.length) != NO_PATTERN;
  struct frame_part never = profile->never_passed_over;
  if (is && never.length == parts.function.length && memcmp(never.bytes, parts.function.bytes, never.length) == 0)
    is = false;
  if (is) entry->allocator = IS_ALLOCATOR;
  return is;
}

static uint32_t visible_outside(const struct profile *profile, uint32_t number) {
  return number > 1 ? profile->nodes[number - 2].visible : 0;
}

/* The number, from 1, of the innermost node that is no allocator's and not hidden; of the innermost that is not hidden
 * where all are allocators'; 0 where all are hidden. */
static uint32_t allocating_node(const struct profile *profile) {
  uint32_t innermost = profile->nodes[profile->node_count - 1].visible, number = innermost;
  while (number > 0 && is_allocator(profile, profile->nodes[number - 1].frame))
    number = visible_outside(profile, number);
  return number > 0 ? number : innermost;
}

static int structure_of(struct profile *profile, uint32_t frame) {
  if (frame >= profile->structure_capacity) {
    size_t old = profile->structure_capacity;
    grow(&profile->structure_of, &profile->structure_capacity, profile->frames.count, sizeof *profile->structure_of);
    memset(profile->structure_of + old, 0, (profile->structure_capacity - old) * sizeof *profile->structure_of);
  }
  int *known = &profile->structure_of[frame];
  if (*known == 0) {
    const struct entry *entry = &profile->frames.entries[frame];
    struct frame parts = frame_of(entry->name, entry->length);
    int pattern = NO_PATTERN;
    if (parts.kind == FRAME_FUNCTION)
      pattern = patterns_find(profile->structures, parts.function.bytes, parts.function.length);
    *known = pattern + 2;
  }
  return *known - 2;
}

/* The data structure that the frame which allocates names, or one of the allocator's frames in it. */
static int structure_below(struct profile *profile, uint32_t allocating) {
  for (size_t i = allocating; i <= profile->node_count; i++) {
    int pattern = structure_of(profile, profile->nodes[i - 1].frame);
    if (pattern != NO_PATTERN) return pattern;
  }
  return NO_STRUCTURE;
}

static void add_path(struct profile *profile, uint32_t innermost, uint64_t value, int structure) {
  size_t count = 0;
  for (uint32_t number = innermost; number > 0 && count < profile->depth; number = visible_outside(profile, number))
    count++;
  grow(&profile->path, &profile->path_capacity, count, sizeof *profile->path);
  size_t left = count;
  for (uint32_t number = innermost; left > 0; number = visible_outside(profile, number)) {
    const struct node *node = &profile->nodes[number - 1];
    profile->path[--left] = profile->paths_by_line ? node->frame : node->key;
  }
  paths_add(&profile->paths, profile->path, count, value, structure);
}

static bool is_selected(const struct profile *profile) {
  if (!profile->frames.filter) return true;
  uint8_t marks = profile->nodes[profile->node_count - 1].marks;
  return (!filter_expression(profile->frames.filter, FILTER_FOCUS) || marks & FOCUSED) && !(marks & IGNORED);
}

static void add_self(struct profile *profile, uint32_t key, uint64_t value) {
  if (key >= profile->self_capacity) {
    size_t old = profile->self_capacity;
    grow(&profile->self, &profile->self_capacity, profile->frames.count, sizeof *profile->self);
    memset(profile->self + old, 0, (profile->self_capacity - old) * sizeof *profile->self);
  }
  __builtin_prefetch(&profile->self[key], 1);
  profile->self_waiting[profile->self_waiting_count].key = key;
  profile->self_waiting[profile->self_waiting_count++].value = value;
}

static void add_waiting_self(struct profile *profile) {
  for (size_t i = 0; i < profile->self_waiting_count; i++)
    profile->self[profile->self_waiting[i].key] += profile->self_waiting[i].value; /* no more than the total */
  profile->self_waiting_count = 0;
}

/* Counts value for the present stack. */
static void count_value(struct profile *profile, uint64_t value) {
  if (!is_selected(profile)) return;
  uint32_t innermost = profile->nodes[profile->node_count - 1].visible;
  if (innermost == 0) return;
  uint32_t allocating = profile->raw && !profile->wants_paths ? innermost : allocating_node(profile);
  uint32_t blamed = profile->raw ? innermost : allocating;
  struct node *node = &profile->nodes[blamed - 1];
  node->subtotal += value;
  node->counted = true;
  add_self(profile, node->key, value);
  profile->columns[profile->column_count - 1].selected += value;
  if (profile->wants_paths) add_path(profile, blamed, value, structure_below(profile, allocating));
}

/* ---- reading ---- */

/* Does to the present stack what the lines of the batch say, and empties it. */
static void take_batch(struct profile *profile, struct batch *batch) {
  struct frames *frames = &profile->frames;
  const struct span *span = batch->spans;
  for (size_t i = 0; i < batch->step_count; i++) {
    const struct step *step = &batch->steps[i];
    while (profile->node_count > step->keep) end_node(profile);
    if (step->span_count > MOST_FRAMES - profile->node_count) fail("a stack has more than %d frames", MOST_FRAMES);
    grow(&profile->nodes, &profile->node_capacity, profile->node_count + step->span_count, sizeof *profile->nodes);
    for (const struct span *end = span + step->span_count; span < end; span++)
      begin_node(profile, frames_find(frames, batch->base + span->offset, span->length, span->hash));
    if (step->ends_stack) count_value(profile, step->value);
  }
  add_waiting_self(profile);
  batch_clear(batch);
}

static void take_ready(struct profile *profile) {
  take_batch(profile, batches_ready(&profile->batches));
  batches_turn(&profile->batches, &profile->frames);
}

static void take_all(struct profile *profile) {
  take_ready(profile);
  take_ready(profile);
}

static void take_in_parts(struct profile *profile, const struct folded_line *line) {
  const char *at = NULL;
  take_all(profile);
  do {
    at = batches_add_part(&profile->batches, &profile->frames, line, at);
    take_all(profile);
  } while (at);
}

void profile_begin(struct profile *profile) { frames_begin(&profile->frames); }

void profile_begin_column(struct profile *profile, const char *name) {
  grow(&profile->columns, &profile->column_capacity, profile->column_count + 1, sizeof *profile->columns);
  profile->columns[profile->column_count++] = (struct column){.name = name};
}

void profile_read(struct profile *profile, const char *path) {
  struct column *column = &profile->columns[profile->column_count - 1];
  struct input *input = input_open(path);
  struct folded_line line;
  enum folded_outcome outcome;
  size_t before = column->stack_count;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK) {
    if (!add_checked(&column->total, line.value))
      fail_at(input_name(input), input_line_number(input), "the values add up to more than 64 bits");
    column->stack_count++;
    if (batches_are_full(&profile->batches, &line)) take_ready(profile);
    if (!batches_add(&profile->batches, &profile->frames, &line)) take_in_parts(profile, &line);
  }
  take_all(profile);
  if (outcome == FOLDED_CUT_OFF)
    fail_at(input_name(input), input_line_number(input), "ends in the middle of a line; the file was cut off");
  if (column->stack_count == before) fail_at(input_name(input), 0, "holds no stacks");
  input_close(input);
}

void profile_end_column(struct profile *profile) {
  while (profile->node_count > 0) end_node(profile);
  batches_forget(&profile->batches);
  struct column *column = &profile->columns[profile->column_count - 1];
  struct frames *frames = &profile->frames;
  column->count = frames->count;
  column->self = take_array(frames->count, sizeof *column->self);
  column->cumulative = take_array(frames->count, sizeof *column->cumulative);
  for (uint32_t i = 0; i < frames->count; i++) {
    column->self[i] = i < profile->self_capacity ? profile->self[i] : 0;
    column->cumulative[i] = frames->entries[i].cumulative;
    frames->entries[i].cumulative = 0;
  }
  if (profile->self) memset(profile->self, 0, profile->self_capacity * sizeof *profile->self);
  column->path_count = profile->paths.count;
  column->paths = take_array(column->path_count, sizeof *column->paths);
  for (size_t i = 0; i < column->path_count; i++) {
    column->paths[i] = profile->paths.list[i]->value;
    profile->paths.list[i]->value = 0;
  }
}

void profile_free(struct profile *profile) {
  for (size_t i = 0; i < profile->column_count; i++) {
    free(profile->columns[i].self);
    free(profile->columns[i].cumulative);
    free(profile->columns[i].paths);
  }
  free(profile->columns);
  frames_free(&profile->frames);
  paths_free(&profile->paths);
  batches_free(&profile->batches);
  free(profile->nodes);
  free(profile->self);
  free(profile->structure_of);
  free(profile->path);
}

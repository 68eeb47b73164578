/* Lines of folded stacks as steps from one stack to the next. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static uint64_t word_at(const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* Fewer than 8 bytes as the low ones of a word. */
static uint64_t part_of_word(const char *bytes, size_t length) {
  uint64_t word = 0;
  for (size_t i = 0; i < length; i++) word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
  return word;
}

/* The top bit of the lowest byte that is ';' (of higher ones it may be wrong); 0: there is none. */
static uint64_t semicolons(uint64_t word) {
  const uint64_t ones = UINT64_MAX / 255;
  uint64_t difference = word ^ (ones * ';');
  return (difference - ones) & ~difference & (ones * 128);
}

/* The frame that begins at bytes, and its hash; returns where the next one begins, NULL behind the last. */
static inline const char *next_span(const char *bytes, const char *end, uint64_t seed, struct span *span) {
  const char *at = bytes;
  uint64_t hash = seed, word, found = 0;
  for (; end - at >= 8; at += 8) {
    word = word_at(at);
    found = semicolons(word);
    if (found) break;
    hash = hash_word(hash, word);
  }
  if (!found) {
    word = part_of_word(at, (size_t)(end - at));
    found = semicolons(word);
  }
  if (!found) {
    span->length = (size_t)(end - bytes);
    span->hash = hash_end(hash_word(hash, word), span->length);
    return NULL;
  }
  unsigned bits = (unsigned)__builtin_ctzll(found) & ~7u;
  at += bits / 8;
  span->length = (size_t)(at - bytes);
  span->hash = hash_end(hash_word(hash, word & ((UINT64_C(1) << bits) - 1)), span->length);
  return at + 1;
}

static size_t shared_bytes(const char *left, size_t left_length, const char *right, size_t right_length) {
  size_t length = left_length < right_length ? left_length : right_length, at = 0;
  for (; length - at >= 8; at += 8) {
    uint64_t difference = word_at(left + at) ^ word_at(right + at);
    if (difference) return at + (unsigned)__builtin_ctzll(difference) / 8;
  }
  while (at < length && left[at] == right[at]) at++;
  return at;
}

/* How many frames of the last line the line begins with. */
static size_t shared_frames(const struct batches *batches, const struct folded_line *line) {
  size_t shared = shared_bytes(batches->last, batches->last_length, line->stack, line->length);
  size_t count = batches->depth;
  while (count > 0 && batches->ends[count - 1] > shared) count--;
  /* The last of them may only begin as the line's frame does. */
  if (count > 0 && batches->ends[count - 1] == shared && shared < line->length && line->stack[shared] != ';') count--;
  return count;
}

bool batches_are_full(const struct batches *batches, const struct folded_line *line) {
  const struct batch *batch = &batches->both[batches->filling];
  return batch->span_count >= BATCH_SPANS || batch->step_count == BATCH_STEPS ||
         batch->used + line->length > BATCH_BYTES;
}

/* Only what is used of it is ever touched. */
static void take_room(struct batches *batches) {
  if (batches->ends) return;
  batches->ends = take_array(LONG_LINE + 1, sizeof *batches->ends);
  for (int i = 0; i < 2; i++) {
    batches->both[i].bytes = take(BATCH_BYTES);
    batches->both[i].spans = take_array(BATCH_SPANS + LONG_LINE + 1, sizeof *batches->both[i].spans);
  }
}

static inline struct span *add_span(struct batch *batch, const struct frames *frames, const char **at,
                                    const char *end) {
  struct span *span = &batch->spans[batch->span_count++];
  span->offset = (size_t)(*at - batch->base);
  *at = next_span(*at, end, frames->seed, span);
  __builtin_prefetch(frames_slot(frames, span->hash));
  return span;
}

bool batches_add(struct batches *batches, const struct frames *frames, const struct folded_line *line) {
  if (line->length > LONG_LINE) return false;
  take_room(batches);
  struct batch *batch = &batches->both[batches->filling];
  size_t keep = shared_frames(batches, line), first_span = batch->span_count, start = batch->used;
  char *copy = batch->bytes + start;
  memcpy(copy, line->stack, line->length);
  batch->base = batch->bytes;
  const char *at = copy, *end = copy + line->length;
  if (keep > 0) {
    at += batches->ends[keep - 1];
    at = at == end ? NULL : at + 1;
  }
  for (batches->depth = keep; at; batches->depth++) {
    const struct span *span = add_span(batch, frames, &at, end);
    batches->ends[batches->depth] = span->offset + span->length - start;
  }
  batch->steps[batch->step_count++] = (struct step){
      .keep = keep, .span_count = batch->span_count - first_span, .value = line->value, .ends_stack = true};
  batches->last = copy;
  batches->last_length = line->length;
  batch->used += line->length;
  return true;
}

const char *batches_add_part(struct batches *batches, const struct frames *frames, const struct folded_line *line,
                             const char *at) {
  take_room(batches);
  struct batch *batch = &batches->both[batches->filling];
  size_t keep = at ? SIZE_MAX : 0;
  const char *end = line->stack + line->length;
  if (!at) at = line->stack;
  batch->base = line->stack;
  while (at && batch->span_count < BATCH_SPANS) add_span(batch, frames, &at, end);
  batch->steps[batch->step_count++] =
      (struct step){.keep = keep, .span_count = batch->span_count, .value = line->value, .ends_stack = !at};
  batches_forget(batches);
  return at;
}

void batches_turn(struct batches *batches, const struct frames *frames) {
  const struct batch *batch = &batches->both[batches->filling];
  for (size_t i = 0; i < batch->span_count; i++) {
    frame_slot slot = *frames_slot(frames, batch->spans[i].hash);
    if (slot) __builtin_prefetch(&frames->entries[(slot & frames->number_mask) - 1], 1);
  }
  batches->filling = !batches->filling;
}

void batch_clear(struct batch *batch) {
  batch->span_count = 0;
  batch->step_count = 0;
  batch->used = 0;
}

void batches_forget(struct batches *batches) {
  batches->last_length = 0;
  batches->depth = 0;
}

void batches_free(struct batches *batches) {
  for (int i = 0; i < 2; i++) {
    free(batches->both[i].bytes);
    free(batches->both[i].spans);
  }
  free(batches->ends);
}

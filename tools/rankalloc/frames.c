/* The table of distinct frames. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "filter.h"
#include "frame.h"
#include "modules.h"
#include "report.h"

enum { FIRST_ENTRIES = 1 << 9, CACHE_LINE = 64 };

_Static_assert(sizeof(struct entry) == CACHE_LINE, "an entry is one line of the cache");

static void widen_entries(struct frames *frames) {
  if (frames->capacity >= UINT32_MAX / 2) fail("more than %u distinct frames", UINT32_MAX / 2);
  uint32_t capacity = frames->capacity ? frames->capacity * 2 : FIRST_ENTRIES;
  void *memory = take(sum_of(product_of(capacity, sizeof(struct entry)), CACHE_LINE));
  size_t over = (uintptr_t)memory % CACHE_LINE;
  struct entry *entries = (struct entry *)(void *)((char *)memory + (over ? CACHE_LINE - over : 0));
  if (frames->count) memcpy(entries, frames->entries, frames->count * sizeof *entries);
  free(frames->memory);
  frames->memory = memory;
  frames->entries = entries;
  frames->capacity = capacity;
}

static uint64_t hash_of(const struct frames *frames, const char *bytes, size_t length);

/* At least twice as many slots as entries: all are put anew. */
static void widen_slots(struct frames *frames) {
  size_t count = frames->slots ? product_of(frames->slot_mask + 1, 2) : 2 * FIRST_ENTRIES;
  free(frames->slots);
  frames->slots = take_array(count, sizeof *frames->slots);
  memset(frames->slots, 0, count * sizeof *frames->slots);
  frames->slot_mask = count - 1;
  frames->number_mask = (uint32_t)(count - 1);
  for (uint32_t i = 0; i < frames->count; i++) {
    const struct entry *entry = &frames->entries[i];
    uint64_t hash = hash_of(frames, entry->name, entry->length);
    size_t at = (size_t)hash;
    while (frames->slots[at & frames->slot_mask]) at++;
    frames->slots[at & frames->slot_mask] = slot_tag(frames, hash) | (i + 1);
  }
}

void frames_begin(struct frames *frames) {
  if (getrandom(&frames->seed, sizeof frames->seed, GRND_NONBLOCK) != sizeof frames->seed)
    frames->seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u ^ (uintptr_t)frames;
  widen_entries(frames);
  widen_slots(frames);
}

void frames_free(struct frames *frames) {
  free(frames->memory);
  free(frames->slots);
  arena_free(&frames->names);
}

static uint64_t little_endian(uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

static uint64_t hash_of(const struct frames *frames, const char *bytes, size_t length) {
  uint64_t hash = frames->seed, word;
  size_t left = length;
  for (; left >= sizeof word; left -= sizeof word, bytes += sizeof word) {
    memcpy(&word, bytes, sizeof word);
    hash = hash_word(hash, little_endian(word));
  }
  word = 0;
  memcpy(&word, bytes, left);
  return hash_end(hash_word(hash, little_endian(word)), length);
}

/* A new entry, which belongs into this slot. */
static uint32_t add_entry(struct frames *frames, const char *bytes, size_t length, uint64_t hash, frame_slot *slot) {
  if (length > UINT32_MAX) fail("a frame is longer than %u bytes", UINT32_MAX);
  if (frames->count == frames->capacity) widen_entries(frames);
  if (frames->count >= frames->slot_mask / 2) {
    widen_slots(frames);
    slot = frames_slot_of(frames, bytes, length, hash);
  }
  struct entry *entry = &frames->entries[frames->count];
  const char *name = arena_copy(&frames->names, bytes, length);
  *entry = (struct entry){.key = NO_FRAME, .length = (uint32_t)length, .name = name};
  memcpy(entry->head, bytes, length < ENTRY_HEAD ? length : ENTRY_HEAD);
  *slot = slot_tag(frames, hash) | ++frames->count;
  return frames->count - 1;
}

static uint32_t number_of(struct frames *frames, const char *bytes, size_t length, uint64_t hash) {
  frame_slot *slot = frames_slot_of(frames, bytes, length, hash);
  return *slot ? (*slot & frames->number_mask) - 1 : add_entry(frames, bytes, length, hash, slot);
}

/* What a frame is counted as, in bytes that live as long as the frame. */
static struct frame_part key_of(const struct frames *frames, const char *bytes, size_t length) {
  static const char unknown[] = "[unknown]";
  struct frame_part key = {bytes, length};
  if (frames->key == BY_LINE) return key;
  if (frames->key == BY_FUNCTION) {
    key.length = frame_function_length(bytes, length);
    return key;
  }
  struct frame frame = frame_of(bytes, length);
  if (frame.kind == FRAME_TRUNCATED) return key;
  key = frames->key == BY_FILE ? frame.file : modules_of(frames->modules, &frame, bytes, length);
  return key.length > 0 ? key : (struct frame_part){unknown, sizeof unknown - 1};
}

static uint8_t marks_of(const struct frames *frames, const char *bytes, size_t length) {
  struct frame frame = frame_of(bytes, length);
  return filter_marks(frames->filter, &frame, bytes, length, modules_of(frames->modules, &frame, bytes, length));
}

/* An entry becomes a frame. */
static void begin_frame(struct frames *frames, uint32_t number) {
  const char *bytes = frames->entries[number].name;
  size_t length = frames->entries[number].length;
  struct frame_part key = key_of(frames, bytes, length);
  uint32_t key_number = number;
  if (key.bytes != bytes || key.length != length)
    key_number = number_of(frames, key.bytes, key.length, hash_of(frames, key.bytes, key.length));
  frames->entries[number].key = key_number; /* behind what may have moved the entries */
  if (frames->filter) frames->entries[number].marks = marks_of(frames, bytes, length);
}

uint32_t frames_begin_frame(struct frames *frames, const char *bytes, size_t length, uint64_t hash) {
  uint32_t number = number_of(frames, bytes, length, hash);
  if (frames->entries[number].key == NO_FRAME) begin_frame(frames, number);
  return number;
}

uint32_t frames_number(struct frames *frames, const char *bytes, size_t length) {
  return frames_find(frames, bytes, length, hash_of(frames, bytes, length));
}

uint32_t frames_known(const struct frames *frames, const char *bytes, size_t length) {
  frame_slot slot = *frames_slot_of(frames, bytes, length, hash_of(frames, bytes, length));
  return slot ? (slot & frames->number_mask) - 1 : NO_FRAME;
}

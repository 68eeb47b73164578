/* The distinct frames of folded stacks, and the counts of the names as which they are counted.
 *
 * A frame is counted as its key: a function, a line, a file or a module, which is an entry of the same table, since
 * many frames are keys of themselves. What one step of counting touches of an entry lies within 64 bytes, a line of
 * a cache: a table of many thousand frames is not in the nearest cache, and fetching is what costs. */
#ifndef ASSAY_RANKALLOC_FRAMES_H
#define ASSAY_RANKALLOC_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

enum frame_key { BY_FUNCTION, BY_LINE, BY_FILE, BY_MODULE };

#define NO_FRAME UINT32_MAX

/* What is known of whether a frame is that of an allocator. */
enum allocator { NOT_LOOKED_AT, NO_ALLOCATOR, IS_ALLOCATOR };

enum { ENTRY_HEAD = 32 };

struct entry {
  uint64_t cumulative; /* of the key, for the stacks that are no longer present */
  uint32_t on_stack;   /* of the key: how often it is in the present stack */
  uint32_t key;        /* as which the frame is counted; NO_FRAME: the entry was never a frame */
  uint32_t length;
  uint8_t counted; /* of the key: some stack counted for it */
  uint8_t allocator;
  uint8_t marks; /* of filter.h */
  uint8_t unused;
  const char *name;      /* a NUL follows */
  char head[ENTRY_HEAD]; /* the name's first bytes, and 0 behind it */
};

/* A slot of the hash table: in as many low bits as the number of entries needs, the number of one plus 1, and above
 * them what fits of the hash; 0: free. Small, since all of them are in use at once. */
typedef uint32_t frame_slot;

struct filter;
struct modules;

struct frames {
  /* Set before the first frame. */
  enum frame_key key;
  const struct filter *filter;   /* NULL: none */
  const struct modules *modules; /* NULL: none */

  struct entry *entries; /* at a multiple of 64 bytes */
  void *memory;          /* in which they lie */
  uint32_t count, capacity;
  frame_slot *slots;
  size_t slot_mask;     /* their number - 1; 0: there are none */
  uint32_t number_mask; /* the bits of a slot that are a number */
  uint64_t seed;    /* of the hash: who writes a profile cannot know which names meet */
  struct arena names;
};

void frames_begin(struct frames *frames);
void frames_free(struct frames *frames);

/* A hash of a name by its words of 8 bytes, the last filled up with zeros, and its length. */
static inline uint64_t hash_word(uint64_t hash, uint64_t word) {
  unsigned __int128 product = (unsigned __int128)(hash ^ word) * 0x9e3779b97f4a7c15u;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}
static inline uint64_t hash_end(uint64_t hash, size_t length) { return hash_word(hash, length) ^ hash >> 32; }

/* The entry of these bytes, made a frame: what frames_find does where there is none yet. */
uint32_t frames_begin_frame(struct frames *frames, const char *bytes, size_t length, uint64_t hash);

/* Whether bytes begin with the name of an entry. There are at least length of them, length >= the name's. */
static inline bool has_name(const struct entry *entry, const char *bytes) {
  size_t length = entry->length, in_head = length < ENTRY_HEAD ? length : ENTRY_HEAD;
  if (length < 8) {
    for (size_t i = 0; i < length; i++)
      if (entry->head[i] != bytes[i]) return false;
    return true;
  }
  uint64_t ours, theirs;
  for (size_t i = 0; i + 8 <= in_head; i += 8) {
    __builtin_memcpy(&ours, entry->head + i, 8);
    __builtin_memcpy(&theirs, bytes + i, 8);
    if (ours != theirs) return false;
  }
  __builtin_memcpy(&ours, entry->head + in_head - 8, 8);
  __builtin_memcpy(&theirs, bytes + in_head - 8, 8);
  if (ours != theirs) return false;
  if (length <= ENTRY_HEAD) return true;
  return __builtin_memcmp(entry->name + ENTRY_HEAD, bytes + ENTRY_HEAD, length - ENTRY_HEAD) == 0;
}

/* The same, hashed here. */
uint32_t frames_number(struct frames *frames, const char *bytes, size_t length);

/* An entry by name, whether or not it was a frame; NO_FRAME: there is none. */
uint32_t frames_known(const struct frames *frames, const char *bytes, size_t length);

/* A slot as a place to fetch ahead of time, for a hash. */
static inline const frame_slot *frames_slot(const struct frames *frames, uint64_t hash) {
  return &frames->slots[(size_t)hash & frames->slot_mask];
}

/* What a slot holds of a hash, above the number. Its low bits say where the slot is, so others are taken. */
static inline uint32_t slot_tag(const struct frames *frames, uint64_t hash) {
  return (uint32_t)(hash >> 32) & ~frames->number_mask;
}

/* The slot of a name, or the free one where it belongs. */
static inline frame_slot *frames_slot_of(const struct frames *frames, const char *bytes, size_t length, uint64_t hash) {
  uint32_t tag = slot_tag(frames, hash);
  for (size_t at = (size_t)hash;; at++) {
    frame_slot *slot = &frames->slots[at & frames->slot_mask];
    if (*slot == 0) return slot;
    if ((*slot & ~frames->number_mask) != tag) continue;
    const struct entry *entry = &frames->entries[(*slot & frames->number_mask) - 1];
    if (entry->length == length && has_name(entry, bytes)) return slot;
  }
}

/* The frame of these bytes, whose hash is that of the words above from frames->seed on. */
static inline uint32_t frames_find(struct frames *frames, const char *bytes, size_t length, uint64_t hash) {
  frame_slot slot = *frames_slot_of(frames, bytes, length, hash);
  uint32_t number = (slot & frames->number_mask) - 1;
  if (__builtin_expect(slot == 0 || frames->entries[number].key == NO_FRAME, 0))
    return frames_begin_frame(frames, bytes, length, hash);
  return number;
}

#endif

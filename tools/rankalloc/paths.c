/* A hash table of paths. */
#include "paths.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { FIRST_SLOTS = 1 << 10 };

static uint32_t hash_of(const uint32_t *frames, size_t count) {
  uint64_t hash = count;
  for (size_t i = 0; i < count; i++) hash = hash_word(hash, frames[i] + UINT64_C(0x51ed270b00000001));
  return (uint32_t)(hash ^ hash >> 32);
}

static void widen(struct paths *paths) {
  free(paths->slots);
  paths->slot_count = paths->slot_count ? product_of(paths->slot_count, 2) : FIRST_SLOTS;
  paths->slots = take_array(paths->slot_count, sizeof *paths->slots);
  memset(paths->slots, 0, paths->slot_count * sizeof *paths->slots);
  for (size_t i = 0; i < paths->count; i++) {
    size_t at = paths->list[i]->hash;
    while (paths->slots[at & (paths->slot_count - 1)]) at++;
    paths->slots[at & (paths->slot_count - 1)] = (uint32_t)i + 1;
  }
}

static struct path *path_of(struct paths *paths, const uint32_t *frames, size_t count) {
  if (paths->count >= paths->slot_count / 2) widen(paths);
  uint32_t hash = hash_of(frames, count);
  size_t at = hash & (paths->slot_count - 1);
  for (; paths->slots[at]; at = (at + 1) & (paths->slot_count - 1)) {
    struct path *path = paths->list[paths->slots[at] - 1];
    if (path->hash == hash && path->count == count && memcmp(path->frames, frames, count * sizeof *frames) == 0)
      return path;
  }
  if (paths->count >= UINT32_MAX - 1 || count > UINT32_MAX)
    fail("more than %u distinct paths, or frames in one", UINT32_MAX);
  struct path *path = arena_take(&paths->arena, sum_of(sizeof *path, product_of(count, sizeof *frames)));
  *path = (struct path){.structure = NO_STRUCTURE, .count = (uint32_t)count, .hash = hash};
  memcpy(path->frames, frames, count * sizeof *frames);
  grow(&paths->list, &paths->capacity, paths->count + 1, sizeof *paths->list);
  paths->list[paths->count++] = path;
  paths->slots[at] = (uint32_t)paths->count;
  return path;
}

void paths_add(struct paths *paths, const uint32_t *frames, size_t count, uint64_t value, int structure) {
  struct path *path = path_of(paths, frames, count);
  path->value += value; /* no more than the total, which fits */
  bool is_greater = value > path->greatest;
  bool is_earlier = value == path->greatest && structure != NO_STRUCTURE &&
                    (path->structure == NO_STRUCTURE || structure < path->structure);
  if (is_greater || is_earlier) {
    path->greatest = value;
    path->structure = structure;
  }
}

/* A place in the bytes of a path. */
struct place {
  const struct path *path;
  uint32_t frame;
  size_t at;
};

/* The bytes that are left of the present frame; with none left the ';' behind it, or nothing at the end. */
static const char *rest(const struct frames *frames, const struct place *place, size_t *length) {
  *length = 0;
  if (place->frame == place->path->count) return "";
  const struct entry *entry = &frames->entries[place->path->frames[place->frame]];
  if (place->at < entry->length) {
    *length = entry->length - place->at;
    return entry->name + place->at;
  }
  if (place->frame + 1 < place->path->count) *length = 1;
  return ";";
}

static void pass(const struct frames *frames, struct place *place, size_t length) {
  const struct entry *entry = &frames->entries[place->path->frames[place->frame]];
  place->at += length;
  if (place->at <= entry->length) return;
  place->frame++;
  place->at = 0;
}

int paths_compare(const struct frames *frames, const struct path *left, const struct path *right) {
  struct place a = {.path = left}, b = {.path = right};
  for (;;) {
    size_t left_length, right_length;
    const char *left_bytes = rest(frames, &a, &left_length), *right_bytes = rest(frames, &b, &right_length);
    size_t length = left_length < right_length ? left_length : right_length;
    if (length == 0) return left_length > 0 ? 1 : right_length > 0 ? -1 : 0;
    int order = memcmp(left_bytes, right_bytes, length);
    if (order != 0) return order;
    pass(frames, &a, length);
    pass(frames, &b, length);
  }
}

void paths_free(struct paths *paths) {
  arena_free(&paths->arena);
  free(paths->list);
  free(paths->slots);
}

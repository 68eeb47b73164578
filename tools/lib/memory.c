#include "memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { CHUNK_SIZE = 1 << 16 };

struct arena_chunk {
  struct arena_chunk *older;
  size_t size;
  alignas(max_align_t) char bytes[];
};

void *take(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory) fail("out of memory (%zu bytes wanted)", size);
  return memory;
}

void *take_array(size_t count, size_t size) { return take(product_of(count, size)); }

void *retake_array(void *old, size_t count, size_t size) {
  size_t bytes = product_of(count, size);
  void *memory = realloc(old, bytes ? bytes : 1);
  if (!memory) fail("out of memory (%zu bytes wanted)", bytes);
  return memory;
}

char *take_copy_of(const char *bytes, size_t length) {
  char *copy = take(sum_of(length, 1));
  if (length) memcpy(copy, bytes, length);
  copy[length] = '\0';
  return copy;
}

char *take_copy(const char *text) { return take_copy_of(text, strlen(text)); }

size_t sum_of(size_t a, size_t b) {
  if (a > SIZE_MAX - b) fail("a size is too large: %zu + %zu bytes", a, b);
  return a + b;
}

size_t product_of(size_t a, size_t b) {
  if (b && a > SIZE_MAX / b) fail("a size is too large: %zu times %zu bytes", a, b);
  return a * b;
}

void grow(void *array, size_t *capacity, size_t needed, size_t element_size) {
  if (needed <= *capacity) return;
  size_t wanted = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
  if (wanted < needed) wanted = needed;
  if (wanted < 16) wanted = 16;
  void *memory;
  memcpy(&memory, array, sizeof memory); /* array is a pointer to a pointer of any type */
  memory = retake_array(memory, wanted, element_size);
  memcpy(array, &memory, sizeof memory);
  *capacity = wanted;
}

static char *chunk_space(struct arena *arena, size_t size, size_t alignment) {
  struct arena_chunk *chunk = arena->chunk;
  size_t start = (arena->used + alignment - 1) & ~(alignment - 1);
  if (!chunk || start > chunk->size || chunk->size - start < size) {
    size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct arena_chunk *fresh = take(sum_of(sizeof *fresh, room));
    fresh->size = room;
    fresh->older = chunk;
    arena->chunk = chunk = fresh;
    start = 0;
  }
  arena->used = start + size;
  return chunk->bytes + start;
}

void *arena_take(struct arena *arena, size_t size) { return chunk_space(arena, size, alignof(max_align_t)); }

char *arena_copy(struct arena *arena, const char *bytes, size_t length) {
  char *copy = chunk_space(arena, sum_of(length, 1), 1);
  if (length) memcpy(copy, bytes, length);
  copy[length] = '\0';
  return copy;
}

void arena_free(struct arena *arena) {
  for (struct arena_chunk *chunk = arena->chunk; chunk;) {
    struct arena_chunk *older = chunk->older;
    free(chunk);
    chunk = older;
  }
  *arena = (struct arena){0};
}

void text_append(struct text *text, const char *bytes, size_t length) {
  grow(&text->bytes, &text->capacity, sum_of(sum_of(text->length, length), 1), 1);
  if (length) memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void text_append_string(struct text *text, const char *string) { text_append(text, string, strlen(string)); }

void text_append_char(struct text *text, char c) { text_append(text, &c, 1); }

void text_clear(struct text *text) {
  text->length = 0;
  if (text->capacity) text->bytes[0] = '\0';
}

void text_free(struct text *text) {
  free(text->bytes);
  *text = (struct text){0};
}

#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CAPACITY = 32 };

static _Noreturn void no_memory(void) {
  fputs("kvserver: out of memory\n", stderr);
  exit(1);
}

void *allocate(size_t size) {
  void *memory = malloc(size);
  if (!memory) no_memory();
  return memory;
}

void *allocate_zeroed(size_t size) {
  void *memory = calloc(1, size);
  if (!memory) no_memory();
  return memory;
}

void buffer_reserve(struct buffer *buffer, size_t more) {
  size_t needed = buffer->length + more;
  if (needed <= buffer->capacity) return;
  size_t capacity = buffer->capacity ? buffer->capacity : SMALLEST_CAPACITY;
  while (capacity < needed) capacity *= 2;
  buffer->bytes = realloc(buffer->bytes, capacity);
  if (!buffer->bytes) no_memory();
  buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const char *bytes, size_t length) {
  if (length == 0) return;
  buffer_reserve(buffer, length);
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

void buffer_append_text(struct buffer *buffer, const char *text) { buffer_append(buffer, text, strlen(text)); }

void buffer_consume(struct buffer *buffer, size_t length) {
  buffer->length -= length;
  if (buffer->length > 0) memmove(buffer->bytes, buffer->bytes + length, buffer->length);
}

void buffer_free(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}

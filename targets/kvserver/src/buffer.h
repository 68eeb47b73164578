/* A buffer of bytes that grows. All zero is an empty one. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>

struct buffer {
  char *bytes;
  size_t length, capacity;
};

/* Room for `more` bytes behind those that are there; the capacity doubles, so that appending is cheap on the whole. */
void buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const char *bytes, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
/* Drops `length` bytes at the front. */
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_free(struct buffer *buffer);

/* malloc and calloc that end the program where there is no memory. */
void *allocate(size_t size);
void *allocate_zeroed(size_t size);

#endif

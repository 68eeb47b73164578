/* Memory that is there or ends the tool: no caller checks for NULL.
 *
 * Sizes are size_t; products and sums of sizes that come from input are checked here. */
#ifndef ASSAY_MEMORY_H
#define ASSAY_MEMORY_H

#include <stddef.h>

/* As malloc, realloc, strdup; fail() when there is no memory. The caller frees. */
void *take(size_t size);
void *take_array(size_t count, size_t size);
void *retake_array(void *old, size_t count, size_t size);
char *take_copy(const char *text);
char *take_copy_of(const char *bytes, size_t length);

/* a + b and a * b; fail() when the result does not fit a size_t. */
size_t sum_of(size_t a, size_t b);
size_t product_of(size_t a, size_t b);

/* Grows *array (of *capacity elements of element_size bytes) so that it holds at least needed elements, at least
 * doubling. Start with *array NULL and *capacity 0. */
void grow(void *array, size_t *capacity, size_t needed, size_t element_size);

/* An arena: memory that lives until the arena is freed as a whole. Start from {0}. */
struct arena_chunk;
struct arena {
  struct arena_chunk *chunk; /* the newest chunk */
  size_t used;               /* bytes of it that are given out */
};
void *arena_take(struct arena *arena, size_t size);                              /* aligned for any type */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);         /* a NUL is added; aligned to 1 */
void arena_free(struct arena *arena);

/* A growing byte string. Start from {0}; bytes is NULL only while capacity is 0. */
struct text {
  char *bytes; /* bytes[length] is NUL once something was appended */
  size_t length, capacity;
};
void text_append(struct text *text, const char *bytes, size_t length);
void text_append_string(struct text *text, const char *string);
void text_append_char(struct text *text, char c);
void text_clear(struct text *text); /* length 0, memory kept */
void text_free(struct text *text);

#endif

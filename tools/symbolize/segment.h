/* What is known of one unit, in one block of bytes that refers to nothing outside itself: it can be kept in a file, and
 * asked where it lies. */
#ifndef ASSAY_SYMBOLIZE_SEGMENT_H
#define ASSAY_SYMBOLIZE_SEGMENT_H

#include "dwarf.h"
#include "intervals.h"
#include "lines.h"

/* Behind the head: rows, points, scopes, files, strings. */
struct segment_head {
  uint64_t base; /* that addresses of rows and points count from */
  uint32_t row_count, point_count, scope_count, file_count, string_size;
  uint32_t unused;
};

struct segment_row {
  uint32_t address, line;
  uint32_t file; /* 1 more than its number; 0: no line from here on */
};

/* A function, or one that was inlined. The value of a point is 1 more than a scope's number. */
struct segment_scope {
  uint32_t parent; /* 1 more than the number of the scope that it was inlined into; 0: none */
  uint32_t name;   /* in strings; 0: unknown */
  uint32_t call_file, call_line; /* call_file as a row's file */
};

struct segment {
  const struct segment_head *head;
  const struct segment_row *rows;
  const struct point *points;
  const struct segment_scope *scopes;
  const uint32_t *files; /* in strings */
  const char *strings;   /* the first is empty; a NUL ends the last */
};

/* Memory that is used for one unit after the other. Start from {0}. */
struct segment_builder {
  struct line_table lines;
  struct ranges ranges;
  struct points points;
  struct segment_scope *scopes;
  size_t scope_count, scope_capacity;
  uint32_t *levels; /* 1 more than the scope of each level of entries */
  size_t level_capacity;
  struct text strings;
  uint32_t *files; /* by the line table's numbers: 1 more than the segment's, 0: not used */
  size_t file_capacity;
  uint32_t *file_names;
  size_t file_count, file_name_capacity;
  struct segment_row *rows;
  size_t row_count, row_capacity;
  struct string_slot *string_slots;
  size_t string_slot_count, string_count;
  uint32_t generation;
};

/* Appends the segment of a unit to out, a multiple of 8 bytes. Code lies in [low, high). */
void segment_build(struct segment_builder *builder, struct unit *unit, uint64_t low, uint64_t high, struct text *out);
void segment_builder_free(struct segment_builder *builder);

/* Sets segment to the bytes; false where they are none: sizes that do not fit, strings without an end. */
bool segment_open(struct segment *segment, const char *bytes, size_t size);

struct frame_place {
  const char *function; /* NULL: unknown */
  const char *file;     /* NULL: unknown */
  uint32_t line;
  bool inlined;
};
enum { MOST_FRAMES = 256 }; /* of one address; functions are not inlined deeper */

/* The frames at the address, the innermost first, in frames (MOST_FRAMES of them); how many they are. A segment that
 * knows the line alone gives one frame without a function. */
size_t segment_find(const struct segment *segment, uint64_t address, struct frame_place *frames);

#endif

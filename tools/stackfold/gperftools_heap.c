/* The heap profiles and heap growth profiles of gperftools. heap.c reads both. */
#include <string.h>

#include "heap.h"

/* The length of the first line. */
static size_t first_line(const char *bytes, size_t length) {
  const char *end = memchr(bytes, '\n', length);
  if (end) length = (size_t)(end - bytes);
  return length > 0 && bytes[length - 1] == '\r' ? length - 1 : length;
}

static bool is_growth(const char *bytes, size_t length) {
  struct heap_counts total;
  const char *type;
  size_t type_length;
  uint64_t rate;
  return heap_scan_header(bytes, length, &total, &type, &type_length, &rate) &&
         row_starts_with(type, type_length, "growth");
}

static bool recognize_heap(const char *bytes, size_t length, bool complete) {
  (void)complete;
  length = first_line(bytes, length);
  return row_starts_with(bytes, length, "heap profile:") && !is_growth(bytes, length) &&
         !heap_header_is_of_go(bytes, length);
}

static bool recognize_growth(const char *bytes, size_t length, bool complete) {
  (void)complete;
  return is_growth(bytes, first_line(bytes, length));
}

FORMAT(gperftools_heap,
    .name = "gperftools-heap",
    .description = "heap profiles of gperftools, un-sampled where they are samples",
    .values = heap_values,
    .recognize = recognize_heap,
    .parse = heap_parse);

static const char *const growth_values[] = {"space", "objects", NULL};

FORMAT(gperftools_growth,
    .name = "gperftools-growth",
    .description = "heap growth profiles of gperftools",
    .values = growth_values,
    .recognize = recognize_growth,
    .parse = heap_parse);

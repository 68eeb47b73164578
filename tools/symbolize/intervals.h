/* Ranges of addresses that may lie in and over each other, made into a sorted list of points: from each point on, up to
 * the next, one value holds. A query is one binary search. */
#ifndef ASSAY_SYMBOLIZE_INTERVALS_H
#define ASSAY_SYMBOLIZE_INTERVALS_H

#include <stddef.h>
#include <stdint.h>

struct range {
  uint64_t start, end;
  uint32_t rank;  /* of the ranges that hold an address the one of the highest rank is taken */
  uint32_t value; /* not 0 */
};

struct ranges {
  struct range *list;
  size_t count, capacity;
};

struct point {
  uint32_t address; /* relative to a base */
  uint32_t value;   /* 0: none */
};

struct points {
  struct point *list;
  size_t count, capacity;
};

void ranges_add(struct ranges *ranges, struct range range);

/* Sorts the ranges, and appends their points, whose addresses count from base. What lies below base, or 4 GiB and more
 * above it, is left out. */
void ranges_flatten(struct ranges *ranges, uint64_t base, struct points *points);

/* The value at the address; 0 below the first point. */
uint32_t points_find(const struct point *points, size_t count, uint64_t address);

#endif

#include "intervals.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void ranges_add(struct ranges *ranges, struct range range) {
  if (ranges->count == ranges->capacity)
    grow(&ranges->list, &ranges->capacity, ranges->count + 1, sizeof *ranges->list);
  ranges->list[ranges->count++] = range;
}

/* ---- sorting by start, then by rank: natural merges, since what comes from a file is in long ordered runs ---- */

static bool is_before(const struct range *a, const struct range *b) {
  return a->start != b->start ? a->start < b->start : a->rank < b->rank;
}

/* Where the ordered run that begins at first ends. */
static size_t run_end(const struct range *list, size_t first, size_t count) {
  size_t end = first + 1;
  while (end < count && !is_before(&list[end], &list[end - 1])) end++;
  return end;
}

static void merge(const struct range *from, size_t first, size_t middle, size_t end, struct range *to) {
  size_t left = first, right = middle;
  for (size_t out = first; out < end; out++)
    to[out] = left < middle && (right == end || !is_before(&from[right], &from[left])) ? from[left++] : from[right++];
}

static void sort_ranges(struct ranges *ranges) {
  size_t count = ranges->count;
  if (count < 2 || run_end(ranges->list, 0, count) == count) return;
  struct range *other = take_array(count, sizeof *other);
  for (size_t runs = 2; runs > 1;) {
    runs = 0;
    for (size_t first = 0, middle, end; first < count; first = end, runs++) {
      middle = run_end(ranges->list, first, count);
      end = middle < count ? run_end(ranges->list, middle, count) : middle;
      merge(ranges->list, first, middle, end, other);
    }
    struct range *swap = ranges->list;
    ranges->list = other;
    other = swap;
  }
  free(other);
  ranges->capacity = count;
}

/* ---- the ranges that hold the present address: a heap, the highest rank first ---- */

struct heap {
  struct range *list;
  size_t count, capacity;
};

static void swap_ranges(struct range *a, struct range *b) {
  struct range kept = *a;
  *a = *b;
  *b = kept;
}

static void heap_push(struct heap *heap, struct range range) {
  grow(&heap->list, &heap->capacity, heap->count + 1, sizeof *heap->list);
  size_t at = heap->count++;
  heap->list[at] = range;
  for (; at > 0 && heap->list[(at - 1) / 2].rank < heap->list[at].rank; at = (at - 1) / 2)
    swap_ranges(&heap->list[at], &heap->list[(at - 1) / 2]);
}

static void heap_pop(struct heap *heap) {
  heap->list[0] = heap->list[--heap->count];
  for (size_t at = 0;;) {
    size_t largest = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++)
      if (heap->list[child].rank > heap->list[largest].rank) largest = child;
    if (largest == at) return;
    swap_ranges(&heap->list[at], &heap->list[largest]);
    at = largest;
  }
}

/* ---- points ---- */

static void add_point(struct points *points, uint64_t base, uint64_t address, uint32_t value) {
  if (address < base) address = base;
  if (address - base > UINT32_MAX) return;
  uint32_t relative = (uint32_t)(address - base);
  struct point *last = points->count ? &points->list[points->count - 1] : NULL;
  if (last && last->address == relative) {
    last->value = value;
    return;
  }
  if (last ? last->value == value : value == 0) return;
  grow(&points->list, &points->capacity, points->count + 1, sizeof *points->list);
  points->list[points->count++] = (struct point){.address = relative, .value = value};
}

/* Ends the ranges that end at the limit or before. */
static void close_until(struct heap *heap, uint64_t limit, uint64_t base, struct points *points) {
  while (heap->count > 0 && heap->list[0].end <= limit) {
    uint64_t end = heap->list[0].end;
    while (heap->count > 0 && heap->list[0].end <= end) heap_pop(heap);
    add_point(points, base, end, heap->count > 0 ? heap->list[0].value : 0);
  }
}

void ranges_flatten(struct ranges *ranges, uint64_t base, struct points *points) {
  struct heap heap = {0};
  sort_ranges(ranges);
  points->count = 0;
  for (size_t i = 0; i < ranges->count; i++) {
    const struct range *range = &ranges->list[i];
    if (range->end <= range->start || range->end <= base) continue;
    close_until(&heap, range->start, base, points);
    heap_push(&heap, *range);
    if (heap.list[0].rank == range->rank) add_point(points, base, range->start, heap.list[0].value);
  }
  close_until(&heap, UINT64_MAX, base, points);
  free(heap.list);
}

uint32_t points_find(const struct point *points, size_t count, uint64_t address) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (points[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  return low == 0 ? 0 : points[low - 1].value;
}

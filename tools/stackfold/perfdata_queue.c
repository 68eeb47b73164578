/* perf record empties its buffers, one for each processor, one after another, so that records come in order within a
 * buffer only. The end of each round over all of them is marked: what is then older than the newest record at the end
 * of the round before cannot be preceded by anything that is still to come. */
#include <stdlib.h>

#include "perfdata.h"

/* A capture without marks is not held whole: beyond so many bytes the older half is handed on. */
enum { MOST_BYTES = 64 << 20 };

/* Merges two neighbouring sorted runs of from into to; the first goes first where times are equal. */
static void merge(const struct queue_entry *from, size_t start, size_t middle, size_t end, struct queue_entry *to) {
  size_t left = start, right = middle;
  for (size_t i = start; i < end; i++) {
    bool take_left = left < middle && (right == end || from[left].time <= from[right].time);
    to[i] = take_left ? from[left++] : from[right++];
  }
}

static size_t end_of_run(const struct queue_entry *entries, size_t start, size_t count) {
  size_t end = start + 1;
  while (end < count && entries[end - 1].time <= entries[end].time) end++;
  return end;
}

/* One pass that merges sorted runs by twos; how many runs there were. */
static size_t merge_pass(const struct queue_entry *from, size_t count, struct queue_entry *to) {
  size_t runs = 0;
  for (size_t start = 0; start < count;) {
    size_t middle = end_of_run(from, start, count);
    size_t end = middle < count ? end_of_run(from, middle, count) : middle;
    merge(from, start, middle, end, to);
    runs += middle < end ? 2 : 1;
    start = end;
  }
  return runs;
}

/* Few runs, since each buffer's records are in order. */
static void sort(struct queue *queue) {
  grow(&queue->scratch, &queue->scratch_capacity, queue->count, sizeof *queue->scratch);
  while (queue->count > 1 && end_of_run(queue->entries, 0, queue->count) < queue->count) {
    merge_pass(queue->entries, queue->count, queue->scratch);
    struct queue_entry *entries = queue->entries;
    size_t capacity = queue->capacity;
    queue->entries = queue->scratch;
    queue->capacity = queue->scratch_capacity;
    queue->scratch = entries;
    queue->scratch_capacity = capacity;
  }
}

static struct record record_of(const struct queue *queue, const struct queue_entry *entry) {
  const char *bytes = queue->bytes.bytes + entry->start;
  return (struct record){.type = number_32(bytes),
                         .misc = number_16(bytes + 4),
                         .size = number_16(bytes + 6),
                         .bytes = bytes,
                         .position = entry->position};
}

static int compare_starts(const void *a, const void *b) {
  const struct queue_entry *left = a, *right = b;
  return left->start < right->start ? -1 : left->start > right->start;
}

/* Moves what waits to the front of the buffer, in the order in which it came. */
static void close_gaps(struct queue *queue) {
  if (queue->count == 0) {
    text_clear(&queue->bytes);
    return;
  }
  qsort(queue->entries, queue->count, sizeof *queue->entries, compare_starts);
  size_t length = 0;
  for (size_t i = 0; i < queue->count; i++) {
    struct queue_entry *entry = &queue->entries[i];
    size_t size = record_of(queue, entry).size;
    memmove(queue->bytes.bytes + length, queue->bytes.bytes + entry->start, size);
    entry->start = length;
    length += size;
  }
  queue->bytes.length = length;
}

/* Hands on, in order, what is not later than until. */
static void hand_on(struct queue *queue, uint64_t until, deliver *to, void *receiver) {
  if (queue->count == 0) return;
  sort(queue);
  size_t ready = 0;
  while (ready < queue->count && queue->entries[ready].time <= until) {
    struct record record = record_of(queue, &queue->entries[ready++]);
    to(receiver, &record);
  }
  queue->count -= ready;
  memmove(queue->entries, queue->entries + ready, queue->count * sizeof *queue->entries);
  close_gaps(queue);
}

void queue_add(struct queue *queue, const struct record *record, uint64_t time, deliver *to, void *receiver) {
  if (queue->bytes.length > MOST_BYTES) {
    sort(queue);
    hand_on(queue, queue->entries[queue->count / 2].time, to, receiver);
  }
  grow(&queue->entries, &queue->capacity, sum_of(queue->count, 1), sizeof *queue->entries);
  queue->entries[queue->count++] =
      (struct queue_entry){.time = time, .position = record->position, .start = queue->bytes.length};
  text_append(&queue->bytes, record->bytes, record->size);
  if (time > queue->latest) queue->latest = time;
}

void queue_round(struct queue *queue, deliver *to, void *receiver) {
  hand_on(queue, queue->latest_of_round, to, receiver);
  queue->latest_of_round = queue->latest;
}

void queue_flush(struct queue *queue, deliver *to, void *receiver) { hand_on(queue, UINT64_MAX, to, receiver); }

void queue_free(struct queue *queue) {
  text_free(&queue->bytes);
  free(queue->entries);
  free(queue->scratch);
}

/* Heap profiles of jemalloc:
 *
 *   heap_v2/524288
 *     t*: 28106: 56637512 [0: 0]
 *     t0: 28106: 56637512 [0: 0] NAME
 *   @ 0x5f86da 0x5f5a1d 0x90ac4e
 *     t*: 13: 6688 [0: 0]
 *     t0: 13: 6688 [0: 0]
 *
 *   MAPPED_LIBRARIES:
 *   00400000-00421000 r-xp 00000000 fe:00 318591  /usr/bin/clang
 *
 * Of the counts under a stack, t* is the sum over all threads and is what is used. The number behind heap_v2 is the
 * mean distance in bytes between two sampled allocations; each stack is un-sampled by it as jeprof does. With
 * heap_v2/1 every allocation was recorded, and the counts stay as they are. The header's own counts are of another
 * kind in jemalloc 5.3, and are not used. Versions before 4 wrote rows as gperftools does. */
#include <string.h>

#include "heap.h"
#include "report.h"

struct dump {
  struct heap heap;
  bool in_stack;  /* behind a line of addresses */
  bool has_total; /* t* of that stack was read */
};

static bool scan_header(const char *line, size_t length, uint64_t *rate) {
  struct row row = row_of(line, length);
  return row_word(&row, "heap_v2/") && row_decimal(&row, rate) && row_ends(&row);
}

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  return row_starts_with(bytes, length, "heap_v2/");
}

static void read_header(struct heap *heap) {
  char *line;
  size_t length;
  uint64_t rate;
  if (!input_line(heap->input, &line, &length)) fail_at(input_name(heap->input), 0, "holds no stacks");
  if (!scan_header(line, length, &rate))
    fail_at(input_name(heap->input), 1, "is not the header of a heap profile; 'heap_v2/RATE' is expected");
  if (rate == 0)
    report_warning_at(input_name(heap->input), 1, "gives no sampling rate; the values are those of the sample");
  heap->sampling = rate > 1 ? POISSON : ALL;
  heap->rate = (double)rate;
}

/* A stack for which the profiler gives no sum over the threads has no value. */
static void end_stack(struct dump *dump) {
  struct heap *heap = &dump->heap;
  if (dump->in_stack && !dump->has_total) {
    address_stacks_forget(&heap->stacks);
    sums_drop(heap->sums, DROP_NO_VALUE, 0);
  }
  dump->in_stack = dump->has_total = false;
}

static _Noreturn void fail_line(const struct heap *heap) {
  fail_at(input_name(heap->input), input_line_number(heap->input),
          "is no line of a heap profile; '@ 0xADDRESS...' or 't*: OBJECTS: BYTES [OBJECTS: BYTES]' is expected");
}

static void read_counts(struct dump *dump, struct row *row) {
  struct heap_counts counts;
  struct heap *heap = &dump->heap;
  if (!heap_scan_counts(row, &counts)) fail_line(heap);
  if (!dump->in_stack) return;
  if (dump->has_total)
    fail_at(input_name(heap->input), input_line_number(heap->input), "gives the counts of a stack a second time");
  dump->has_total = true;
  address_stacks_end(&heap->stacks, heap->sums, counts.negative ? 0 : heap_value(heap, &counts), 1);
}

static void read_line(struct dump *dump, const char *line, size_t length) {
  struct row row = row_of(line, length);
  if (row_word(&row, "@")) {
    end_stack(dump);
    dump->in_stack = true;
    if (!address_stacks_push_line(&dump->heap.stacks, &row)) fail_line(&dump->heap);
  } else if (row_word(&row, "t*:")) {
    read_counts(dump, &row);
  } else if (!row_ends(&row)) {
    uint64_t thread;
    if (!row_word(&row, "t") || !row_decimal(&row, &thread) || !row_word(&row, ":")) fail_line(&dump->heap);
  }
}

/* Up to the list of mappings; whether it was there. jemalloc always writes one. */
static bool read_stacks(struct dump *dump) {
  struct heap *heap = &dump->heap;
  char *line;
  size_t length;
  while (input_line(heap->input, &line, &length)) {
    if (!input_line_ended(heap->input)) return false;
    if (announces_mappings(line, length)) return true;
    read_line(dump, line, length);
  }
  return false;
}

static void read_dump(struct input *input, struct sums *sums) {
  struct dump dump = {.heap = {.input = input, .sums = sums}};
  struct heap *heap = &dump.heap;
  heap_want(heap, sums->value);
  read_header(heap);
  if (read_stacks(&dump)) {
    end_stack(&dump);
    address_stacks_read_mappings(&heap->stacks, input, sums);
  } else {
    sums_cut_off(sums, input, "the stacks (MAPPED_LIBRARIES is not there)");
  }
  address_stacks_fold(&heap->stacks, sums);
}

static void parse(struct input *input, struct sums *sums) {
  static const char rows[] = "heap profile:";
  const char *bytes;
  size_t length = input_peek(input, &bytes, sizeof rows - 1);
  if (row_starts_with(bytes, length, rows)) heap_parse(input, sums);
  else read_dump(input, sums);
}

FORMAT(jemalloc,
    .name = "jemalloc",
    .description = "heap profiles of jemalloc, un-sampled by their rate",
    .values = heap_values,
    .recognize = recognize,
    .parse = parse);

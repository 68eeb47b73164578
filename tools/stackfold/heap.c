/* Heap profiles in rows, as gperftools writes them, and jemalloc before version 4:
 *
 *   heap profile:   3813:  4009183 [ 10908: 54988218] @ heapprofile
 *       36:  2323966 [    36:  2323966] @ 0x00551bdf 0x0057692b 0x00667343
 *   MAPPED_LIBRARIES:
 *   00400000-0041f000 r--p 00000000 00:00 10979614  /usr/bin/python3.11
 *
 * The counts are objects and bytes in use, then those ever allocated. A stack may have several rows. The word behind
 * the @ tells whether all allocations are in it (heapprofile, growth) or a sample of them: heap_v2/RATE and
 * heapz_v2/RATE are a Poisson process of one event in RATE bytes, heap/RATE has uniform distances up to RATE. */
#include "heap.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report.h"

const char *const heap_values[] = {"inuse_space", "inuse_objects", "alloc_space", "alloc_objects", NULL};

static const struct {
  const char *name;
  enum heap_count count;
} value_names[] = {
    {"inuse_space", INUSE_SPACE},     {"inuse_objects", INUSE_OBJECTS}, {"alloc_space", ALLOC_SPACE},
    {"alloc_objects", ALLOC_OBJECTS}, {"space", INUSE_SPACE},           {"objects", INUSE_OBJECTS},
};

bool heap_want(struct heap *heap, const char *value) {
  heap->wanted = INUSE_SPACE;
  if (!value) return true;
  for (size_t i = 0; i < sizeof value_names / sizeof *value_names; i++) {
    if (strcmp(value, value_names[i].name) != 0) continue;
    heap->wanted = value_names[i].count;
    return true;
  }
  return false;
}

static bool scan_count(struct row *row, struct heap_counts *counts, enum heap_count count) {
  if (row_word(row, "-")) counts->negative = true;
  else return row_decimal(row, &counts->of[count]);
  uint64_t ignored;
  return row_decimal(row, &ignored);
}

bool heap_scan_counts(struct row *row, struct heap_counts *counts) {
  *counts = (struct heap_counts){0};
  return scan_count(row, counts, INUSE_OBJECTS) && row_word(row, ":") && scan_count(row, counts, INUSE_SPACE) &&
         row_word(row, "[") && scan_count(row, counts, ALLOC_OBJECTS) && row_word(row, ":") &&
         scan_count(row, counts, ALLOC_SPACE) && row_word(row, "]");
}

bool heap_scan_header(const char *line, size_t length, struct heap_counts *total, const char **type,
                      size_t *type_length, uint64_t *rate) {
  struct row row = row_of(line, length);
  *type_length = 0;
  *rate = 0;
  if (!row_word(&row, "heap profile:") || !heap_scan_counts(&row, total)) return false;
  if (!row_word(&row, "@")) return row_ends(&row);
  row_blanks(&row);
  *type = row.at;
  while (row.at < row.end && *row.at != '/' && *row.at != ' ' && *row.at != '\t') row.at++;
  *type_length = (size_t)(row.at - *type);
  if (row_word(&row, "/") && !row_ends(&row) && !row_decimal(&row, rate)) return false;
  return row_ends(&row);
}

bool heap_header_is_of_go(const char *line, size_t length) {
  struct heap_counts total;
  const char *type;
  size_t type_length;
  uint64_t rate;
  return heap_scan_header(line, length, &total, &type, &type_length, &rate) && type_length == 4 &&
         memcmp(type, "heap", 4) == 0 && !memmem(line, length, "  ", 2);
}

/* ---- un-sampling ---- */

/* By how much what was sampled stands for more than itself: 1 / the probability that an allocation of this size, the
 * mean of the row, is in the sample. For a Poisson process that is 1 - exp(-size / rate). google-pprof, jeprof and
 * go tool pprof all reckon so, in double precision and this order; the first two let uniform distances of rate on
 * average weigh by rate / size. */
static double weight_of(const struct heap *heap, double objects, double bytes) {
  double ratio = bytes / objects / heap->rate;
  if (heap->sampling == POISSON) return 1 / (1 - exp(-ratio));
  return ratio < 1 ? 1 / ratio : 1;
}

uint64_t heap_value(const struct heap *heap, const struct heap_counts *counts) {
  enum heap_count objects = heap->wanted < ALLOC_OBJECTS ? INUSE_OBJECTS : ALLOC_OBJECTS;
  uint64_t value = counts->of[heap->wanted];
  if (heap->sampling == ALL || counts->of[objects] == 0) return value;
  if (counts->of[objects + 1] == 0) return 0;
  double scaled =
      (double)value * weight_of(heap, (double)counts->of[objects], (double)counts->of[objects + 1]);
  if (!(scaled < 0x1p64))
    fail_at(input_name(heap->input), input_line_number(heap->input), "un-sampled, its value is past 64 bits");
  return (uint64_t)scaled;
}

/* ---- rows ---- */

static bool is_type(const char *type, size_t length, const char *name) {
  return length == strlen(name) && memcmp(type, name, length) == 0;
}

static void set_sampling(struct heap *heap, const char *type, size_t type_length, uint64_t rate) {
  bool v2 = type_length > 3 && memcmp(type + type_length - 3, "_v2", 3) == 0;
  if (v2) heap->sampling = POISSON;
  else if (is_type(type, type_length, "heap") || is_type(type, type_length, "heapz")) heap->sampling = UNIFORM;
  else return;
  heap->rate = heap->sampling == UNIFORM ? (double)rate / 2 : (double)rate;
  if (rate == 0)
    report_warning_at(input_name(heap->input), input_line_number(heap->input),
                      "gives no sampling rate; the values are those of the sample");
  if (heap->rate <= 1) heap->sampling = ALL; /* one event in each byte, or not known */
}

static void read_header(struct heap *heap) {
  char *line;
  size_t length, type_length;
  const char *type;
  uint64_t rate;
  do {
    if (!input_line(heap->input, &line, &length)) fail_at(input_name(heap->input), 0, "holds no stacks");
  } while (length == 0);
  if (!heap_scan_header(line, length, &heap->total, &type, &type_length, &rate))
    fail_at(input_name(heap->input), input_line_number(heap->input),
            "is not the header of a heap profile; 'heap profile: OBJECTS: BYTES [OBJECTS: BYTES] @ TYPE' is expected");
  if (type_length > 0) set_sampling(heap, type, type_length, rate);
}

static void count_seen(struct heap *heap, const struct heap_counts *counts) {
  for (int i = 0; i < HEAP_COUNTS; i++)
    if (!add_checked(&heap->seen.of[i], counts->of[i])) heap->seen.of[i] = UINT64_MAX;
}

static void read_row(struct heap *heap, const char *line, size_t length) {
  struct row row = row_of(line, length);
  struct heap_counts counts;
  if (!heap_scan_counts(&row, &counts) || !row_word(&row, "@") || !address_stacks_push_line(&heap->stacks, &row))
    fail_at(input_name(heap->input), input_line_number(heap->input),
            "is no row of a heap profile; 'OBJECTS: BYTES [OBJECTS: BYTES] @ 0xADDRESS...' is expected");
  count_seen(heap, &counts);
  address_stacks_end(&heap->stacks, heap->sums, counts.negative ? 0 : heap_value(heap, &counts), 1);
}

/* gperftools dumps into a buffer of 1 MiB, and leaves out the rows that do not fit; the header counts all. What is
 * missing is a record that the profiler lost. */
static void account_for_missing(struct heap *heap) {
  uint64_t total = heap->total.of[heap->wanted], seen = heap->seen.of[heap->wanted];
  if (seen >= total) return;
  report_warning_at(input_name(heap->input), 1,
                    "the header counts %" PRIu64 ", its rows %" PRIu64 "%s; the profiler left the rest out (gperftools"
                    " cuts a dump at 1 MiB)",
                    total, seen, heap->sampling == ALL ? "" : " before un-sampling");
  sums_drop(heap->sums, DROP_LOST, heap->sampling == ALL ? total - seen : 0);
}

static void read_rows(struct heap *heap) {
  char *line;
  size_t length;
  while (input_line(heap->input, &line, &length)) {
    if (announces_mappings(line, length)) {
      address_stacks_read_mappings(&heap->stacks, heap->input, heap->sums);
      account_for_missing(heap);
      return;
    }
    if (!input_line_ended(heap->input)) {
      sums_cut_off(heap->sums, heap->input, "a row");
      return;
    }
    if (length > 0 && line[0] != '#') read_row(heap, line, length);
  }
  if (heap->seen.of[heap->wanted] < heap->total.of[heap->wanted])
    sums_cut_off(heap->sums, heap->input, "the rows (the header counts more)");
  else
    report_warning_at(input_name(heap->input), input_line_number(heap->input),
                      "has no MAPPED_LIBRARIES at its end; its addresses are in no module");
}

void heap_parse(struct input *input, struct sums *sums) {
  struct heap heap = {.input = input, .sums = sums};
  heap_want(&heap, sums->value);
  read_header(&heap);
  read_rows(&heap);
  address_stacks_fold(&heap.stacks, sums);
}

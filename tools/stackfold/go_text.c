/* The text profiles of Go's runtime/pprof with debug=1:
 *
 *   goroutine profile: total 10
 *   2 @ 0x103b125 0x106cd1f 0x13ac44a 0x106fd81
 *   # labels: {"key":"value"}
 *   #	0x106cd1e	time.Sleep+0xbe			/src/runtime/time.go:188
 *   #	0x13ac449	main.loop+0x29			/src/main.go:165
 *
 * and the same under `heap profile: COUNTS @ heap/RATE`, whose rows begin with four counts, under `--- contention:`
 * and `--- mutex:`, whose rows begin with delay and number, and under `threadcreate profile: total N`.
 *
 * The comments name frames; several with one address are functions inlined into each other, innermost first. A frame
 * that has comments becomes `FUNCTION (FILE:LINE)`, any other `[0xADDRESS]`: Go leaves out runtime.goexit and the
 * runtime's own functions next to the leaf. All addresses of a row are return addresses. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contention.h"
#include "go_text.h"
#include "heap.h"
#include "report.h"

enum kind { COUNT, HEAP, CONTENTION, DUMP, KINDS };

struct comment {
  uint64_t address;
  size_t start, length; /* of the frame in names */
};

struct profile {
  struct heap heap; /* holds the input, the sums, and the addresses of the present row */
  struct contention contention;
  enum kind kind;
  uint64_t total, seen; /* what the header counts, and the rows: COUNT its values, HEAP the bytes in use */
  bool in_record;
  uint64_t value; /* of the present record */
  struct comment *comments;
  size_t count, capacity;
  struct text names;
};

/* ---- headers ---- */

/* `WORD profile: total N`; *kind is the word. */
static bool scan_count_header(const char *line, size_t length, size_t *word_length, uint64_t *total) {
  const char *blank = memchr(line, ' ', length);
  if (!blank || blank == line) return false;
  *word_length = (size_t)(blank - line);
  struct row row = row_of(blank, length - *word_length);
  return row_word(&row, "profile: total ") && row_decimal(&row, total) && row_ends(&row);
}

/* What the line is the header of; KINDS: of nothing that is read here. */
static enum kind kind_of(const char *line, size_t length) {
  size_t word_length;
  uint64_t total;
  if (length > 0 && line[length - 1] == '\r') length--;
  if (scan_count_header(line, length, &word_length, &total)) return COUNT;
  if (heap_header_is_of_go(line, length)) return HEAP;
  if (row_starts_with(line, length, "--- mutex:")) return CONTENTION;
  if (row_starts_with(line, length, "--- contention:")) return CONTENTION;
  if (go_dump_is_head(line, length)) return DUMP;
  return KINDS;
}

/* Others write `--- contention:` too; Go alone puts comments under its rows. */
static bool has_comment(const char *bytes, size_t length) { return memmem(bytes, length, "\n#\t0x", 5) != NULL; }

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  bool first = true;
  for (const char *line = bytes, *end = bytes + length; line < end;) {
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) line_end = end;
    enum kind kind = kind_of(line, (size_t)(line_end - line));
    if (kind == DUMP) return true;
    if (kind != KINDS && first)
      return !row_starts_with(line, (size_t)(line_end - line), "--- contention:") || has_comment(bytes, length);
    first = first && line_end == line;
    line = line_end + 1;
  }
  return false;
}

static _Noreturn void fail_value(const struct profile *profile, const char *values) {
  fail_at(input_name(profile->heap.input), 0, "has no value '%s'; it has %s", profile->heap.sums->value, values);
}

/* The name of the value wanted, which without --value is that of the profile's kind; it is told to stackfold.c. */
static const char *wanted(struct profile *profile, const char *by_default) {
  struct sums *sums = profile->heap.sums;
  if (!sums->value) sums->value = by_default;
  return sums->value;
}

static void read_count_header(struct profile *profile, const char *line, size_t length) {
  size_t word_length;
  scan_count_header(line, length, &word_length, &profile->total);
  const char *value = wanted(profile, "count");
  if (strcmp(value, "count") == 0) return;
  if (strlen(value) != word_length || memcmp(value, line, word_length) != 0) fail_value(profile, "count");
}

/* RATE is twice the mean distance in bytes between two sampled allocations, which are a Poisson process. */
static void read_heap_header(struct profile *profile, const char *line, size_t length) {
  const char *type;
  size_t type_length;
  uint64_t rate;
  heap_scan_header(line, length, &profile->heap.total, &type, &type_length, &rate);
  profile->total = profile->heap.total.of[INUSE_SPACE];
  profile->heap.rate = (double)(rate / 2);
  profile->heap.sampling = rate / 2 > 1 ? POISSON : ALL;
  if (!heap_want(&profile->heap, wanted(profile, "inuse_space")))
    fail_value(profile, "inuse_space, inuse_objects, alloc_space, alloc_objects");
}

static void read_contention_header(struct profile *profile) {
  const char *value = wanted(profile, "delay");
  profile->contention.period = 1;
  profile->contention.wants_contentions = strcmp(value, "contentions") == 0;
  if (!profile->contention.wants_contentions && strcmp(value, "delay") != 0)
    fail_value(profile, "delay, contentions");
}

static void read_header(struct profile *profile) {
  char *line;
  size_t length;
  do {
    if (!input_line(profile->heap.input, &line, &length))
      fail_at(input_name(profile->heap.input), 0, "holds no stacks");
  } while (length == 0);
  profile->kind = kind_of(line, length);
  if (profile->kind == COUNT) read_count_header(profile, line, length);
  else if (profile->kind == HEAP) read_heap_header(profile, line, length);
  else if (profile->kind == CONTENTION) read_contention_header(profile);
  else
    fail_at(input_name(profile->heap.input), input_line_number(profile->heap.input),
            "is not the header of a text profile of Go; 'NAME profile: total N', 'heap profile: ... @ heap/RATE',"
            " '--- contention:' or '--- mutex:' is expected");
}

/* ---- records ---- */

/* `#\t0xADDRESS\tFUNCTION+0xOFFSET\t...FILE:LINE`. Other comments name nothing. */
static void read_comment(struct profile *profile, const char *line, size_t length) {
  struct row row = row_of(line + 1, length - 1);
  uint64_t address;
  if (!row_address(&row, &address) || row_ends(&row)) return;
  const char *name = row.at, *tab = memchr(name, '\t', (size_t)(row.end - name));
  if (!tab) return;
  const char *plus = tab;
  while (plus > name && *plus != '+') plus--;
  const char *name_end = plus > name ? plus : tab;
  row.at = tab;
  row_blanks(&row);
  size_t start = profile->names.length;
  text_append(&profile->names, name, (size_t)(name_end - name));
  text_append_string(&profile->names, " (");
  text_append(&profile->names, row.at, (size_t)(row.end - row.at));
  text_append_char(&profile->names, ')');
  grow(&profile->comments, &profile->capacity, profile->count + 1, sizeof *profile->comments);
  profile->comments[profile->count++] =
      (struct comment){.address = address, .start = start, .length = profile->names.length - start};
}

/* How many comments from this one on have its address. */
static size_t run_of_comments(const struct profile *profile, size_t first) {
  size_t next = first;
  while (next < profile->count && profile->comments[next].address == profile->comments[first].address) next++;
  return next - first;
}

/* How many frames from this one on have its address: a function that calls itself. */
static size_t run_of_frames(const struct profile *profile, size_t first) {
  const struct address_stacks *stacks = &profile->heap.stacks;
  size_t next = first;
  while (next < stacks->depth && stacks->addresses[next] == stacks->addresses[first]) next++;
  return next - first;
}

/* Comments follow the order of the frames, and some frames have none. Where frames of one address follow each other,
 * each has its equal share of the comments with that address, or the last of them what there is. */
static void hand_on_frames(struct profile *profile) {
  const struct address_stacks *stacks = &profile->heap.stacks;
  size_t comment = 0;
  struct text frame = {0};
  for (size_t i = 0; i < stacks->depth;) {
    size_t frames = run_of_frames(profile, i), comments = 0;
    if (comment < profile->count && (profile->comments[comment].address == stacks->addresses[i] ||
                                     profile->comments[comment].address == stacks->addresses[i] + 1))
      comments = run_of_comments(profile, comment);
    size_t unnamed = comments == 0 ? frames : comments % frames == 0 ? 0 : comments < frames ? frames - comments : 0;
    for (size_t j = 0; j < unnamed; j++) {
      text_clear(&frame);
      address_space_append_frame(&stacks->space, &profile->heap.sums->modules, stacks->addresses[i], &frame);
      sums_frame(profile->heap.sums, frame.bytes, frame.length);
    }
    for (size_t j = comment; j < comment + comments; j++)
      sums_frame(profile->heap.sums, profile->names.bytes + profile->comments[j].start, profile->comments[j].length);
    comment += comments;
    i += frames;
  }
  text_free(&frame);
}

static void end_record(struct profile *profile) {
  struct address_stacks *stacks = &profile->heap.stacks;
  struct sums *sums = profile->heap.sums;
  if (!profile->in_record) return;
  if (profile->value == 0) {
    sums_drop(sums, DROP_NO_VALUE, 0);
  } else if (stacks->depth == 0) {
    sums_drop(sums, DROP_NO_FRAMES, profile->value);
  } else {
    hand_on_frames(profile);
    sums_end(sums, LEAF_FIRST, false, profile->value);
  }
  profile->in_record = false;
  profile->count = 0;
  text_clear(&profile->names);
  address_stacks_forget(stacks);
}

static void count_seen(struct profile *profile, uint64_t count) {
  if (!add_checked(&profile->seen, count)) profile->seen = UINT64_MAX;
}

static bool scan_count_row(struct profile *profile, struct row *row) {
  if (!row_decimal(row, &profile->value) || !row_word(row, "@")) return false;
  count_seen(profile, profile->value);
  return true;
}

static bool scan_heap_row(struct profile *profile, struct row *row) {
  struct heap_counts counts;
  if (!heap_scan_counts(row, &counts) || !row_word(row, "@")) return false;
  count_seen(profile, counts.of[INUSE_SPACE]);
  profile->value = counts.negative ? 0 : heap_value(&profile->heap, &counts);
  return true;
}

static bool scan_value(struct profile *profile, struct row *row) {
  switch (profile->kind) {
    case COUNT: return scan_count_row(profile, row);
    case HEAP: return scan_heap_row(profile, row);
    default: return contention_scan(&profile->contention, profile->heap.input, row, &profile->value);
  }
}

static void read_line(struct profile *profile, const char *line, size_t length) {
  struct input *input = profile->heap.input;
  struct row row = row_of(line, length);
  if (row_ends(&row)) return;
  if (*row.at == '#') {
    if (profile->in_record) read_comment(profile, row.at, (size_t)(row.end - row.at));
    return;
  }
  end_record(profile);
  if (announces_mappings(line, length))
    fail_at(input_name(input), input_line_number(input),
            "lists mappings, which no profile of Go does; try --format gperftools-heap or gperftools-contention");
  if (profile->kind == CONTENTION && contention_read_attribute(&profile->contention, input, line, length)) return;
  if (!scan_value(profile, &row) || !address_stacks_push_line(&profile->heap.stacks, &row))
    fail_at(input_name(input), input_line_number(input),
            "is no row of this profile, which is its values, then '@ 0xADDRESS...'");
  profile->in_record = true;
}

static void read_records(struct profile *profile) {
  struct input *input = profile->heap.input;
  char *line;
  size_t length;
  while (input_line(input, &line, &length)) {
    if (!input_line_ended(input)) {
      sums_cut_off(profile->heap.sums, input, "a record");
      return;
    }
    read_line(profile, line, length);
  }
  if (profile->seen < profile->total) {
    char what[120];
    snprintf(what, sizeof what, "the stacks (%" PRIu64 " of the %" PRIu64 " that the header counts were read)",
             profile->seen, profile->total);
    sums_cut_off(profile->heap.sums, input, what);
  }
  end_record(profile);
}

static bool begins_with_rows(struct input *input) {
  const char *bytes;
  size_t length = input_peek(input, &bytes, 1 << 16), start = 0;
  while (start < length && (bytes[start] == '\n' || bytes[start] == '\r')) start++;
  const char *end = memchr(bytes + start, '\n', length - start);
  enum kind kind = kind_of(bytes + start, end ? (size_t)(end - bytes) - start : length - start);
  return kind == COUNT || kind == HEAP || kind == CONTENTION;
}

static bool has_dump(struct input *input) {
  const char *bytes;
  size_t length = input_peek(input, &bytes, 1 << 16);
  return row_starts_with(bytes, length, "goroutine ") || memmem(bytes, length, "\ngoroutine ", 11) != NULL;
}

static void parse(struct input *input, struct sums *sums) {
  struct profile profile = {.heap = {.input = input, .sums = sums}};
  if (!begins_with_rows(input) && has_dump(input)) {
    const char *value = wanted(&profile, "count");
    if (strcmp(value, "count") != 0 && strcmp(value, "goroutine") != 0)
      fail_value(&profile, "count");
    go_dump_parse(input, sums);
    return;
  }
  read_header(&profile);
  read_records(&profile);
  address_stacks_free(&profile.heap.stacks);
  free(profile.comments);
  text_free(&profile.names);
}

FORMAT(go_text,
    .name = "go-text",
    .description = "text profiles of Go with debug=1 (its values are by their kind), dumps of goroutines",
    .any_value = true,
    .recognize = recognize,
    .parse = parse);

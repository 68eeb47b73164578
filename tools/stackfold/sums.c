/* The stacks of all inputs added together, and the account of what became of each record. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "format.h"
#include "report.h"

static const char truncated_frame[] = "[truncated]";
enum { TRUNCATED_LENGTH = sizeof truncated_frame - 1 };

static const char *const drop_words[DROP_KINDS] = {
    [DROP_NO_FRAMES] = "without a frame",
    [DROP_CAPTURE_ONLY] = "with frames of the capture alone",
    [DROP_UNREADABLE] = "unreadable to the profiler",
    [DROP_CUT_OFF] = "cut off",
    [DROP_OTHER_EVENT] = "of other events",
    [DROP_NO_VALUE] = "without this value",
    [DROP_LOST] = "lost by the profiler",
    [DROP_SUPPRESSED] = "suppressed as no leaks",
};

static void count(uint64_t *sum, uint64_t value) {
  if (!add_checked(sum, value)) fail("the values add up to more than 64 bits; fold fewer inputs at once");
}

/* A count of records may come from the input too. */
static void count_records(struct sums *sums, size_t *sum, size_t records) {
  if (records > SIZE_MAX - sums->read) fail("the records add up to more than 64 bits; fold fewer inputs at once");
  sums->read += records;
  *sum += records;
}

static void keep(struct sums *sums, const char *stack, size_t length, uint64_t value, size_t records) {
  count_records(sums, &sums->kept, records);
  count(&sums->value_in, value);
  count(&sums->value_out, value);
  stacks_add(&sums->stacks, stack, length, value); /* not past 64 bits, as no part of value_out is */
}

static void start_line(struct sums *sums) {
  text_clear(&sums->line);
  if (!sums->root) return;
  text_append_string(&sums->line, sums->root);
}

static void append_frame(struct sums *sums, const char *frame, size_t length) {
  if (sums->line.length > 0) text_append_char(&sums->line, ';');
  text_append(&sums->line, frame, length);
}

void sums_name_value(struct sums *sums, const char *name, size_t length) {
  sums->value = arena_copy(&sums->names, name, length);
}

void sums_add_joined_many(struct sums *sums, const char *stack, size_t length, uint64_t value, size_t records) {
  if (!sums->root) {
    keep(sums, stack, length, value, records);
    return;
  }
  start_line(sums);
  append_frame(sums, stack, length);
  keep(sums, sums->line.bytes, sums->line.length, value, records);
}

void sums_add_joined(struct sums *sums, const char *stack, size_t length, uint64_t value) {
  sums_add_joined_many(sums, stack, length, value, 1);
}

void sums_frame(struct sums *sums, const char *frame, size_t length) {
  size_t start = sums->frames.length;
  text_append(&sums->frames, frame, length);
  char *own = sums->frames.bytes + start;
  replace_controls(own, length);
  for (char *semicolon = own; (semicolon = memchr(semicolon, ';', length - (size_t)(semicolon - own)));)
    *semicolon = ':';
  grow(&sums->ends, &sums->depths, sums->depth + 1, sizeof *sums->ends);
  sums->ends[sums->depth++] = sums->frames.length;
}

static void forget_frames(struct sums *sums) {
  text_clear(&sums->frames);
  sums->depth = 0;
}

void sums_end_many(struct sums *sums, enum frame_order order, bool cut_short, uint64_t value, size_t records) {
  start_line(sums);
  if (cut_short) append_frame(sums, truncated_frame, TRUNCATED_LENGTH);
  for (size_t i = 0; i < sums->depth; i++) {
    size_t frame = order == ROOT_FIRST ? i : sums->depth - 1 - i;
    size_t start = frame > 0 ? sums->ends[frame - 1] : 0;
    append_frame(sums, sums->frames.bytes + start, sums->ends[frame] - start);
  }
  keep(sums, sums->line.bytes, sums->line.length, value, records);
  forget_frames(sums);
}

void sums_end(struct sums *sums, enum frame_order order, bool cut_short, uint64_t value) {
  sums_end_many(sums, order, cut_short, value, 1);
}

void sums_drop_many(struct sums *sums, enum drop reason, uint64_t value, size_t records) {
  count_records(sums, &sums->dropped[reason], records);
  count(&sums->value_in, value);
  forget_frames(sums);
}

void sums_drop(struct sums *sums, enum drop reason, uint64_t value) { sums_drop_many(sums, reason, value, 1); }

void sums_cut_off_at(struct sums *sums, const struct input *input, const char *what, uint64_t position) {
  char at[40] = "";
  size_t line = input_line_number(input);
  if (line == 0) snprintf(at, sizeof at, ", at byte %" PRIu64, position);
  report_warning_at(input_name(input), line, "ends in the middle of %s%s; the file was cut off, what is whole is used%s",
                    what, at, sums->lenient ? "" : " (exit 1; --lenient: 0)");
  sums->read++;
  sums->dropped[DROP_CUT_OFF]++;
  forget_frames(sums);
}

void sums_cut_off(struct sums *sums, const struct input *input, const char *what) {
  sums_cut_off_at(sums, input, what, input_bytes_read(input));
}

static bool is_hexadecimal(const char *bytes, size_t length) {
  if (length < 3 || bytes[0] != '0' || bytes[1] != 'x') return false;
  for (size_t i = 2; i < length; i++)
    if (!strchr("0123456789abcdefABCDEF", bytes[i]) || !bytes[i]) return false;
  return true;
}

/* [module+0xOFFSET], [0xADDRESS], and what other tools write: [unknown], a bare 0xADDRESS, "ADDRESS ... ([unknown])". */
static bool is_unresolved(const char *frame, size_t length) {
  static const char no_module[] = " ([unknown])";
  size_t tail = sizeof no_module - 1;
  if (is_hexadecimal(frame, length)) return true;
  if (length > tail && memcmp(frame + length - tail, no_module, tail) == 0) return true;
  if (length < 3 || frame[0] != '[' || frame[length - 1] != ']') return false;
  const char *inner = frame + 1;
  size_t inner_length = length - 2;
  if (inner_length == 7 && memcmp(inner, "unknown", 7) == 0) return true;
  const char *plus = memrchr(inner, '+', inner_length);
  const char *number = plus ? plus + 1 : inner;
  return is_hexadecimal(number, inner_length - (size_t)(number - inner));
}

/* What is looked for has a '[' or, written by other tools, a 0x; most stacks have neither. */
static bool some_frame(const struct stack *stack, bool (*test)(const char *frame, size_t length)) {
  const char *frame = stack->bytes, *end = stack->bytes + stack->length;
  if (!memchr(frame, '[', stack->length) && !memmem(frame, stack->length, "0x", 2)) return false;
  for (;;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    if (test(frame, (size_t)((semicolon ? semicolon : end) - frame))) return true;
    if (!semicolon) return false;
    frame = semicolon + 1;
  }
}

static bool is_truncated(const char *frame, size_t length) {
  return length == TRUNCATED_LENGTH && memcmp(frame, truncated_frame, TRUNCATED_LENGTH) == 0;
}

/* The value of the stacks that have a frame of this kind. */
static uint64_t value_of(const struct sums *sums, bool (*test)(const char *frame, size_t length)) {
  uint64_t value = 0;
  size_t position = 0;
  for (const struct stack *stack; (stack = stacks_next(&sums->stacks, &position));)
    if (some_frame(stack, test)) value += stack->value;
  return value;
}

static size_t dropped(const struct sums *sums) {
  size_t all = 0;
  for (int i = 0; i < DROP_KINDS; i++) all += sums->dropped[i];
  return all;
}

/* A record that has 0 of the value that was asked for is no loss: the rows of a heap profile of which all was freed. */
bool sums_lost_something(const struct sums *sums) {
  return dropped(sums) > sums->dropped[DROP_NO_VALUE] || sums->other_lines > 0;
}

void sums_report(const struct sums *sums) {
  struct text account = {0};
  char piece[200];
  snprintf(piece, sizeof piece, "read %zu records, kept %zu in %zu stacks, dropped %zu", sums->read, sums->kept,
           sums->stacks.count, dropped(sums));
  text_append_string(&account, piece);
  const char *mark = " (";
  for (int i = 0; i < DROP_KINDS; i++) {
    if (sums->dropped[i] == 0) continue;
    snprintf(piece, sizeof piece, "%s%zu %s", mark, sums->dropped[i], drop_words[i]);
    text_append_string(&account, piece);
    mark = ", ";
  }
  if (dropped(sums) > 0) text_append_char(&account, ')');
  snprintf(piece, sizeof piece, "; value in %" PRIu64 ", out %" PRIu64, sums->value_in, sums->value_out);
  text_append_string(&account, piece);
  unsigned cut = percent_hundredths(value_of(sums, is_truncated), sums->value_out);
  unsigned unresolved = percent_hundredths(value_of(sums, is_unresolved), sums->value_out);
  snprintf(piece, sizeof piece, "; %u.%02u %% truncated, %u.%02u %% unresolved", cut / 100, cut % 100, unresolved / 100,
           unresolved % 100);
  text_append_string(&account, piece);
  if (sums->other_lines > 0) {
    snprintf(piece, sizeof piece, "; %zu other lines skipped", sums->other_lines);
    text_append_string(&account, piece);
  }
  report_warning("%s", account.bytes);
  text_free(&account);
}

void sums_free(struct sums *sums) {
  stacks_free(&sums->stacks);
  modules_free(&sums->modules);
  arena_free(&sums->names);
  text_free(&sums->line);
  text_free(&sums->frames);
  free(sums->ends);
}

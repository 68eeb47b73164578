/* Recordings of heaptrack, as it leaves them once heaptrack_interpret has put names in.
 *
 * Text, one record a line, which begins with a letter and goes on with hexadecimal numbers; the records make up lists
 * in the order in which they come, and refer to one another by their number from 1:
 *
 *   v PROGRAM FORMAT            s STRING (its length first, from format 3 on)
 *   i ADDRESS MODULE [FUNCTION [FILE LINE [FUNCTION FILE LINE]...]]   an instruction, with what was inlined into what
 *   t INSTRUCTION PARENT        a call path         a SIZE TRACE     a kind of allocation (numbered from 0)
 *   + KIND, - KIND              an allocation, a deallocation
 *   S PATTERN                   a suppression of leaks
 *   X I R c A #                 command, system, resident memory, time, attached, comment: of no use here */
#include "heaptrack.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "report.h"

enum { NEWEST_FORMAT = 3, SIZED_STRINGS = 3, MOST_SUPPRESSIONS = 1000, MOST_DIGITS = 16 };

/* ---- lines ---- */

/* What is left of a line's numbers. */
struct numbers {
  const char *next, *end;
};

static _Noreturn void fail_line(const struct heaptrack *heaptrack, const char *what) {
  fail_at(input_name(heaptrack->input), input_line_number(heaptrack->input), "%s", what);
}

static _Noreturn void fail_number(const struct heaptrack *heaptrack, size_t digits) {
  fail_line(heaptrack, digits > MOST_DIGITS ? "a number does not fit 64 bits" : "a hexadecimal number is expected");
}

/* 1 more than a digit is worth; 0 for what is none. */
static const unsigned char digit_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* The next number, and one blank behind it. false where none follows; what is none is an error. Millions of these are
 * read, and a NUL follows the line's last byte. */
static inline bool read_number(const struct heaptrack *heaptrack, struct numbers *numbers, uint64_t *number) {
  const char *start = numbers->next, *at = start;
  if (at == numbers->end) return false;
  uint64_t sum = 0;
  for (unsigned digit; (digit = digit_values[(unsigned char)*at]) > 0; at++) sum = sum << 4 | (digit - 1);
  size_t digits = (size_t)(at - start);
  if (digits == 0 || digits > MOST_DIGITS || (at < numbers->end && *at != ' ')) fail_number(heaptrack, digits);
  numbers->next = at < numbers->end ? at + 1 : at;
  *number = sum;
  return true;
}

static inline uint64_t need_number(const struct heaptrack *heaptrack, struct numbers *numbers) {
  uint64_t number;
  if (!read_number(heaptrack, numbers, &number)) fail_line(heaptrack, "a number is missing");
  return number;
}

/* A number that refers to one of the first count records of a list, or is 0. */
static size_t need_index(const struct heaptrack *heaptrack, struct numbers *numbers, size_t count, const char *what) {
  uint64_t number = need_number(heaptrack, numbers);
  if (number > count)
    fail_at(input_name(heaptrack->input), input_line_number(heaptrack->input),
            "refers to %s %" PRIu64 "; there are %zu before it", what, number, count);
  return (size_t)number;
}

/* ---- the records ---- */

static void read_version(struct heaptrack *heaptrack, struct numbers numbers) {
  need_number(heaptrack, &numbers);
  if (!read_number(heaptrack, &numbers, &heaptrack->version)) heaptrack->version = 0;
  if (heaptrack->version < 1 || heaptrack->version > NEWEST_FORMAT)
    fail_at(input_name(heaptrack->input), input_line_number(heaptrack->input),
            "is of version %" PRIu64 " of heaptrack's format; 1 to %d are read", heaptrack->version, NEWEST_FORMAT);
}

static bool is_one_of(const struct heaptrack_string *string, const char *const *names) {
  for (; *names; names++)
    if (strlen(*names) == string->length && memcmp(*names, string->bytes, string->length) == 0) return true;
  return false;
}

static void add_string(struct heaptrack *heaptrack, struct numbers rest) {
  static const char *const allocators[] = {"operator new(unsigned long)", "operator new[](unsigned long)",
                                           "operator new(unsigned int)", "operator new[](unsigned int)", NULL};
  static const char *const roots[] = {"main", "__libc_start_main", "__static_initialization_and_destruction_0", NULL};
  size_t length = (size_t)(rest.end - rest.next);
  if (heaptrack->version >= SIZED_STRINGS) {
    uint64_t said = need_number(heaptrack, &rest);
    length = (size_t)(rest.end - rest.next);
    if (said != length)
      fail_at(input_name(heaptrack->input), input_line_number(heaptrack->input),
              "a string of %" PRIu64 " bytes has %zu", said, length);
  }
  char *bytes = arena_copy(&heaptrack->bytes, rest.next, length);
  replace_controls(bytes, length);
  for (size_t i = 0; i < length; i++)
    if (bytes[i] == ';') bytes[i] = ':';
  const char *slash = memrchr(bytes, '/', length);
  struct heaptrack_string *string = append(&heaptrack->strings);
  *string = (struct heaptrack_string){.bytes = bytes, .length = length, .file = slash ? slash + 1 : bytes};
  string->allocates = is_one_of(string, allocators);
  string->is_root = is_one_of(string, roots);
}

/* FUNCTION, FILE and LINE, of which the last ones may be missing. */
static bool add_frame(struct heaptrack *heaptrack, struct numbers *numbers) {
  if (numbers->next == numbers->end) return false;
  struct heaptrack_frame *frame = append(&heaptrack->frames);
  frame->function = need_index(heaptrack, numbers, heaptrack->strings.count, "string");
  if (numbers->next == numbers->end) return true;
  frame->file = need_index(heaptrack, numbers, heaptrack->strings.count, "string");
  frame->line = need_number(heaptrack, numbers);
  return true;
}

static void add_instruction(struct heaptrack *heaptrack, struct numbers numbers) {
  struct heaptrack_instruction *instruction = append(&heaptrack->instructions);
  instruction->address = need_number(heaptrack, &numbers);
  instruction->module = need_index(heaptrack, &numbers, heaptrack->strings.count, "string");
  instruction->first_frame = heaptrack->frames.count;
  while (add_frame(heaptrack, &numbers)) instruction->frame_count++;
  if (instruction->frame_count == 0) return;
  size_t function = heaptrack->frames.list[instruction->first_frame].function;
  if (function == 0) return;
  instruction->allocates = heaptrack->strings.list[function - 1].allocates;
  instruction->is_root = heaptrack->strings.list[function - 1].is_root;
}

/* An operator new is no call path of its own, but belongs to who called it. */
static void add_trace(struct heaptrack *heaptrack, struct numbers numbers) {
  size_t instruction = need_index(heaptrack, &numbers, heaptrack->instructions.count, "instruction");
  size_t parent = need_index(heaptrack, &numbers, heaptrack->traces.count, "call path");
  while (instruction > 0 && heaptrack->instructions.list[instruction - 1].allocates) {
    const struct heaptrack_trace *caller = parent > 0 ? &heaptrack->traces.list[parent - 1] : NULL;
    instruction = caller ? caller->instruction : 0;
    parent = caller ? caller->parent : 0;
  }
  struct heaptrack_trace *trace = append(&heaptrack->traces);
  trace->instruction = instruction;
  trace->parent = parent;
}

/* The index of the cost of a call path. That of what has no call path is the one of trace 0. */
static size_t cost_of(struct heaptrack *heaptrack, size_t trace) {
  size_t *cost = trace > 0 ? &heaptrack->traces.list[trace - 1].cost : &heaptrack->rootless_cost;
  if (*cost == 0) {
    append(&heaptrack->costs)->trace = trace;
    *cost = heaptrack->costs.count;
  }
  return *cost - 1;
}

static void add_kind(struct heaptrack *heaptrack, struct numbers numbers) {
  struct heaptrack_kind *kind = append(&heaptrack->kinds);
  kind->size = need_number(heaptrack, &numbers);
  kind->cost = cost_of(heaptrack, need_index(heaptrack, &numbers, heaptrack->traces.count, "call path"));
}

/* The index of the kind of an allocation. */
static inline size_t need_kind(const struct heaptrack *heaptrack, struct numbers *numbers) {
  uint64_t number = need_number(heaptrack, numbers);
  if (number >= heaptrack->kinds.count)
    fail_at(input_name(heaptrack->input), input_line_number(heaptrack->input),
            "refers to allocations of kind %" PRIu64 "; there are %zu before it", number, heaptrack->kinds.count);
  return (size_t)number;
}

/* What was held at the last rise is what is held, until it changes. So it is noted when it is about to change. */
static void note_peak(const struct heaptrack *heaptrack, struct heaptrack_cost *cost) {
  if (cost->peak_rise == heaptrack->rise) return;
  cost->peak = cost->held;
  cost->peak_rise = heaptrack->rise;
}

static void allocate(struct heaptrack *heaptrack, struct numbers numbers) {
  size_t number = need_kind(heaptrack, &numbers);
  const struct heaptrack_kind *kind = &heaptrack->kinds.list[number];
  struct heaptrack_cost *cost = &heaptrack->costs.list[kind->cost];
  note_peak(heaptrack, cost);
  cost->allocations++;
  cost->held += kind->size; /* not past 64 bits, as no part of all that is held is */
  if (!add_checked(&heaptrack->held, kind->size)) fail_line(heaptrack, "more than 2^64 bytes are allocated");
  heaptrack->last_kind = number + 1;
  if (heaptrack->held <= heaptrack->most) return;
  heaptrack->most = heaptrack->held;
  heaptrack->rise++;
}

/* An allocation is temporary when it ends before another begins. */
static void deallocate(struct heaptrack *heaptrack, struct numbers numbers) {
  size_t number = need_kind(heaptrack, &numbers);
  const struct heaptrack_kind *kind = &heaptrack->kinds.list[number];
  struct heaptrack_cost *cost = &heaptrack->costs.list[kind->cost];
  if (cost->held < kind->size) fail_line(heaptrack, "more is deallocated than was allocated");
  note_peak(heaptrack, cost);
  cost->held -= kind->size;
  heaptrack->held -= kind->size;
  if (heaptrack->last_kind == number + 1) cost->temporary++;
  heaptrack->last_kind = 0;
}

/* "leak:PATTERN" among blanks. */
static void add_suppression(struct heaptrack *heaptrack, struct numbers rest) {
  while (rest.next < rest.end && isspace((unsigned char)*rest.next)) rest.next++;
  while (rest.next < rest.end && isspace((unsigned char)rest.end[-1])) rest.end--;
  if (rest.end - rest.next <= 5 || memcmp(rest.next, "leak:", 5) != 0) return;
  if (heaptrack->suppressions.count == MOST_SUPPRESSIONS) fail_line(heaptrack, "more than 1000 suppressions");
  size_t length = (size_t)(rest.end - rest.next) - 5;
  struct heaptrack_string *pattern = append(&heaptrack->suppressions);
  pattern->bytes = arena_copy(&heaptrack->bytes, rest.next + 5, length);
  pattern->length = length;
}

static void read_line(struct heaptrack *heaptrack, const char *line, size_t length) {
  struct numbers numbers = {.next = line + (length > 2 ? 2 : length), .end = line + length};
  if (length == 0) return;
  if (length > 1 && line[0] != '#' && line[1] != ' ') fail_line(heaptrack, "is no record of heaptrack");
  switch (line[0]) {
    case '+': allocate(heaptrack, numbers); break;
    case '-': deallocate(heaptrack, numbers); break;
    case 't': add_trace(heaptrack, numbers); break;
    case 'a': add_kind(heaptrack, numbers); break;
    case 'i': add_instruction(heaptrack, numbers); break;
    case 's': add_string(heaptrack, numbers); break;
    case 'S': add_suppression(heaptrack, numbers); break;
    case 'v': read_version(heaptrack, numbers); break;
    case 'X':
    case 'I':
    case 'R':
    case 'c':
    case 'A':
    case '#': break;
    case 'x':
    case 'm': fail_line(heaptrack, "is a raw recording without names; put them in by heaptrack --interpret FILE");
    default: fail_line(heaptrack, "is no record of heaptrack");
  }
}

/* ---- the file ---- */

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  if (length < 2 || memcmp(bytes, "v ", 2) != 0) return false;
  const char *line = memchr(bytes, '\n', length);
  return line && (size_t)(bytes + length - line) > 2 && memcmp(line + 1, "X ", 2) == 0;
}

static void free_lists(struct heaptrack *heaptrack) {
  free(heaptrack->strings.list);
  free(heaptrack->frames.list);
  free(heaptrack->instructions.list);
  free(heaptrack->traces.list);
  free(heaptrack->costs.list);
  free(heaptrack->kinds.list);
  free(heaptrack->suppressions.list);
  arena_free(&heaptrack->bytes);
}

static void parse(struct input *input, struct sums *sums) {
  struct heaptrack heaptrack = {.input = input, .sums = sums};
  char *line;
  size_t length;
  bool first = true, cut_off = false;
  while (!cut_off && input_line(input, &line, &length)) {
    if (first && (length < 2 || memcmp(line, "v ", 2) != 0))
      fail_line(&heaptrack, "is not the line 'v PROGRAM FORMAT' with which a recording of heaptrack begins");
    first = false;
    cut_off = !input_line_ended(input);
    if (!cut_off) read_line(&heaptrack, line, length);
  }
  heaptrack_add_stacks(&heaptrack);
  if (cut_off) sums_cut_off(sums, input, "a record");
  free_lists(&heaptrack);
}

static const char *const values[] = {"peak", "leaked", "allocations", "temporary", NULL};

FORMAT(heaptrack,
    .name = "heaptrack",
    .description = "a recording of heaptrack, with names put in (heaptrack's formats 1 to 3)",
    .values = values,
    .recognize = recognize,
    .parse = parse);

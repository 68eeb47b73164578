/* CPU profiles of gperftools: words of 4 or 8 bytes, in the byte order of the machine that wrote them. A header 0, 3,
 * 0, the sampling period in microseconds, 0; then for each stack how often it was seen, its depth, and its addresses,
 * leaf first; then 0, 1, 0; then text, /proc/self/maps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "addresses.h"
#include "report.h"

enum { HEADER_WORDS = 5, MAX_WORD = 8 };

struct profile {
  struct input *input;
  struct sums *sums;
  size_t word_size; /* 4 or 8 bytes */
  bool big_endian;
  uint64_t period;   /* microseconds */
  uint64_t position; /* bytes that were read */
  uint64_t weight;   /* the value of one sample */
  size_t rows;       /* stacks, equal ones included */
  struct address_stacks stacks;
};

static uint64_t word_of(const char *bytes, size_t size, bool big_endian) {
  uint64_t word = 0;
  for (size_t i = 0; i < size; i++) word = word << 8 | (unsigned char)bytes[big_endian ? i : size - 1 - i];
  return word;
}

static bool is_header(const char *bytes, size_t size, bool big_endian) {
  uint64_t words[HEADER_WORDS];
  for (size_t i = 0; i < HEADER_WORDS; i++) words[i] = word_of(bytes + i * size, size, big_endian);
  return words[0] == 0 && words[1] == 3 && words[2] == 0 && words[3] > 0 && words[4] == 0;
}

static const struct {
  size_t size;
  bool big_endian;
} word_kinds[] = {{4, false}, {4, true}, {8, false}, {8, true}};

/* Which of word_kinds; -1: none. */
static int kind_of(const char *bytes, size_t length) {
  for (int kind = 0; kind < 4; kind++)
    if (length >= HEADER_WORDS * word_kinds[kind].size &&
        is_header(bytes, word_kinds[kind].size, word_kinds[kind].big_endian))
      return kind;
  return -1;
}

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  return kind_of(bytes, length) >= 0;
}

static void read_header(struct profile *profile) {
  const char *bytes;
  size_t length = input_peek(profile->input, &bytes, HEADER_WORDS * MAX_WORD);
  int kind = kind_of(bytes, length);
  if (kind < 0)
    fail_at(input_name(profile->input), 0,
            "byte 0: is not the header of a CPU profile, which is the words 0, 3, 0, the sampling period, 0");
  profile->word_size = word_kinds[kind].size;
  profile->big_endian = word_kinds[kind].big_endian;
  profile->position = HEADER_WORDS * profile->word_size;
  input_take(profile->input, &bytes, HEADER_WORDS * profile->word_size);
  profile->period = word_of(bytes + 3 * profile->word_size, profile->word_size, profile->big_endian);
}

/* false at the end of the input. */
static bool read_word(struct profile *profile, uint64_t *word) {
  const char *bytes;
  size_t length = input_take(profile->input, &bytes, profile->word_size);
  profile->position += length;
  if (length < profile->word_size) return false;
  *word = word_of(bytes, profile->word_size, profile->big_endian);
  return true;
}

enum outcome { STACK, LAST, CUT_OFF };

/* All but the leaf are return addresses. */
static enum outcome read_stack(struct profile *profile) {
  uint64_t count, depth, address;
  if (!read_word(profile, &count) || !read_word(profile, &depth)) return CUT_OFF;
  for (uint64_t i = 0; i < depth; i++) {
    if (!read_word(profile, &address)) return CUT_OFF;
    address_stacks_push(&profile->stacks, i > 0 ? caller_of(address) : address);
  }
  if (count == 0 && depth == 1 && profile->stacks.addresses[0] == 0) return LAST;
  uint64_t value;
  if (__builtin_mul_overflow(count, profile->weight, &value))
    fail_at(input_name(profile->input), 0, "byte %" PRIu64 ": a stack's value is past 64 bits", profile->position);
  profile->rows++;
  address_stacks_end(&profile->stacks, profile->sums, value, 1);
  return STACK;
}

/* Whether all stacks were read. */
static bool read_stacks(struct profile *profile) {
  enum outcome outcome;
  while ((outcome = read_stack(profile)) == STACK) continue;
  address_stacks_forget(&profile->stacks);
  if (outcome == LAST) return true;
  sums_cut_off_at(profile->sums, profile->input, "the stacks", profile->position);
  return false;
}

/* ---- frames that the profiler itself put into the stacks ---- */

static uint64_t address_at(const struct stack *stack, size_t frame) {
  uint64_t address;
  memcpy(&address, stack->bytes + frame * sizeof address, sizeof address);
  return address;
}

static size_t depth_of(const struct stack *stack) { return stack->length / sizeof(uint64_t); }

/* The frame above the leaf that all stacks have in common, but for one in 32 at most; 0: there is none. It is found by
 * a vote (Boyer and Moore, 1981), then counted. */
static uint64_t common_second(const struct profile *profile) {
  uint64_t candidate = 0;
  size_t votes = 0, count = 0, position = 0;
  for (const struct stack *stack; (stack = stacks_next(&profile->stacks.stacks, &position));) {
    size_t rows = profile->stacks.records[stack->number];
    uint64_t second = depth_of(stack) > 1 ? address_at(stack, 1) : 0;
    if (second == candidate) votes += rows;
    else if (votes >= rows) votes -= rows;
    else {
      candidate = second;
      votes = rows - votes;
    }
  }
  position = 0;
  for (const struct stack *stack; (stack = stacks_next(&profile->stacks.stacks, &position));)
    if (depth_of(stack) > 1 && address_at(stack, 1) == candidate) count += profile->stacks.records[stack->number];
  return count >= profile->rows - profile->rows / 32 ? candidate : 0;
}

/* Takes the second frame out of the stacks where it is this one, or, for 0, where it is the leaf again. */
static void remove_second(struct profile *profile, uint64_t second) {
  struct address_stacks *old = &profile->stacks, fresh = {.space = old->space};
  size_t position = 0;
  for (const struct stack *stack; (stack = stacks_next(&old->stacks, &position));) {
    size_t depth = depth_of(stack);
    for (size_t i = 0; i < depth; i++) {
      uint64_t address = address_at(stack, i);
      bool removed = i == 1 && address == (second ? second : caller_of(address_at(stack, 0)));
      if (!removed) address_stacks_push(&fresh, address);
    }
    address_stacks_end(&fresh, profile->sums, stack->value, old->records[stack->number]);
  }
  old->space = (struct address_space){0};
  address_stacks_free(old);
  *old = fresh;
}

/* A leaf comes from the context that the signal handler was given. The frames that follow it in older profiles are
 * those of the signal's delivery, up to two, and the leaf once more, as unwinding found it. They are not named: what
 * google-pprof and go tool pprof take out is a frame above the leaf that the stacks have in common, and the same is
 * done here, where there is more than one stack. It is said, since a program that spends all its time under one call
 * looks alike; who knows that the profiler left no such frames keeps them by --all-frames. */
static void remove_frames_of_signal(struct profile *profile) {
  for (int i = 0; i < 2 && profile->stacks.stacks.count > 1 && !profile->sums->folding->all_frames; i++) {
    uint64_t second = common_second(profile);
    if (second == 0) break;
    struct text frame = {0};
    address_space_append_frame(&profile->stacks.space, &profile->sums->modules, second, &frame);
    report_warning_at(input_name(profile->input), 0,
                      "%s stands above the leaf of all stacks; taken for the delivery of the profiler's signal and left"
                      " out, as pprof does",
                      frame.bytes);
    text_free(&frame);
    remove_second(profile, second);
  }
  remove_second(profile, 0);
}

static void parse(struct input *input, struct sums *sums) {
  struct profile profile = {.input = input, .sums = sums, .weight = 1};
  read_header(&profile);
  if (sums->value && strcmp(sums->value, "cpu") == 0 &&
      __builtin_mul_overflow(profile.period, (uint64_t)1000, &profile.weight))
    fail_at(input_name(input), 0, "byte 0: the sampling period is past 64 bits");
  if (read_stacks(&profile)) address_stacks_read_mappings(&profile.stacks, input, sums);
  remove_frames_of_signal(&profile);
  address_stacks_fold(&profile.stacks, sums);
}

static const char *const values[] = {"samples", "cpu", NULL};

FORMAT(gperftools_cpu,
    .name = "gperftools-cpu",
    .description = "CPU profiles of gperftools; cpu is in nanoseconds",
    .values = values,
    .binary = true,
    .recognize = recognize,
    .parse = parse);

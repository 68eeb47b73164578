#include "folded.h"

#include <stdio.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "memory.h"
#include "report.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

const char *read_count(const char *bytes, size_t length, uint64_t *value) {
  *value = 0;
  if (length == 0) return "is missing";
  if (bytes[0] == '-' && length > 1 && is_digit(bytes[1])) return "is negative";
  for (size_t i = 0; i < length; i++) {
    if (!is_digit(bytes[i])) return i > 0 && bytes[i] == '.' ? "is fractional" : "is not an integer";
    uint64_t digit = (uint64_t)(bytes[i] - '0');
    if (*value > (UINT64_MAX - digit) / 10) return "is past 64 bits";
    *value = *value * 10 + digit;
  }
  return NULL;
}

static bool is_control(char c) { return (unsigned char)c < ' ' || c == 127; }

/* Whether one of eight bytes is a control character: below ' ' the subtraction borrows into the byte's top bit, which
 * was clear; 127 is found as the zero byte of an exclusive or. */
static bool word_has_control(const char *bytes) {
  const uint64_t ones = UINT64_MAX / 255, tops = ones * 128;
  uint64_t word, deletes;
  memcpy(&word, bytes, sizeof word);
  deletes = word ^ (ones * 127);
  return (((word - ones * ' ') & ~word) | ((deletes - ones) & ~deletes)) & tops;
}

/* The same of 32 bytes. */
static bool block_has_control(const char *bytes) {
#ifdef __SSE2__
  const __m128i least = _mm_set1_epi8(' '), delete = _mm_set1_epi8(127);
  __m128i left = _mm_loadu_si128((const __m128i *)(const void *)bytes);
  __m128i right = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16));
  /* Of unsigned bytes: what is not its maximum with ' ' is less. */
  __m128i printed = _mm_and_si128(_mm_cmpeq_epi8(_mm_max_epu8(left, least), left),
                                  _mm_cmpeq_epi8(_mm_max_epu8(right, least), right));
  __m128i deletes = _mm_or_si128(_mm_cmpeq_epi8(left, delete), _mm_cmpeq_epi8(right, delete));
  return _mm_movemask_epi8(_mm_andnot_si128(deletes, printed)) != 0xffff;
#else
  return word_has_control(bytes) || word_has_control(bytes + 8) || word_has_control(bytes + 16) ||
         word_has_control(bytes + 24);
#endif
}

void replace_controls(char *bytes, size_t length) {
  enum { WORD = sizeof(uint64_t), BLOCK = 32 };
  size_t clean = 0; /* bytes that are known to hold none */
  while (length - clean >= BLOCK && !block_has_control(bytes + clean)) clean += BLOCK;
  while (length - clean >= WORD && !word_has_control(bytes + clean)) clean += WORD;
  /* What is left is most often a part of a word: the last whole word reads some bytes again, and none beyond. */
  if (length - clean < WORD && length >= WORD && !word_has_control(bytes + length - WORD)) return;
  for (; clean < length; clean++)
    if (is_control(bytes[clean])) bytes[clean] = '?';
}

static bool is_comment(const char *line, size_t length) {
  return length >= 2 && line[0] == '#' && line[1] == ' ' && !memchr(line, ';', length);
}

static void skip_byte_order_mark(char **line, size_t *length) {
  if (*length < 3 || memcmp(*line, "\xEF\xBB\xBF", 3) != 0) return;
  *line += 3;
  *length -= 3;
}

/* Where the value of a line begins: behind its last blank; 0 without a blank. */
static size_t value_start(const char *bytes, size_t length) {
  while (length > 0 && bytes[length - 1] != ' ') length--;
  return length;
}

/* The digits before ".", ".0" or ".000", which some tools write; the whole length for any other value. */
static size_t without_zero_fraction(const char *value, size_t length) {
  size_t end = length;
  while (end > 0 && value[end - 1] == '0') end--;
  return end > 1 && value[end - 1] == '.' && is_digit(value[0]) ? end - 1 : length;
}

/* No rounding: sums of rounded values would be wrong by as much as there are lines. */
static _Noreturn void fail_fractional(struct input *input, const char *value) {
  struct text shown = {0};
  text_append_string(&shown, value);
  size_t number = input_line_number(input), count = 1, length;
  char *bytes;
  uint64_t ignored;
  while (input_line(input, &bytes, &length)) {
    size_t start = value_start(bytes, length);
    start += start == 0 ? length : 0;
    const char *wrong = read_count(bytes + start, without_zero_fraction(bytes + start, length - start), &ignored);
    count += wrong && strcmp(wrong, "is fractional") == 0;
  }
  char others[60] = "";
  if (count > 1) snprintf(others, sizeof others, ", as are those of %zu lines in all", count);
  fail_at(input_name(input), number,
          "the value '%.40s' is fractional%s; a stack, one blank and an integer are expected (multiply the values first)",
          shown.bytes, others);
}

enum folded_outcome folded_next(struct input *input, struct folded_line *line) {
  char *bytes;
  size_t length;
  do {
    if (!input_line(input, &bytes, &length)) return FOLDED_END;
    if (input_line_number(input) == 1) skip_byte_order_mark(&bytes, &length);
  } while (length == 0 || is_comment(bytes, length));

  size_t start = value_start(bytes, length);
  size_t value_length = without_zero_fraction(bytes + start, length - start);
  const char *wrong = start == 0 ? "is missing" : read_count(bytes + start, value_length, &line->value);
  bool looks_cut = start == 0 || start == length || (!is_digit(bytes[start]) && bytes[start] != '-');
  if (wrong && looks_cut && !input_line_ended(input)) return FOLDED_CUT_OFF;
  const char *name = input_name(input);
  size_t number = input_line_number(input);
  if (wrong) replace_controls(bytes, length); /* they are shown */
  if (wrong && strcmp(wrong, "is fractional") == 0) fail_fractional(input, bytes + start);
  if (wrong && start > 0 && start < length)
    fail_at(name, number, "the value '%.40s' %s; a stack, one blank and an integer are expected", bytes + start, wrong);
  if (wrong) fail_at(name, number, "the value %s; a stack, one blank and an integer are expected", wrong);
  if (start == 1)
    fail_at(name, number, "no stack stands before the value; a stack, one blank and an integer are expected");
  line->stack = bytes;
  line->length = start - 1;
  replace_controls(bytes, line->length);
  return FOLDED_STACK;
}

bool frame_has_line(const char *frame, size_t length, size_t *name_length) {
  *name_length = length;
  if (length < 5 || frame[length - 1] != ')') return false;
  size_t colon = length - 2;
  while (colon > 0 && is_digit(frame[colon])) colon--;
  if (colon == length - 2 && colon >= 3 && memcmp(frame + colon - 2, "???", 3) == 0) colon -= 3;
  if (frame[colon] != ':' || colon == length - 2) return false;
  /* Names (of C++) and paths may hold brackets: the one wanted is the partner of the last. */
  size_t depth = 1, open = colon;
  while (open > 0 && depth > 0) {
    open--;
    if (frame[open] == ')') depth++;
    else if (frame[open] == '(') depth--;
  }
  if (depth > 0 || open < 2 || frame[open - 1] != ' ' || open + 1 == colon) return false;
  *name_length = open - 1;
  return true;
}

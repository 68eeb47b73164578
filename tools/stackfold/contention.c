#include "contention.h"

#include <string.h>

#include "report.h"

const char *const contention_values[] = {"delay", "contentions", NULL};

static uint64_t number_of(const struct input *input, struct row *row) {
  uint64_t number;
  if (!row_decimal(row, &number) || !row_ends(row))
    fail_at(input_name(input), input_line_number(input), "the value of the attribute is not an integer of 64 bits");
  return number;
}

bool contention_read_attribute(struct contention *contention, const struct input *input, const char *line,
                               size_t length) {
  const char *equals = memchr(line, '=', length);
  if (!equals || memchr(line, '@', length)) return false;
  struct row row = row_of(line, length);
  if (row_word(&row, "cycles/second") && row_word(&row, "=")) contention->cycles_per_second = number_of(input, &row);
  else if (row_word(&row, "sampling period") && row_word(&row, "=")) contention->period = number_of(input, &row);
  else if (row_word(&row, "format") || row_word(&row, "resolution"))
    fail_at(input_name(input), input_line_number(input), "is an attribute of a profile of Java, which is not read");
  return true;
}

static uint64_t integer_of(const struct input *input, double value) {
  if (!(value < 0x1p64))
    fail_at(input_name(input), input_line_number(input), "un-sampled, its value is past 64 bits");
  return (uint64_t)value;
}

/* As go tool pprof has it, in double precision and this order. A profile that does not tell how long a cycle is keeps
 * its delays as they stand. */
static uint64_t delay_of(const struct contention *contention, const struct input *input, uint64_t cycles) {
  if (contention->period == 0 || contention->cycles_per_second == 0) return cycles;
  double gigahertz = (double)contention->cycles_per_second / 1e9;
  return integer_of(input, (double)cycles * (double)contention->period / gigahertz);
}

bool contention_scan(const struct contention *contention, const struct input *input, struct row *row,
                     uint64_t *value) {
  uint64_t cycles, contentions;
  if (!row_decimal(row, &cycles) || !row_decimal(row, &contentions) || !row_word(row, "@")) return false;
  if (!contention->wants_contentions) *value = delay_of(contention, input, cycles);
  else if (contention->period == 0) *value = contentions;
  else if (__builtin_mul_overflow(contentions, contention->period, value))
    fail_at(input_name(input), input_line_number(input), "un-sampled, its value is past 64 bits");
  return true;
}

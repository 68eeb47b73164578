#include "metric.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* 2^53: above it a double does not hold every integer. */
#define LARGEST_EXACT ((uint64_t)1 << 53)

bool metric_name_is_valid(const char *name) {
  return strspn(name, LETTERS "_") > 0 && name[strspn(name, LETTERS DIGITS "_.:/-")] == '\0';
}

bool arm_name_is_valid(const char *name) { return *name && name[strspn(name, LETTERS DIGITS "._-")] == '\0'; }

bool metric_role_is_valid(const char *role) {
  static const char *const roles[] = {"primary", "guard", "control", "equal", "-"};
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
    if (strcmp(role, roles[i]) == 0) return true;
  return false;
}

/* A text of the grammar of metric_number as mantissa * 10^exponent. */
struct decimal {
  bool negative;
  bool zero;         /* every digit before the exponent is 0 */
  uint64_t mantissa; /* of more digits than it holds the first; then it is far above LARGEST_EXACT */
  long exponent;
  bool exponent_fits; /* into exponent */
};

enum { EXPONENT_MAX = 100000 };

static const char *read_sign(const char *text, bool *negative) {
  *negative = *text == '-';
  return text + (*text == '+' || *text == '-');
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Adds a run of digits to the mantissa and gives its end. */
static const char *read_digits(struct decimal *decimal, const char *text) {
  for (; is_digit(*text); text++) {
    uint64_t digit = (uint64_t)(*text - '0');
    decimal->zero = decimal->zero && digit == 0;
    if (decimal->mantissa <= (UINT64_MAX - 9) / 10) decimal->mantissa = decimal->mantissa * 10 + digit;
  }
  return text;
}

/* What follows the letter e; NULL where that is no exponent. */
static const char *read_exponent(struct decimal *decimal, const char *text) {
  bool negative;
  text = read_sign(text, &negative);
  if (!is_digit(*text)) return NULL;
  long exponent = 0;
  for (; is_digit(*text); text++)
    if (exponent <= EXPONENT_MAX) exponent = exponent * 10 + (*text - '0');
  decimal->exponent_fits = exponent <= EXPONENT_MAX;
  decimal->exponent += negative ? -exponent : exponent;
  return text;
}

static bool read_decimal(const char *text, struct decimal *decimal) {
  *decimal = (struct decimal){.zero = true, .exponent_fits = true};
  const char *whole = read_sign(text, &decimal->negative), *end = read_digits(decimal, whole);
  ptrdiff_t digits = end - whole;
  if (*end == '.') {
    const char *fraction = end + 1;
    end = read_digits(decimal, fraction);
    digits += end - fraction;
    decimal->exponent = -(long)(end - fraction);
  }
  if (digits == 0) return false;
  if (*end == 'e' || *end == 'E') end = read_exponent(decimal, end + 1);
  return end && *end == '\0';
}

/* The powers of ten that a double holds exactly. */
static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { POWER_MAX = sizeof POWERS / sizeof *POWERS - 1 };

/* Where mantissa and power are doubles without rounding, one multiplication or division rounds once, and so gives the
 * same double as strtod (Clinger 1990, "How to read floating point numbers accurately"). Not where the processor
 * computes with more digits than a double has. */
static bool convert_exactly(const struct decimal *decimal, double *value) {
  if (FLT_EVAL_METHOD != 0 || !decimal->exponent_fits || decimal->mantissa > LARGEST_EXACT) return false;
  if (decimal->exponent < -POWER_MAX || decimal->exponent > POWER_MAX) return false;
  double mantissa = (double)decimal->mantissa;
  double size = decimal->exponent < 0 ? mantissa / POWERS[-decimal->exponent] : mantissa * POWERS[decimal->exponent];
  *value = decimal->negative ? -size : size;
  return true;
}

bool metric_number(const char *text, double *value) {
  struct decimal decimal;
  if (!read_decimal(text, &decimal)) return false;
  if (convert_exactly(&decimal, value)) return true;
  *value = strtod(text, NULL);
  return isfinite(*value) && (decimal.zero || fabs(*value) > 0);
}

bool metric_same_number(const char *a, const char *b) {
  double value_a, value_b;
  if (strcmp(a, b) == 0) return true;
  if (!metric_number(a, &value_a) || !metric_number(b, &value_b)) return false;
  return !(value_a < value_b) && !(value_a > value_b) && fabs(value_a) < (double)LARGEST_EXACT;
}

bool metric_percentage(const char *text, double *fraction) {
  size_t length = strlen(text);
  if (length == 0 || text[length - 1] != '%') return false;
  char *number = take_copy_of(text, length - 1);
  double percent;
  bool good = metric_number(number, &percent) && percent >= 0;
  free(number);
  if (good) *fraction = percent / 100;
  return good;
}

bool metric_count(const char *text, size_t maximum, size_t *count) {
  size_t value = 0;
  const char *end = text;
  for (; is_digit(*end); end++) {
    size_t digit = (size_t)(*end - '0');
    if (value > (SIZE_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *count = value;
  return *end == '\0' && end > text && value >= 1 && value <= maximum;
}

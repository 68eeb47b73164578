#include "metric.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Above this a double does not hold every integer. */
static const double LARGEST_EXACT = 9007199254740992.0;

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

/* The grammar of metric_number; *zero tells whether every digit before the exponent is 0. */
static bool is_decimal(const char *text, bool *zero) {
  if (*text == '+' || *text == '-') text++;
  size_t whole = strspn(text, DIGITS);
  *zero = strspn(text, "0") == whole;
  text += whole;
  size_t fraction = 0;
  if (*text == '.') {
    fraction = strspn(++text, DIGITS);
    *zero = *zero && strspn(text, "0") == fraction;
    text += fraction;
  }
  if (whole + fraction == 0) return false;
  if (*text == 'e' || *text == 'E') {
    text++;
    if (*text == '+' || *text == '-') text++;
    size_t exponent = strspn(text, DIGITS);
    if (exponent == 0) return false;
    text += exponent;
  }
  return *text == '\0';
}

bool metric_number(const char *text, double *value) {
  bool zero;
  if (!is_decimal(text, &zero)) return false;
  *value = strtod(text, NULL);
  return isfinite(*value) && (zero || fabs(*value) > 0);
}

bool metric_same_number(const char *a, const char *b) {
  double value_a, value_b;
  if (strcmp(a, b) == 0) return true;
  if (!metric_number(a, &value_a) || !metric_number(b, &value_b)) return false;
  return !(value_a < value_b) && !(value_a > value_b) && fabs(value_a) < LARGEST_EXACT;
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
  if (!*text || text[strspn(text, DIGITS)] != '\0') return false;
  errno = 0;
  unsigned long value = strtoul(text, NULL, 10);
  *count = value;
  return errno == 0 && value >= 1 && value <= maximum;
}

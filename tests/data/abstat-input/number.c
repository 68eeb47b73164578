/* number: whether metric_number gives the double of strtod, bit by bit, for many decimal texts. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"

static uint64_t state = 88172645463325252;

/* xorshift64 (Marsaglia 2003). */
static uint64_t draw(uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

static size_t put_digits(char *text, size_t length, size_t count) {
  for (size_t i = 0; i < count; i++) text[length++] = (char)('0' + draw(10));
  return length;
}

/* Signs, leading zeros, up to 40 digits, a point anywhere, an exponent; near the ends of a double's range at times. */
static void draw_text(char *text) {
  size_t length = 0;
  if (draw(4) == 0) text[length++] = draw(2) ? '-' : '+';
  for (size_t zeros = draw(8) ? 0 : draw(30); zeros > 0; zeros--) text[length++] = '0';
  length = put_digits(text, length, 1 + draw(draw(2) ? 5 : 20));
  if (draw(3)) {
    text[length++] = '.';
    length = put_digits(text, length, draw(draw(2) ? 5 : 20));
  }
  text[length] = '\0';
  if (draw(2)) {
    uint64_t range = draw(2) ? 40 : 700;
    sprintf(text + length, "%c%d", draw(2) ? 'e' : 'E', (int)draw(range) - (int)(range / 2));
  }
}

static int differs(const char *text) {
  double ours, reference = strtod(text, NULL);
  int accepted = metric_number(text, &ours), zero = strcspn(text, "123456789") >= strcspn(text, "eE");
  int expected = isfinite(reference) && (zero || fabs(reference) > 0);
  if (accepted == expected && (!accepted || memcmp(&ours, &reference, sizeof ours) == 0)) return 0;
  printf("%s: %s %.17g, strtod %.17g\n", text, accepted ? "accepted as" : "refused,", accepted ? ours : 0, reference);
  return 1;
}

int main(void) {
  static const char *const corners[] = {
      "0", "-0", "0e999999999999999999999", "-0.000e-400", ".5", "5.", "0.1", "9007199254740992", "9007199254740993",
      "9007199254740993e-22", "9007199254740991e1", "900719925474099.1", "1e22", "1e23", "123456789012345e22", "1e-22",
      "1e-23", "1.7976931348623157e308", "1.7976931348623159e308", "4.9e-324", "2e-324", "5e-325",
      "18446744073709551615", "18446744073709551616", "1e99999999999999999999", "1e-99999999999999999999"};
  int wrong = 0;
  for (size_t i = 0; i < sizeof corners / sizeof *corners; i++) wrong += differs(corners[i]);
  for (int i = 0; i < 300000 && wrong < 10; i++) {
    char text[1024];
    draw_text(text);
    wrong += differs(text);
  }
  return wrong != 0;
}

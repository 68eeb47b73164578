#include "order.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "memory.h"

/* A digit of few bits, so that what one pass writes to stays within the reach of the processor's caches. */
enum { DIGIT_BITS = 6, DIGITS = 1 << DIGIT_BITS };

enum key { NUMBER, ARM };

static bool is_ordered(const struct place *places, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const struct place *a = &places[i - 1], *b = &places[i];
    if (a->number > b->number || (a->number == b->number && a->arm > b->arm)) return false;
  }
  return true;
}

static size_t key_of(const struct place *place, enum key key) { return key == NUMBER ? place->number : place->arm; }

static size_t digit_of(const struct place *place, enum key key, unsigned shift) {
  return (key_of(place, key) >> shift) % DIGITS;
}

static void sort_by_digit(const struct place *from, struct place *to, size_t count, enum key key, unsigned shift) {
  size_t starts[DIGITS + 1] = {0};
  for (size_t i = 0; i < count; i++) starts[digit_of(&from[i], key, shift) + 1]++;
  for (size_t i = 1; i < DIGITS; i++) starts[i] += starts[i - 1];
  for (size_t i = 0; i < count; i++) to[starts[digit_of(&from[i], key, shift)]++] = from[i];
}

/* Radix sort, from the lowest digit to the highest of the largest key; the result is in *places. */
static void sort_by(struct place **places, struct place **spare, size_t count, enum key key) {
  size_t largest = 0;
  for (size_t i = 0; i < count; i++)
    if (key_of(&(*places)[i], key) > largest) largest = key_of(&(*places)[i], key);
  for (unsigned shift = 0; shift < sizeof largest * CHAR_BIT && largest >> shift; shift += DIGIT_BITS) {
    sort_by_digit(*places, *spare, count, key, shift);
    struct place *sorted = *spare;
    *spare = *places;
    *places = sorted;
  }
}

void places_order(struct place **places, size_t count) {
  if (is_ordered(*places, count)) return;
  struct place *spare = take_array(count, sizeof *spare);
  sort_by(places, &spare, count, ARM);
  sort_by(places, &spare, count, NUMBER);
  free(spare);
}

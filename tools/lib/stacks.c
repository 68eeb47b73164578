#include "stacks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Digits of the greatest 64-bit number. */
enum { MAX_DIGITS = 20, FIRST_SLOTS = 1 << 10 };

struct stack_slot {
  uint64_t hash;
  struct stack *stack; /* NULL: the slot is free */
};

bool add_checked(uint64_t *sum, uint64_t value) {
  if (value > UINT64_MAX - *sum) return false;
  *sum += value;
  return true;
}

/* Both halves of the 128-bit product, folded: each bit of a and b reaches about half of the result's bits. */
static uint64_t mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

/* Two chains of one multiplication for each 16 bytes, so that one does not wait for the other; the last 16 bytes are
 * taken again from the end, which reads some twice and none beyond it. The constants have about as many ones as zeros:
 * the fractional parts of the square roots of 2, 3, 5 and 7. */
static uint64_t hash_of(const char *bytes, size_t length) {
  const uint64_t k1 = 0x6a09e667f3bcc908, k2 = 0xbb67ae8584caa73b, k3 = 0x3c6ef372fe94f82b, k4 = 0xa54ff53a5f1d36f1;
  uint64_t even = length ^ k1, odd = length ^ k2;
  const char *end = bytes + length;
  for (; end - bytes > 32; bytes += 32) {
    even = mix(word_at(bytes) ^ k3, word_at(bytes + 8) ^ even);
    odd = mix(word_at(bytes + 16) ^ k4, word_at(bytes + 24) ^ odd);
  }
  if (end - bytes > 16) even = mix(word_at(bytes) ^ k3, word_at(bytes + 8) ^ even);
  char all[16] = {0};
  if (length < 16) memcpy(all, bytes, length);
  const char *last = length < 16 ? all : end - 16;
  odd = mix(word_at(last) ^ k4, word_at(last + 8) ^ odd);
  return mix(even ^ k2, odd ^ k1);
}

/* The slot that holds these bytes, or the free one where they belong. */
static struct stack_slot *slot_of(const struct stacks *stacks, uint64_t hash, const char *bytes, size_t length) {
  size_t mask = stacks->slot_count - 1;
  for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
    struct stack_slot *slot = &stacks->slots[i];
    if (!slot->stack) return slot;
    if (slot->hash == hash && slot->stack->length == length && memcmp(slot->stack->bytes, bytes, length) == 0)
      return slot;
  }
}

/* Twice as many slots; every stack is put anew by the hash kept with it. */
static void widen(struct stacks *stacks) {
  size_t old_count = stacks->slot_count;
  struct stack_slot *old = stacks->slots;
  stacks->slot_count = old_count ? product_of(old_count, 2) : FIRST_SLOTS;
  stacks->slots = take_array(stacks->slot_count, sizeof *stacks->slots);
  memset(stacks->slots, 0, stacks->slot_count * sizeof *stacks->slots);
  size_t mask = stacks->slot_count - 1;
  for (size_t i = 0; i < old_count; i++) {
    if (!old[i].stack) continue;
    size_t to = (size_t)old[i].hash & mask;
    while (stacks->slots[to].stack) to = (to + 1) & mask;
    stacks->slots[to] = old[i];
  }
  free(old);
}

struct stack *stacks_find(struct stacks *stacks, const char *bytes, size_t length) {
  if (stacks->count >= stacks->slot_count / 2) widen(stacks);
  uint64_t hash = hash_of(bytes, length);
  struct stack_slot *slot = slot_of(stacks, hash, bytes, length);
  if (slot->stack) return slot->stack;
  struct stack *stack = arena_take(&stacks->arena, sum_of(sizeof *stack + 1, length));
  *stack = (struct stack){.length = length, .number = stacks->count++};
  if (length) memcpy(stack->bytes, bytes, length);
  stack->bytes[length] = '\0';
  *slot = (struct stack_slot){.hash = hash, .stack = stack};
  return stack;
}

bool stacks_add(struct stacks *stacks, const char *bytes, size_t length, uint64_t value) {
  return add_checked(&stacks_find(stacks, bytes, length)->value, value);
}

/* As memcmp over the two whole lines, where shorter's stack is the beginning of longer's and a blank follows it there
 * too: then the value of the one is compared with a piece of a frame of the other. */
static int compare_tails(const struct stack *shorter, const struct stack *longer) {
  char value[MAX_DIGITS + 2];
  snprintf(value, sizeof value, " %" PRIu64, shorter->value);
  size_t value_length = strlen(value), rest = longer->length - shorter->length;
  int order = memcmp(value, longer->bytes + shorter->length, value_length < rest ? value_length : rest);
  if (order != 0) return order;
  if (value_length <= rest) return -1;
  char longer_value[MAX_DIGITS + 2];
  snprintf(longer_value, sizeof longer_value, " %" PRIu64, longer->value);
  return strcmp(value + rest, longer_value);
}

static int compare_lines(const void *a, const void *b) {
  const struct stack *left = *(struct stack *const *)a, *right = *(struct stack *const *)b;
  size_t shared = left->length < right->length ? left->length : right->length;
  int order = memcmp(left->bytes, right->bytes, shared);
  if (order != 0 || left->length == right->length) return order;
  const struct stack *longer = left->length > right->length ? left : right;
  const unsigned char next = (unsigned char)longer->bytes[shared];
  if (next != ' ') order = ' ' < next ? -1 : 1; /* of the shorter line against the longer */
  else order = compare_tails(longer == left ? right : left, longer);
  return longer == right ? order : -order;
}

struct stack *stacks_next(const struct stacks *stacks, size_t *position) {
  while (*position < stacks->slot_count) {
    struct stack *stack = stacks->slots[(*position)++].stack;
    if (stack) return stack;
  }
  return NULL;
}

struct stack **stacks_sorted(const struct stacks *stacks) {
  struct stack **sorted = take_array(stacks->count, sizeof *sorted);
  size_t count = 0, position = 0;
  for (struct stack *stack; (stack = stacks_next(stacks, &position));) sorted[count++] = stack;
  qsort(sorted, count, sizeof *sorted, compare_lines);
  return sorted;
}

void stacks_write(const struct stacks *stacks, FILE *output) {
  struct stack **sorted = stacks_sorted(stacks);
  for (size_t i = 0; i < stacks->count; i++) {
    fwrite(sorted[i]->bytes, 1, sorted[i]->length, output);
    fprintf(output, " %" PRIu64 "\n", sorted[i]->value);
  }
  free(sorted);
}

void stacks_free(struct stacks *stacks) {
  arena_free(&stacks->arena);
  free(stacks->slots);
  *stacks = (struct stacks){0};
}

unsigned percent_hundredths(uint64_t part, uint64_t whole) {
  if (whole == 0) return 0;
  return (unsigned)(((unsigned __int128)part * 20000 + whole) / ((unsigned __int128)whole * 2));
}

#include "stacks.h"

#include <inttypes.h>
#include <stdio.h>
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
uint64_t bytes_hash(const char *bytes, size_t length) {
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
  uint64_t hash = bytes_hash(bytes, length);
  struct stack_slot *slot = slot_of(stacks, hash, bytes, length);
  if (slot->stack) return slot->stack;
  struct stack *stack = arena_take(&stacks->arena, sum_of(sizeof *stack + 1, length));
  *stack = (struct stack){.length = length, .number = stacks->count++};
  if (length) memcpy(stack->bytes, bytes, length);
  stack->bytes[length] = '\0';
  *slot = (struct stack_slot){.hash = hash, .stack = stack};
  return stack;
}

struct stack *stacks_known(const struct stacks *stacks, const char *bytes, size_t length) {
  return stacks->slot_count ? slot_of(stacks, bytes_hash(bytes, length), bytes, length)->stack : NULL;
}

bool stacks_add(struct stacks *stacks, const char *bytes, size_t length, uint64_t value) {
  return add_checked(&stacks_find(stacks, bytes, length)->value, value);
}

/* ---- sorting: by the bytes of the lines "STACK VALUE\n" ---- */

/* A stack, and the 8 bytes of its line that are being compared, the first as the most significant. */
struct item {
  uint64_t key;
  struct stack *stack;
};

/* The 8 bytes from depth on of a line of which less than 8 are left in the stack; 0 stands behind the line. */
static uint64_t key_at_end(const struct stack *stack, size_t depth) {
  char end[8 + MAX_DIGITS + 3 + 8] = {0};
  size_t left = depth < stack->length ? stack->length - depth : 0;
  memcpy(end, stack->bytes + (stack->length - left), left);
  snprintf(end + left, sizeof end - left, " %" PRIu64 "\n", stack->value);
  size_t passed = depth > stack->length ? depth - stack->length : 0;
  return passed > sizeof end - 8 ? 0 : word_at(end + passed);
}

static uint64_t key_at(const struct stack *stack, size_t depth) {
  uint64_t word = stack->length >= 8 && depth <= stack->length - 8 ? word_at(stack->bytes + depth)
                                                                   : key_at_end(stack, depth);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* How many bytes from depth on all the stacks share, as a multiple of 8. */
static size_t shared_bytes(const struct item *items, size_t count, size_t depth) {
  const struct stack *first = items[0].stack;
  size_t shared = first->length > depth ? (first->length - depth) & ~(size_t)7 : 0;
  for (size_t i = 1; i < count && shared > 0; i++) {
    const struct stack *other = items[i].stack;
    size_t left = other->length > depth ? (other->length - depth) & ~(size_t)7 : 0, at = 0;
    if (left < shared) shared = left;
    while (at < shared && word_at(first->bytes + depth + at) == word_at(other->bytes + depth + at)) at += 8;
    shared = at;
  }
  return shared;
}

/* Items to sort that share the first depth bytes. */
struct range {
  size_t start, count, depth;
  bool has_keys; /* those of depth */
};

struct ranges {
  struct range *list;
  size_t count, capacity;
};

static void add_range(struct ranges *ranges, struct range range) {
  if (range.count < 2) return;
  grow(&ranges->list, &ranges->capacity, ranges->count + 1, sizeof *ranges->list);
  ranges->list[ranges->count++] = range;
}

static void insert_by_keys(struct item *items, size_t count) {
  for (size_t i = 1; i < count; i++) {
    struct item item = items[i];
    size_t to = i;
    for (; to > 0 && items[to - 1].key > item.key; to--) items[to] = items[to - 1];
    items[to] = item;
  }
}

static void swap_items(struct item *a, struct item *b) {
  struct item item = *a;
  *a = *b;
  *b = item;
}

static uint64_t middle_key(const struct item *items, size_t count) {
  uint64_t a = items[0].key, b = items[count / 2].key, c = items[count - 1].key;
  uint64_t low = a < b ? a : b, high = a < b ? b : a;
  return c < low ? low : c > high ? high : c;
}

/* Puts items with lesser keys than the middle one's first and those with greater ones last. */
static void partition(struct item *items, size_t count, size_t *less, size_t *same) {
  uint64_t middle = middle_key(items, count);
  size_t low = 0, high = count;
  for (size_t at = 0; at < high;) {
    if (items[at].key < middle) swap_items(&items[low++], &items[at++]);
    else if (items[at].key > middle) swap_items(&items[at], &items[--high]);
    else at++;
  }
  *less = low;
  *same = high - low;
}

/* Sorts a few by their keys, and leaves those of one key to be sorted by what follows. */
static void sort_few(struct ranges *ranges, struct item *items, struct range range) {
  insert_by_keys(items, range.count);
  for (size_t i = 0, same; i < range.count; i += same) {
    for (same = 1; i + same < range.count && items[i + same].key == items[i].key;) same++;
    add_range(ranges, (struct range){range.start + i, same, range.depth + 8, false});
  }
}

/* A quicksort that compares 8 bytes at a time: those with the same 8 are sorted by what follows, after all that they
 * share is passed over. Each byte is so looked at about once, and only as far as lines are the same. */
static void sort_items(struct item *items, size_t count) {
  enum { FEW = 12 };
  struct ranges ranges = {0};
  add_range(&ranges, (struct range){0, count, 0, false});
  while (ranges.count > 0) {
    struct range range = ranges.list[--ranges.count];
    struct item *first = items + range.start;
    if (!range.has_keys) {
      range.depth = sum_of(range.depth, shared_bytes(first, range.count, range.depth));
      for (size_t i = 0; i < range.count; i++) first[i].key = key_at(first[i].stack, range.depth);
    }
    if (range.count <= FEW) {
      sort_few(&ranges, first, range);
      continue;
    }
    size_t less, same;
    partition(first, range.count, &less, &same);
    add_range(&ranges, (struct range){range.start, less, range.depth, true});
    add_range(&ranges, (struct range){range.start + less, same, range.depth + 8, false});
    add_range(&ranges, (struct range){range.start + less + same, range.count - less - same, range.depth, true});
  }
  free(ranges.list);
}

/* Whether the line of left is before that of right: as memcmp compares them. */
static bool is_before(const struct stack *left, const struct stack *right) {
  size_t shared = (left->length < right->length ? left->length : right->length) & ~(size_t)7;
  int order = memcmp(left->bytes, right->bytes, shared);
  for (size_t depth = shared; order == 0; depth += 8) {
    uint64_t a = key_at(left, depth), b = key_at(right, depth);
    order = (a > b) - (a < b);
    if (depth > left->length + MAX_DIGITS + 2) break;
  }
  return order < 0;
}

/* Merges the two sorted parts of from into to. */
static void merge_runs(struct item *to, const struct item *from, size_t left_count, size_t count) {
  size_t left = 0, right = left_count;
  for (size_t i = 0; i < count; i++) {
    bool take_right = left == left_count || (right < count && is_before(from[right].stack, from[left].stack));
    to[i] = take_right ? from[right++] : from[left++];
  }
}

/* Items that come in a few sorted runs, as from parsers that hand them over in order, are merged; false where there are
 * more, and nothing was done. */
static bool merge_few_runs(struct item *items, size_t count) {
  enum { FEW = 8 };
  size_t starts[FEW + 1] = {0}, runs = 1;
  for (size_t i = 1; i < count; i++) {
    if (is_before(items[i - 1].stack, items[i].stack)) continue;
    if (runs == FEW) return false;
    starts[runs++] = i;
  }
  if (runs == 1) return true;
  struct item *merged = take_array(count, sizeof *merged);
  for (size_t run = 1; run < runs; run++) {
    size_t end = run + 1 < runs ? starts[run + 1] : count;
    merge_runs(merged, items, starts[run], end);
    memcpy(items, merged, end * sizeof *items);
  }
  free(merged);
  return true;
}

struct stack *stacks_next(const struct stacks *stacks, size_t *position) {
  while (*position < stacks->slot_count) {
    struct stack *stack = stacks->slots[(*position)++].stack;
    if (stack) return stack;
  }
  return NULL;
}

struct stack **stacks_sorted(const struct stacks *stacks) {
  struct item *items = take_array(stacks->count, sizeof *items);
  size_t count = stacks->count, position = 0;
  for (struct stack *stack; (stack = stacks_next(stacks, &position));) items[stack->number].stack = stack;
  if (!merge_few_runs(items, count)) sort_items(items, count);
  struct stack **sorted = take_array(stacks->count, sizeof *sorted);
  for (size_t i = 0; i < count; i++) sorted[i] = items[i].stack;
  free(items);
  return sorted;
}

/* The decimal digits of value, up to the end of digits; returns where they begin. */
static const char *digits_of(uint64_t value, char digits[MAX_DIGITS]) {
  char *at = digits + MAX_DIGITS;
  do *--at = (char)('0' + value % 10);
  while (value /= 10);
  return at;
}

void stacks_write(const struct stacks *stacks, FILE *output) {
  struct stack **sorted = stacks_sorted(stacks);
  for (size_t i = 0; i < stacks->count; i++) {
    char digits[MAX_DIGITS];
    const char *value = digits_of(sorted[i]->value, digits);
    fwrite_unlocked(sorted[i]->bytes, 1, sorted[i]->length, output);
    putc_unlocked(' ', output);
    fwrite_unlocked(value, 1, (size_t)(digits + MAX_DIGITS - value), output);
    putc_unlocked('\n', output);
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

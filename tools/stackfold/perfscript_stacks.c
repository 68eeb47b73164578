/* The distinct stacks of perf script's text, as sequences of the numbers of frames, and their way to the sums. */
#include <stdlib.h>
#include <string.h>

#include "perfscript_fold.h"
#include "report.h"

/* ---- stacks ---- */

static void widen_counted(struct perf_fold *fold) {
  size_t old_count = fold->slot_count;
  struct counted **old = fold->counted;
  fold->slot_count = old_count ? product_of(old_count, 2) : FIRST_SLOTS;
  fold->counted = take_array(fold->slot_count, sizeof *fold->counted);
  memset(fold->counted, 0, fold->slot_count * sizeof *fold->counted);
  size_t mask = fold->slot_count - 1;
  for (size_t i = 0; i < old_count; i++) {
    if (!old[i]) continue;
    size_t to = (size_t)old[i]->hash & mask;
    while (fold->counted[to]) to = (to + 1) & mask;
    fold->counted[to] = old[i];
  }
  free(old);
}

void perf_count_value(uint64_t *sum, uint64_t value) {
  if (!add_checked(sum, value)) fail("the values add up to more than 64 bits; fold fewer inputs at once");
}

void perf_count_stack(struct perf_fold *fold) {
  if (fold->count >= fold->slot_count / 2) widen_counted(fold);
  size_t bytes = fold->depth * sizeof *fold->frames;
  uint64_t hash = bytes_hash((const char *)fold->frames, bytes);
  size_t mask = fold->slot_count - 1, at = (size_t)hash & mask;
  for (; fold->counted[at]; at = (at + 1) & mask) {
    struct counted *known = fold->counted[at];
    if (known->hash != hash || known->depth != fold->depth || memcmp(known->frames, fold->frames, bytes) != 0) continue;
    perf_count_value(&known->value, fold->value);
    known->records++;
    return;
  }
  if (fold->depth > UINT32_MAX) fail("a stack has more than 2^32 frames");
  struct counted *fresh = arena_take(&fold->arena, sum_of(sizeof *fresh, bytes));
  *fresh = (struct counted){.hash = hash, .value = fold->value, .records = 1, .depth = (uint32_t)fold->depth};
  memcpy(fresh->frames, fold->frames, bytes);
  fold->counted[at] = fresh;
  fold->count++;
}

/* ---- handing over, in the order of the lines: by the ranks of frames, which are less to compare than names ---- */

struct name_end {
  const struct stack *name;
  bool is_leaf;
};

/* A caller's name goes on with ';', a leaf's with a blank and digits. */
static int compare_name_ends(const void *a, const void *b) {
  const struct name_end *left = a, *right = b;
  size_t shared = left->name->length < right->name->length ? left->name->length : right->name->length;
  int order = memcmp(left->name->bytes, right->name->bytes, shared);
  if (order != 0) return order;
  const char *left_end = left->is_leaf ? " 5" : ";", *right_end = right->is_leaf ? " 5" : ";";
  if (left->name->length == right->name->length) return strcmp(left_end, right_end);
  return left->name->length < right->name->length ? strcmp(left_end, right->name->bytes + shared)
                                                  : strcmp(left->name->bytes + shared, right_end);
}

/* For each frame its rank as a caller, and as a leaf. The caller frees. */
static uint32_t (*rank_names(const struct perf_fold *fold))[2] {
  size_t count = product_of(fold->name_count, 2);
  struct name_end *ends = take_array(count, sizeof *ends);
  for (size_t i = 0; i < count; i++) ends[i] = (struct name_end){fold->by_number[i / 2], i % 2};
  qsort(ends, count, sizeof *ends, compare_name_ends);
  uint32_t(*ranks)[2] = take_array(fold->name_count, sizeof *ranks);
  for (size_t i = 0; i < count; i++) ranks[ends[i].name->number][ends[i].is_leaf] = (uint32_t)i;
  free(ends);
  return ranks;
}

/* The ranks from the root on, as bytes that compare as they do. */
static void append_ranks(const struct counted *counted, uint32_t (*ranks)[2], struct text *key) {
  for (size_t i = counted->depth; i-- > 0;) {
    uint32_t rank = ranks[counted->frames[i]][i == 0];
    char bytes[4] = {(char)(rank >> 24), (char)(rank >> 16), (char)(rank >> 8), (char)rank};
    text_append(key, bytes, sizeof bytes);
  }
}

/* The stacks in order; in value the index of each in fold->counted. */
static struct stack **order_counted(const struct perf_fold *fold, struct stacks *keys) {
  uint32_t(*ranks)[2] = rank_names(fold);
  struct text key = {0};
  for (size_t slot = 0; slot < fold->slot_count; slot++) {
    if (!fold->counted[slot]) continue;
    text_clear(&key);
    append_ranks(fold->counted[slot], ranks, &key);
    stacks_find(keys, key.bytes, key.length)->value = slot;
  }
  text_free(&key);
  free(ranks);
  return stacks_sorted(keys);
}

/* The line of a stack, of which the first frames are those of the one before. */
struct joined {
  struct text line;
  const struct counted *counted; /* whose line it is */
  size_t *ends;                  /* of each frame from the root on */
  size_t capacity;
};

static void join(const struct perf_fold *fold, const struct counted *counted, struct joined *joined) {
  const struct counted *before = joined->counted;
  size_t depth = counted->depth, same = 0;
  grow(&joined->ends, &joined->capacity, depth, sizeof *joined->ends);
  while (before && same < depth && same < before->depth &&
         before->frames[before->depth - 1 - same] == counted->frames[depth - 1 - same])
    same++;
  joined->line.length = same > 0 ? joined->ends[same - 1] : 0;
  for (; same < depth; same++) {
    const struct stack *name = fold->by_number[counted->frames[depth - 1 - same]];
    if (same > 0) text_append_char(&joined->line, ';');
    text_append(&joined->line, name->bytes, name->length);
    joined->ends[same] = joined->line.length;
  }
  joined->counted = counted;
}

void perf_fold_add(struct perf_fold *fold, struct sums *sums) {
  for (int i = 0; i < 2; i++) perf_lines_free(&fold->lines[i]);
  struct stacks keys = {0};
  struct stack **order = order_counted(fold, &keys);
  struct joined joined = {0};
  for (size_t i = 0; i < keys.count; i++) {
    const struct counted *counted = fold->counted[order[i]->value];
    join(fold, counted, &joined);
    sums_add_joined_many(sums, joined.line.bytes, joined.line.length, counted->value, (size_t)counted->records);
  }
  text_free(&joined.line);
  free(joined.ends);
  free(order);
  stacks_free(&keys);
  for (int reason = 0; reason < DROP_KINDS; reason++)
    sums_drop_many(sums, (enum drop)reason, fold->dropped[reason].value, fold->dropped[reason].records);
  sums->other_lines += fold->other_lines;
}

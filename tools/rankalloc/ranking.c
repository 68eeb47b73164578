/* The ranking of functions and of paths: only those that are shown are sorted. */
#include "ranking.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct context {
  const struct profile *profile;
  const struct question *question;
};

static uint64_t value_in(const struct context *context, const struct column *column, uint32_t number) {
  if (context->question->of_paths) return path_in(column, number);
  return context->question->order == ORDER_SELF ? self_in(column, number) : cumulative_in(column, number);
}

static __int128 value_of(const struct context *context, uint32_t number) {
  const struct column *columns = context->profile->columns;
  __int128 value = value_in(context, &columns[0], number);
  return context->question->growth ? value - value_in(context, &columns[1], number) : value;
}

static int compare_names(const struct context *context, uint32_t left, uint32_t right) {
  const struct profile *profile = context->profile;
  if (context->question->of_paths)
    return paths_compare(&profile->frames, profile->paths.list[left], profile->paths.list[right]);
  const struct entry *a = &profile->frames.entries[left], *b = &profile->frames.entries[right];
  int order = memcmp(a->name, b->name, a->length < b->length ? a->length : b->length);
  return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare(const void *a, const void *b, void *context) {
  const struct ranked *left = a, *right = b;
  if (left->value != right->value) return left->value > right->value ? -1 : 1;
  return left->number == right->number ? 0 : compare_names(context, left->number, right->number);
}

/* list is a heap whose first is behind all others; it may have got one at this place that is not. */
static void sift_down(struct ranked *list, size_t count, size_t at, struct context *context) {
  struct ranked moved = list[at];
  for (size_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && compare(&list[child], &list[child + 1], context) < 0) child++;
    if (compare(&moved, &list[child], context) >= 0) break;
    list[at] = list[child];
  }
  list[at] = moved;
}

/* Puts the first limit in order to the front. */
static void select_first(struct ranked *list, size_t count, size_t limit, struct context *context) {
  if (limit < count) {
    for (size_t i = limit / 2; i-- > 0;) sift_down(list, limit, i, context);
    for (size_t i = limit; i < count; i++) {
      if (compare(&list[i], &list[0], context) >= 0) continue;
      struct ranked moved = list[i];
      list[i] = list[0];
      list[0] = moved;
      sift_down(list, limit, 0, context);
    }
    count = limit;
  }
  qsort_r(list, count, sizeof *list, compare, context);
}

static size_t count_of(const struct context *context) {
  return context->question->of_paths ? context->profile->paths.count : context->profile->frames.count;
}

static bool is_counted(const struct context *context, uint32_t number) {
  return context->question->of_paths || context->profile->frames.entries[number].counted;
}

static uint64_t magnitude(__int128 value) { return (uint64_t)(value < 0 ? -value : value); }

static bool is_enough(const struct question *question, __int128 value) {
  return (unsigned __int128)magnitude(value) * 100000000 >=
         (unsigned __int128)question->whole * question->min_percent_millionths;
}

struct ranking ranking_of(const struct profile *profile, const struct question *question) {
  struct context context = {profile, question};
  struct ranking ranking = {.list = take_array(count_of(&context) + 1, sizeof *ranking.list)};
  size_t enough = 0;
  for (uint32_t i = 0; i < count_of(&context); i++) {
    if (!is_counted(&context, i)) continue;
    ranking.of++;
    struct ranked ranked = {.value = value_of(&context, i), .number = i};
    if (is_enough(question, ranked.value)) ranking.list[enough++] = ranked;
    else if (magnitude(ranked.value) > ranking.greatest_left_out) ranking.greatest_left_out = magnitude(ranked.value);
  }
  ranking.count = question->limit > 0 && question->limit < enough ? question->limit : enough;
  select_first(ranking.list, enough, ranking.count, &context);
  for (size_t i = ranking.count; i < enough; i++)
    if (magnitude(ranking.list[i].value) > ranking.greatest_left_out)
      ranking.greatest_left_out = magnitude(ranking.list[i].value);
  return ranking;
}

void ranking_free(struct ranking *ranking) { free(ranking->list); }

size_t rank_of(const struct profile *profile, const struct question *question, uint32_t number) {
  struct context context = {profile, question};
  if (number == NO_FRAME || !is_counted(&context, number)) return 0;
  struct ranked one = {.value = value_of(&context, number), .number = number};
  size_t rank = 1;
  for (uint32_t i = 0; i < count_of(&context); i++) {
    struct ranked other = {.number = i};
    if (!is_counted(&context, i)) continue;
    other.value = value_of(&context, i);
    rank += compare(&other, &one, &context) < 0;
  }
  return rank;
}

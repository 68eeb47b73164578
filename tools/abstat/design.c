#include "design.h"

#include <stdlib.h>

#include "memory.h"
#include "schedule.h"

/* Every run number in both arms; the runs are sorted by number, then arm. */
static bool are_pairs(const struct samples *samples) {
  if (samples->run_count % 2) return false;
  for (size_t i = 0; i < samples->run_count; i += 2)
    if (samples->runs[i].number != samples->runs[i + 1].number) return false;
  return true;
}

static bool has_repeated_numbers(const struct samples *samples) {
  for (size_t i = 1; i < samples->run_count; i++)
    if (samples->runs[i].number == samples->runs[i - 1].number) return true;
  return false;
}

static bool is_sequential(const struct samples *samples) {
  size_t changes = 0;
  for (size_t i = 1; i < samples->run_count; i++) changes += samples->runs[i].arm != samples->runs[i - 1].arm;
  return changes == 1;
}

static bool positions_agree(const struct samples *samples) {
  for (size_t i = 1; i < samples->run_count; i++) {
    const struct run *run = &samples->runs[i], *last = &samples->runs[i - 1];
    if (run->block < last->block || (run->block == last->block && run->order <= last->order)) return false;
  }
  return true;
}

/* The runs by their block numbers: as many of each arm in every block, but for an incomplete last one. */
static bool find_blocks(const struct samples *samples, struct design *design) {
  if (!positions_agree(samples)) return false;
  size_t start = 0;
  while (start < samples->run_count) {
    size_t end = start, runs_each[ARM_COUNT] = {0};
    while (end < samples->run_count && samples->runs[end].block == samples->runs[start].block)
      runs_each[samples->runs[end++].arm]++;
    if (start == 0) design->runs_each = runs_each[BASE];
    bool complete = runs_each[BASE] == design->runs_each && runs_each[CHANGED] == design->runs_each;
    bool may_grow = runs_each[BASE] <= design->runs_each && runs_each[CHANGED] <= design->runs_each;
    if (!complete && !(start > 0 && end == samples->run_count && may_grow)) return false;
    if (complete) {
      design->starts[design->block_count++] = start;
      design->used_runs = end;
    }
    start = end;
  }
  design->starts[design->block_count] = design->used_runs;
  design->unused_runs = samples->run_count - design->used_runs;
  return true;
}

static bool run_is_at(const struct run *run, size_t length) {
  size_t before;
  return !__builtin_mul_overflow(run->block - 1, length, &before) && run->number > before &&
         run->number - before == run->order && run->order <= length;
}

/* All runs, those of an incomplete last block too, stand where the plan of this seed has them. Which of the plan's arms
 * the changed one is, is told by its first run. */
static bool follows_plan(const struct samples *samples, const struct design *design, unsigned long seed,
                         size_t arm_count) {
  size_t length = product_of(arm_count, design->runs_each), variant = BASE;
  if (samples->runs[samples->run_count - 1].block > SCHEDULE_BLOCKS_MAX) return false;
  struct schedule *schedule = schedule_open(seed, arm_count, design->runs_each);
  const size_t *arms = NULL;
  size_t block = 0, i = 0;
  for (; i < samples->run_count; i++) {
    const struct run *run = &samples->runs[i];
    for (; block < run->block; block++) arms = schedule_next(schedule);
    if (!run_is_at(run, length)) break;
    size_t planned = arms[run->order - 1];
    if (run->arm == CHANGED && variant == BASE) variant = planned;
    if (planned == BASE ? run->arm != BASE : run->arm == BASE || planned != variant) break;
  }
  schedule_close(schedule);
  return i == samples->run_count;
}

static void use_as_one_block(const struct samples *samples, struct design *design, enum design_kind kind) {
  design->kind = kind;
  design->used_runs = samples->run_count;
  design->unused_runs = 0;
  design->block_count = 1;
  design->starts[0] = 0;
  design->starts[1] = samples->run_count;
  design->runs_each = 0;
}

static void use_as_pairs(const struct samples *samples, struct design *design) {
  design->kind = DESIGN_PAIRS;
  design->used_runs = samples->run_count;
  design->block_count = samples->run_count / 2;
  for (size_t i = 0; i <= design->block_count; i++) design->starts[i] = 2 * i;
  design->runs_each = 1;
}

struct design design_recognize(const struct samples *samples, unsigned long seed, size_t arm_count) {
  struct design design = {.starts = take_array(samples->run_count + 1, sizeof *design.starts)};
  if (are_pairs(samples)) use_as_pairs(samples, &design);
  else if (has_repeated_numbers(samples)) use_as_one_block(samples, &design, DESIGN_UNKNOWN);
  else {
    bool balanced = find_blocks(samples, &design);
    if (balanced && seed && follows_plan(samples, &design, seed, arm_count)) design.kind = DESIGN_PLANNED;
    else if (is_sequential(samples)) use_as_one_block(samples, &design, DESIGN_SEQUENTIAL);
    else if (balanced) design.kind = DESIGN_BLOCKED;
    else use_as_one_block(samples, &design, DESIGN_UNKNOWN);
  }
  design.counted_runs = samples->run_count;
  return design;
}

struct design design_prefix(const struct design *design, size_t block_count) {
  struct design prefix = *design;
  prefix.block_count = block_count;
  prefix.used_runs = prefix.counted_runs = design->starts[block_count];
  prefix.unused_runs = 0;
  return prefix;
}

void design_free(struct design *design) { free(design->starts); }

const char *design_name(enum design_kind kind) {
  static const char *const names[] = {[DESIGN_PLANNED] = "planned",
                                      [DESIGN_BLOCKED] = "blocked",
                                      [DESIGN_SEQUENTIAL] = "sequential",
                                      [DESIGN_PAIRS] = "pairs",
                                      [DESIGN_UNKNOWN] = "unknown"};
  return names[kind];
}

bool design_is_confounded(const struct design *design) {
  return design->kind == DESIGN_SEQUENTIAL || design->kind == DESIGN_UNKNOWN;
}

/* From the call paths of a recording of heaptrack to stacks. The call paths are a tree, which is walked once: what two
 * stacks have in common is put together once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heaptrack.h"

/* ---- which leaks are none ---- */

/* Of what these allocate, heaptrack says that it is no leak (version 1.4). */
static const char *const usual_suppressions[] = {
    "__nss_module_allocate", "__gconv_read_conf",  "__new_exitfn",  "tzset_internal",
    "dl_open_worker",        "g_main_context_new", "g_thread_self",
};

/* Whether the string holds the pattern's pieces one after another, each where it is first found behind the one before.
 * `*` parts pieces; `^` before the first ties it to the string's beginning, `$` behind the last to its end, as in the
 * suppressions of LeakSanitizer. */
static bool matches(const char *pattern, const char *pattern_end, const struct heaptrack_string *string) {
  const char *at = string->bytes, *end = at + string->length;
  if (at == end) return false;
  bool tied = pattern < pattern_end && *pattern == '^', after_asterisk = false;
  if (tied) pattern++;
  while (pattern < pattern_end) {
    if (*pattern == '*') {
      pattern++;
      tied = false;
      after_asterisk = true;
      continue;
    }
    if (*pattern == '$') return at == end || after_asterisk;
    size_t length = 0;
    while (pattern + length < pattern_end && pattern[length] != '*' && pattern[length] != '$') length++;
    const char *found = at < end ? memmem(at, (size_t)(end - at), pattern, length) : NULL;
    if (!found || (tied && found != at)) return false;
    at = found + length;
    pattern += length;
    tied = after_asterisk = false;
  }
  return true;
}

static bool is_suppressed_string(const struct heaptrack *heaptrack, const struct heaptrack_string *string) {
  for (size_t i = 0; i < sizeof usual_suppressions / sizeof *usual_suppressions; i++)
    if (memmem(string->bytes, string->length, usual_suppressions[i], strlen(usual_suppressions[i]))) return true;
  for (size_t i = 0; i < heaptrack->suppressions.count; i++) {
    const struct heaptrack_string *pattern = &heaptrack->suppressions.list[i];
    if (matches(pattern->bytes, pattern->bytes + pattern->length, string)) return true;
    if (pattern->length == string->length && memcmp(pattern->bytes, string->bytes, string->length) == 0) return true;
  }
  return false;
}

/* Flags from 1; all are false at first. */
static bool *take_flags(size_t count) {
  bool *flags = take_array(sum_of(count, 1), sizeof *flags);
  memset(flags, 0, (count + 1) * sizeof *flags);
  return flags;
}

static bool is_suppressed_instruction(const struct heaptrack *heaptrack, const bool *strings,
                                      const struct heaptrack_instruction *instruction) {
  if (strings[instruction->module]) return true;
  if (instruction->frame_count == 0) return false;
  const struct heaptrack_frame *frame = &heaptrack->frames.list[instruction->first_frame];
  for (size_t i = 0; i < instruction->frame_count; i++, frame++)
    if (strings[frame->function] || strings[frame->file]) return true;
  return false;
}

/* For each call path, whether a string that is suppressed is anywhere on it. The caller frees. */
static bool *suppressed_traces(const struct heaptrack *heaptrack) {
  bool *strings = take_flags(heaptrack->strings.count);
  for (size_t i = 0; i < heaptrack->strings.count; i++)
    strings[i + 1] = is_suppressed_string(heaptrack, &heaptrack->strings.list[i]);
  bool *instructions = take_flags(heaptrack->instructions.count);
  for (size_t i = 0; i < heaptrack->instructions.count; i++)
    instructions[i + 1] = is_suppressed_instruction(heaptrack, strings, &heaptrack->instructions.list[i]);
  bool *traces = take_flags(heaptrack->traces.count);
  for (size_t i = 0; i < heaptrack->traces.count; i++) {
    const struct heaptrack_trace *trace = &heaptrack->traces.list[i];
    traces[i + 1] = instructions[trace->instruction] || traces[trace->parent];
  }
  free(strings);
  free(instructions);
  return traces;
}

/* ---- the walk ---- */

/* For each call path, from 1, those that go on from it and have something to show. 0 is where all begin. */
struct tree {
  size_t *first_child, *next_sibling;
};

/* The way from the root to the call path where the walk is. */
struct step {
  size_t trace;
  size_t length, start; /* of the text before it */
};

struct walk {
  const struct heaptrack *heaptrack;
  uint64_t (*value_of)(const struct heaptrack *heaptrack, const struct heaptrack_cost *cost);
  struct tree tree;
  bool *shown; /* traces that have a value of their own */
  struct text text; /* frames joined by ';'; the stack begins at start */
  size_t start;
  struct step *way;
  size_t depth, way_capacity;
};

static uint64_t peak_of(const struct heaptrack *heaptrack, const struct heaptrack_cost *cost) {
  return cost->peak_rise == heaptrack->rise ? cost->peak : cost->held;
}

static uint64_t leaked_of(const struct heaptrack *heaptrack, const struct heaptrack_cost *cost) {
  (void)heaptrack;
  return cost->held;
}

static uint64_t allocations_of(const struct heaptrack *heaptrack, const struct heaptrack_cost *cost) {
  (void)heaptrack;
  return cost->allocations;
}

static uint64_t temporary_of(const struct heaptrack *heaptrack, const struct heaptrack_cost *cost) {
  (void)heaptrack;
  return cost->temporary;
}

static void append_frame(struct walk *walk, const struct heaptrack_instruction *instruction,
                         const struct heaptrack_frame *frame) {
  const struct heaptrack_string *strings = walk->heaptrack->strings.list;
  struct text *text = &walk->text;
  if (text->length > walk->start) text_append_char(text, ';');
  if (frame && frame->function > 0) {
    text_append(text, strings[frame->function - 1].bytes, strings[frame->function - 1].length);
  } else {
    char address[24];
    snprintf(address, sizeof address, "[0x%" PRIx64 "]", instruction->address);
    text_append_string(text, address);
  }
  if (!frame || frame->file == 0) return;
  const struct heaptrack_string *file = &strings[frame->file - 1];
  text_append(text, " (", 2);
  text_append(text, file->file, (size_t)(file->bytes + file->length - file->file));
  if (walk->heaptrack->sums->folding->context && frame->line > 0) {
    char line[24];
    snprintf(line, sizeof line, ":%" PRIu64, frame->line);
    text_append_string(text, line);
  }
  text_append_char(text, ')');
}

static void append_instruction(struct walk *walk, const struct heaptrack_instruction *instruction) {
  const struct heaptrack_frame *frames = walk->heaptrack->frames.list + instruction->first_frame;
  for (size_t i = instruction->frame_count; i > 0; i--) append_frame(walk, instruction, &frames[i - 1]);
  if (instruction->frame_count == 0) append_frame(walk, instruction, NULL);
}

static void enter(struct walk *walk, size_t trace) {
  const struct heaptrack_trace *entered = &walk->heaptrack->traces.list[trace - 1];
  grow(&walk->way, &walk->way_capacity, walk->depth + 1, sizeof *walk->way);
  walk->way[walk->depth++] = (struct step){.trace = trace, .length = walk->text.length, .start = walk->start};
  if (entered->instruction == 0) {
    walk->start = walk->text.length;
  } else {
    const struct heaptrack_instruction *instruction = &walk->heaptrack->instructions.list[entered->instruction - 1];
    if (instruction->is_root) walk->start = walk->text.length;
    append_instruction(walk, instruction);
  }
  if (!walk->shown[trace]) return;
  const struct heaptrack_cost *cost = &walk->heaptrack->costs.list[entered->cost - 1];
  uint64_t value = walk->value_of(walk->heaptrack, cost);
  if (walk->text.length == walk->start)
    sums_drop_many(walk->heaptrack->sums, DROP_NO_FRAMES, value, (size_t)cost->allocations);
  else
    sums_add_joined_many(walk->heaptrack->sums, walk->text.bytes + walk->start, walk->text.length - walk->start, value,
                         (size_t)cost->allocations);
}

static void leave(struct walk *walk) {
  const struct step *step = &walk->way[--walk->depth];
  walk->text.length = step->length;
  walk->start = step->start;
}

static void walk_tree(struct walk *walk) {
  for (size_t trace = walk->tree.first_child[0]; trace > 0;) {
    enter(walk, trace);
    size_t next = walk->tree.first_child[trace];
    while (next == 0 && walk->depth > 0) {
      next = walk->tree.next_sibling[walk->way[walk->depth - 1].trace];
      leave(walk);
    }
    trace = next;
  }
}

/* Parents stand before what goes on from them, so that one pass from the end knows all children of each. */
static void link_tree(struct walk *walk) {
  size_t count = walk->heaptrack->traces.count, size = product_of(sum_of(count, 1), sizeof(size_t));
  walk->tree = (struct tree){.first_child = take(size), .next_sibling = take(size)};
  memset(walk->tree.first_child, 0, size);
  for (size_t trace = count; trace > 0; trace--) {
    if (!walk->shown[trace] && walk->tree.first_child[trace] == 0) continue;
    size_t parent = walk->heaptrack->traces.list[trace - 1].parent;
    walk->tree.next_sibling[trace] = walk->tree.first_child[parent];
    walk->tree.first_child[parent] = trace;
  }
}

/* Sorts out what is not to be shown. */
static void choose_shown(struct walk *walk, const bool *suppressed) {
  const struct heaptrack *heaptrack = walk->heaptrack;
  for (size_t i = 0; i < heaptrack->costs.count; i++) {
    const struct heaptrack_cost *cost = &heaptrack->costs.list[i];
    uint64_t value = walk->value_of(heaptrack, cost);
    size_t records = (size_t)cost->allocations;
    if (records == 0) continue;
    if (value == 0) sums_drop_many(heaptrack->sums, DROP_NO_VALUE, 0, records);
    else if (suppressed && suppressed[cost->trace]) sums_drop_many(heaptrack->sums, DROP_SUPPRESSED, value, records);
    else if (cost->trace == 0) sums_drop_many(heaptrack->sums, DROP_NO_FRAMES, value, records);
    else walk->shown[cost->trace] = true;
  }
}

void heaptrack_add_stacks(struct heaptrack *heaptrack) {
  const char *value = heaptrack->sums->value;
  struct walk walk = {.heaptrack = heaptrack, .shown = take_flags(heaptrack->traces.count), .value_of = peak_of};
  bool *suppressed = NULL;
  if (strcmp(value, "leaked") == 0) {
    walk.value_of = leaked_of;
    suppressed = suppressed_traces(heaptrack);
  } else if (strcmp(value, "allocations") == 0) {
    walk.value_of = allocations_of;
  } else if (strcmp(value, "temporary") == 0) {
    walk.value_of = temporary_of;
  }
  choose_shown(&walk, suppressed);
  link_tree(&walk);
  walk_tree(&walk);
  free(suppressed);
  free(walk.shown);
  free(walk.tree.first_child);
  free(walk.tree.next_sibling);
  free(walk.way);
  text_free(&walk.text);
}

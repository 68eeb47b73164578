#include "addresses.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

void address_stacks_push(struct address_stacks *stacks, uint64_t address) {
  if (stacks->depth == stacks->capacity)
    grow(&stacks->addresses, &stacks->capacity, stacks->depth + 1, sizeof *stacks->addresses);
  stacks->addresses[stacks->depth++] = address;
}

bool address_stacks_push_line(struct address_stacks *stacks, struct row *row) {
  uint64_t address;
  while (row_address(row, &address)) address_stacks_push(stacks, caller_of(address));
  return row_ends(row);
}

void address_stacks_forget(struct address_stacks *stacks) { stacks->depth = 0; }

void address_stacks_end(struct address_stacks *stacks, struct sums *sums, uint64_t value, size_t records) {
  if (value == 0) {
    sums_drop_many(sums, DROP_NO_VALUE, 0, records);
  } else if (stacks->depth == 0) {
    sums_drop_many(sums, DROP_NO_FRAMES, value, records);
  } else {
    size_t known = stacks->stacks.count;
    struct stack *stack =
        stacks_find(&stacks->stacks, (const char *)stacks->addresses, stacks->depth * sizeof *stacks->addresses);
    if (!add_checked(&stack->value, value)) fail("the values add up to more than 64 bits; fold fewer inputs at once");
    grow(&stacks->records, &stacks->record_capacity, stacks->stacks.count, sizeof *stacks->records);
    if (stacks->stacks.count > known) stacks->records[stack->number] = 0;
    stacks->records[stack->number] += records;
  }
  address_stacks_forget(stacks);
}

/* ---- mappings ---- */

bool announces_mappings(const char *line, size_t length) {
  return row_starts_with(line, length, "MAPPED_LIBRARIES:") || row_starts_with(line, length, "--- Memory map:");
}

/* Hexadecimal digits without 0x. */
static bool row_bare_address(struct row *row, uint64_t *address) {
  row_blanks(row);
  const char *first = row->at;
  *address = 0;
  for (; row->at < row->end; row->at++) {
    char c = *row->at;
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                            : 16;
    if (digit == 16) break;
    if (*address >> 60) return false;
    *address = *address << 4 | digit;
  }
  return row->at > first;
}

/* `start-end: path`: a whole file, from its beginning on. */
static bool read_brief_mapping(struct address_space *space, struct modules *modules, const char *line, size_t length) {
  struct row row = row_of(line, length);
  struct mapping mapping = {0};
  if (!row_bare_address(&row, &mapping.start) || !row_word(&row, "-")) return false;
  if (!row_bare_address(&row, &mapping.end) || !row_word(&row, ":")) return false;
  row_blanks(&row);
  if (row.at == row.end) return true;
  mapping.module = modules_add(modules, row.at, (size_t)(row.end - row.at), NULL);
  address_space_map(space, mapping);
  return true;
}

/* `name=value`, by which a path may refer to a folder. The module's name, the path's last part, does not need it. */
static bool is_variable(const char *line, size_t length) {
  const char *equals = memchr(line, '=', length), *blank = memchr(line, ' ', length);
  return equals && equals > line && (!blank || equals < blank);
}

struct mapping_list {
  struct mapping *list;
  size_t count, capacity;
};

static void read_mapping(struct mapping_list *mappings, const char *line, size_t length, struct sums *sums) {
  struct address_space one = {0};
  struct row row = row_of(line, length);
  if (row_ends(&row)) return;
  row_blanks(&row);
  if (!read_brief_mapping(&one, &sums->modules, row.at, (size_t)(row.end - row.at)) &&
      !address_space_map_line(&one, &sums->modules, row.at, (size_t)(row.end - row.at)) &&
      !is_variable(row.at, (size_t)(row.end - row.at)))
    sums->other_lines++;
  if (one.count > 0) {
    grow(&mappings->list, &mappings->capacity, mappings->count + 1, sizeof *mappings->list);
    mappings->list[mappings->count++] = one.list[0];
  }
  address_space_free(&one);
}

static int compare_starts(const void *a, const void *b) {
  const struct mapping *left = a, *right = b;
  if (left->start != right->start) return left->start < right->start ? -1 : 1;
  return left->end < right->end ? 1 : left->end > right->end ? -1 : 0;
}

/* In the order of their addresses, so that an unsorted list costs no more. */
void address_stacks_read_mappings(struct address_stacks *stacks, struct input *input, struct sums *sums) {
  struct mapping_list mappings = {0};
  char *line;
  size_t length;
  while (input_line(input, &line, &length)) {
    if (!input_line_ended(input)) {
      sums_cut_off(sums, input, "the list of mappings");
      break;
    }
    read_mapping(&mappings, line, length, sums);
  }
  if (mappings.count > 0) qsort(mappings.list, mappings.count, sizeof *mappings.list, compare_starts);
  for (size_t i = 0; i < mappings.count; i++) address_space_map(&stacks->space, mappings.list[i]);
  free(mappings.list);
}

/* ---- frames ---- */

/* The frames of addresses that were seen lately, since a profile has few addresses and many frames. All are forgotten
 * when there are many, so that memory does not grow with the addresses. */
enum { KNOWN_SLOTS = 1 << 16, MOST_KNOWN = KNOWN_SLOTS / 2, MOST_TEXT = 1 << 22 };

struct known_frame {
  uint64_t address;
  size_t start, length; /* in texts; length 0: the slot is free */
};

struct known_frames {
  struct known_frame *slots; /* KNOWN_SLOTS of them */
  size_t count;
  struct text texts;
};

static void forget(struct known_frames *known) {
  memset(known->slots, 0, KNOWN_SLOTS * sizeof *known->slots);
  known->count = 0;
  text_clear(&known->texts);
}

/* Both halves of a 128-bit product, as in stacks.c. */
static size_t hash_of(uint64_t address) {
  unsigned __int128 product = (unsigned __int128)(address ^ 0x6a09e667f3bcc908) * (address ^ 0xbb67ae8584caa73b);
  return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64));
}

/* Where the address is or belongs. */
static struct known_frame *slot_of(const struct known_frames *known, uint64_t address) {
  for (size_t i = hash_of(address) % KNOWN_SLOTS;; i = (i + 1) % KNOWN_SLOTS)
    if (known->slots[i].length == 0 || known->slots[i].address == address) return &known->slots[i];
}

static const struct known_frame *frame_of(struct known_frames *known, const struct address_space *space,
                                          const struct modules *modules, uint64_t address) {
  if (known->count == MOST_KNOWN || known->texts.length > MOST_TEXT) forget(known);
  struct known_frame *frame = slot_of(known, address);
  if (frame->length > 0) return frame;
  size_t start = known->texts.length;
  address_space_append_frame(space, modules, address, &known->texts);
  *frame = (struct known_frame){.address = address, .start = start, .length = known->texts.length - start};
  known->count++;
  return frame;
}

void address_stacks_fold(struct address_stacks *stacks, struct sums *sums) {
  struct known_frames known = {.slots = take_array(KNOWN_SLOTS, sizeof *known.slots)};
  forget(&known);
  size_t position = 0;
  for (const struct stack *stack; (stack = stacks_next(&stacks->stacks, &position));) {
    for (size_t at = 0; at < stack->length; at += sizeof(uint64_t)) {
      uint64_t address;
      memcpy(&address, stack->bytes + at, sizeof address);
      const struct known_frame *frame = frame_of(&known, &stacks->space, &sums->modules, address);
      sums_frame(sums, known.texts.bytes + frame->start, frame->length);
    }
    sums_end_many(sums, LEAF_FIRST, false, stack->value, stacks->records[stack->number]);
  }
  free(known.slots);
  text_free(&known.texts);
  address_stacks_free(stacks);
}

void address_stacks_free(struct address_stacks *stacks) {
  stacks_free(&stacks->stacks);
  address_space_free(&stacks->space);
  free(stacks->records);
  free(stacks->addresses);
  *stacks = (struct address_stacks){0};
}

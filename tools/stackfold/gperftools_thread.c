/* The stacks of all threads, as servers with gperftools show them:
 *
 *   --- threadz 1 ---
 *
 *   --- Thread 7eff063d9940 (name: main/25376) stack: ---
 *     PC: 0xbc8f1c 0xbcae55 0x40b688
 *         creator: 0xa45b96 0xa48928
 *   --- Thread 7eff04770700 (name: thread3/25382) stack: ---
 *     [same as previous thread]
 *   --- Memory map: ---
 *     00400000-00fcb000: server
 *
 * Each thread counts 1. An address may have a line of its own, with a name behind it: `0x0040be31: main`. The stack
 * of the creator is the continuation of the thread's own. */
#include <string.h>

#include "addresses.h"
#include "report.h"

struct profile {
  struct input *input;
  struct sums *sums;
  struct address_stacks stacks; /* the stack being put together is that of the last thread that had one of its own */
  size_t threads;               /* with that stack */
  bool in_thread;               /* behind a header, and of its stack was read: */
  bool has_own, is_same;        /* addresses; that it is as the previous thread's */
};

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  return row_starts_with(bytes, length, "--- threadz ") || row_starts_with(bytes, length, "--- Thread ");
}

/* The leaf was executing; all others are return addresses. A leaf that was recorded both from the signal's context and
 * by unwinding stands twice. */
static void end_stack(struct profile *profile) {
  struct address_stacks *stacks = &profile->stacks;
  if (profile->threads == 0) return;
  if (stacks->depth > 1 && stacks->addresses[1] == stacks->addresses[0]) {
    stacks->depth--;
    memmove(stacks->addresses + 1, stacks->addresses + 2, (stacks->depth - 1) * sizeof *stacks->addresses);
  }
  for (size_t i = 1; i < stacks->depth; i++) stacks->addresses[i] = caller_of(stacks->addresses[i]);
  address_stacks_end(stacks, profile->sums, profile->threads, profile->threads);
  profile->threads = 0;
}

static void end_thread(struct profile *profile) {
  if (profile->in_thread && !profile->has_own && !profile->is_same) sums_drop(profile->sums, DROP_NO_FRAMES, 1);
  profile->in_thread = profile->has_own = profile->is_same = false;
}

static void read_same(struct profile *profile) {
  if (profile->threads > 0) profile->threads++;
  else sums_drop(profile->sums, DROP_NO_FRAMES, 1);
  profile->is_same = true;
}

/* Addresses up to the end of the line or a name. */
static void read_addresses(struct profile *profile, const char *line, size_t length) {
  struct row row = row_of(line, length);
  uint64_t address;
  if (profile->is_same) return;
  if (!profile->has_own) end_stack(profile);
  profile->has_own = true;
  profile->threads = 1;
  if (!row_word(&row, "PC:")) row_word(&row, "creator:");
  while (row_address(&row, &address)) {
    address_stacks_push(&profile->stacks, address);
    if (row_word(&row, ":")) return;
  }
  if (!row_ends(&row))
    fail_at(input_name(profile->input), input_line_number(profile->input),
            "is no line of a thread's stack; '0xADDRESS...' is expected");
}

static void read_line(struct profile *profile, const char *line, size_t length) {
  struct row row = row_of(line, length);
  uint64_t threads;
  if (row_ends(&row) || row_word(&row, "--- threadz ")) return;
  if (row_word(&row, "--- Thread ")) {
    end_thread(profile);
    profile->in_thread = true;
  } else if (row_word(&row, "---- no stack trace for")) {
    end_thread(profile);
    if (!row_decimal(&row, &threads) || threads > SIZE_MAX) threads = 1;
    sums_drop_many(profile->sums, DROP_UNREADABLE, threads, (size_t)threads);
  } else if (!profile->in_thread) {
    fail_at(input_name(profile->input), input_line_number(profile->input),
            "stands before the first thread; '--- Thread ID (name: NAME) stack: ---' is expected");
  } else if (row_word(&row, "[same as previous thread]")) {
    if (!profile->has_own && !profile->is_same) read_same(profile);
  } else {
    read_addresses(profile, line, length);
  }
}

static void read_threads(struct profile *profile) {
  char *line;
  size_t length;
  while (input_line(profile->input, &line, &length)) {
    if (announces_mappings(line, length)) {
      end_thread(profile);
      end_stack(profile);
      address_stacks_read_mappings(&profile->stacks, profile->input, profile->sums);
      return;
    }
    if (!input_line_ended(profile->input)) break;
    read_line(profile, line, length);
  }
  /* The last thread's stack may go on behind where the input ends. */
  if (!profile->has_own) end_stack(profile);
  address_stacks_forget(&profile->stacks);
  sums_cut_off(profile->sums, profile->input, "the threads (the memory map is not there)");
}

static void parse(struct input *input, struct sums *sums) {
  struct profile profile = {.input = input, .sums = sums};
  read_threads(&profile);
  address_stacks_fold(&profile.stacks, sums);
}

static const char *const values[] = {"thread", NULL};

FORMAT(gperftools_thread,
    .name = "gperftools-thread",
    .description = "the stacks of all threads from servers with gperftools (threadz); each counts 1",
    .values = values,
    .recognize = recognize,
    .parse = parse);

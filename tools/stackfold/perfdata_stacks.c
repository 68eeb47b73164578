/* Distinct stacks, counted. A stack is a list of numbers of frames while the capture is read: what a module is called
 * and what the kernel's functions are is known at its end alone. */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

#include "folded.h"
#include "perfdata.h"
#include "report.h"

/* The deepest stack that perf script shows, where it unwinds. */
enum { PERF_MAX_STACK = 127 };

enum { CACHE_BITS = 14, CACHE_SIZE = 1 << CACHE_BITS };

struct stack_head {
  uint32_t event, command, pid, tid;
  uint16_t cut_short, unwound;
};
enum { HEAD_WORDS = sizeof(struct stack_head) / sizeof(uint32_t) };

static void append_word(struct chains *chains, uint32_t word) {
  grow(&chains->work, &chains->work_capacity, chains->work_length + 1, sizeof *chains->work);
  chains->work[chains->work_length++] = word;
}

static uint32_t frame_number(struct chains *chains, size_t module, bool kernel, uint64_t offset) {
  struct frame_key key = {.module = (uint32_t)module, .kernel = kernel, .offset = offset};
  return number_of_bytes(&chains->frames, &key, sizeof key);
}

static uint32_t find_frame(struct chains *chains, struct space *space, bool kernel, uint64_t address) {
  const struct mapping *mapping = machine_find(chains->machine, space, address);
  if (!mapping || mapping->module == NO_MODULE) return frame_number(chains, NO_MODULE, kernel, address);
  return frame_number(chains, mapping->module, kernel, address - mapping->start + mapping->offset);
}

/* The frame of an address in a space; addresses recur, and so do the answers. */
static uint32_t frame_at(struct chains *chains, struct space *space, bool kernel, uint64_t address) {
  if (!chains->cache) {
    chains->cache = take_array(CACHE_SIZE, sizeof *chains->cache);
    memset(chains->cache, 0, CACHE_SIZE * sizeof *chains->cache);
  }
  /* Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4). */
  uint64_t hash = (address ^ space->generation << 40) * 0x9e3779b97f4a7c15;
  struct cached_frame *cached = &chains->cache[hash >> (64 - CACHE_BITS)];
  if (cached->address != address || cached->generation != space->generation) {
    uint32_t frame = find_frame(chains, space, kernel, address); /* may change the generation */
    *cached = (struct cached_frame){.address = address, .generation = space->generation, .frame = frame};
  }
  return cached->frame;
}

/* An address outside the kernel and the process that was sampled (a guest, a hypervisor). */
static uint32_t frame_elsewhere(struct chains *chains, uint64_t address) {
  return frame_number(chains, NO_MODULE, false, address);
}

enum context { CONTEXT_KERNEL, CONTEXT_USER, CONTEXT_ELSEWHERE, CONTEXT_UNKNOWN };

static enum context context_of_mark(uint64_t mark) {
  switch (mark) {
    case (uint64_t)PERF_CONTEXT_KERNEL: return CONTEXT_KERNEL;
    case (uint64_t)PERF_CONTEXT_USER: return CONTEXT_USER;
    case (uint64_t)PERF_CONTEXT_HV:
    case (uint64_t)PERF_CONTEXT_GUEST:
    case (uint64_t)PERF_CONTEXT_GUEST_KERNEL:
    case (uint64_t)PERF_CONTEXT_GUEST_USER: return CONTEXT_ELSEWHERE;
    default: return CONTEXT_UNKNOWN;
  }
}

static uint32_t frame_in_context(struct chains *chains, const struct thread *thread, enum context context,
                                 uint64_t address) {
  if (context == CONTEXT_ELSEWHERE) return frame_elsewhere(chains, address);
  bool kernel = context == CONTEXT_KERNEL;
  return frame_at(chains, kernel ? &chains->machine->kernel : thread->space, kernel, address);
}

/* Whether a mark may stand here: the kernel's part comes before that of user space. */
static bool may_follow(enum context before, enum context context) {
  return context != CONTEXT_UNKNOWN && !(before == CONTEXT_USER && context == CONTEXT_KERNEL);
}

/* The frames of a callchain; false where it was cut short. The first address of each context is where execution was;
 * the others are return addresses, of which the call ends one byte before.
 *
 * Where a program was built without frame pointers the kernel takes any number for a return address, and some look like
 * marks. What stands before such a one is good; perf discards all of it. */
static bool append_chain(struct chains *chains, const struct thread *thread, const struct sample *sample,
                         unsigned max_stack) {
  const bool as_perf = chains->folding->compat != COMPAT_NONE;
  enum context context = CONTEXT_USER, before = CONTEXT_ELSEWHERE;
  bool first = true;
  size_t frames = 0, start = chains->work_length;
  for (uint64_t i = 0; i < sample->chain_length; i++) {
    uint64_t address = number_64(sample->chain + 8 * i);
    if (address >= (uint64_t)PERF_CONTEXT_MAX) {
      context = context_of_mark(address);
      if (as_perf && context == CONTEXT_UNKNOWN) chains->work_length = start;
      if (as_perf ? context == CONTEXT_UNKNOWN : !may_follow(before, context)) return as_perf;
      before = context;
      first = true;
      continue;
    }
    append_word(chains, frame_in_context(chains, thread, context, first || address == 0 ? address : address - 1));
    first = false;
    frames++;
  }
  return frames != max_stack;
}

struct found {
  struct chains *chains;
  const struct thread *thread;
};
static void append_found(void *receiver, uint64_t address) {
  struct found *found = receiver;
  append_word(found->chains, frame_in_context(found->chains, found->thread, CONTEXT_USER, address));
}

static bool has_user_stack(const struct event *event, const struct sample *sample) {
  const uint64_t both = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  return (event->sample_type & both) == both && sample->user_abi;
}

/* The frames of user space that the callchain lacks; false where they are not all of them. */
static bool append_user_frames(struct chains *chains, const struct thread *thread, const struct event *event,
                               const struct sample *sample) {
  struct found found = {.chains = chains, .thread = thread};
  size_t so_far = chains->work_length - HEAD_WORDS;
  size_t most = chains->folding->compat == COMPAT_NONE ? SIZE_MAX
                : so_far < PERF_MAX_STACK              ? PERF_MAX_STACK - so_far
                                                       : 1;
  if (chains->unwinder && sample->user_stack_size > 0)
    return unwind(chains->unwinder, thread, event, sample, most, append_found, &found);
  uint64_t address;
  if (user_address(event, sample, &address)) append_found(&found, address);
  chains->not_unwound++;
  return false;
}

/* Where no callchain was recorded the address that was sampled is all there is. */
static void append_address(struct chains *chains, const struct thread *thread, uint64_t address, uint16_t misc) {
  unsigned mode = misc & PERF_RECORD_MISC_CPUMODE_MASK;
  enum context context = mode == PERF_RECORD_MISC_KERNEL ? CONTEXT_KERNEL
                         : mode == PERF_RECORD_MISC_USER ? CONTEXT_USER
                                                         : CONTEXT_ELSEWHERE;
  append_word(chains, frame_in_context(chains, thread, context, address));
}

static void count(struct chains *chains, uint64_t weight) {
  size_t known = chains->stacks.table.count;
  uint32_t number =
      number_of_bytes(&chains->stacks, chains->work, product_of(chains->work_length, sizeof *chains->work));
  if (number == known) {
    grow(&chains->records, &chains->records_capacity, known + 1, sizeof *chains->records);
    chains->records[number] = 0;
  }
  chains->records[number]++;
  if (!add_checked(&chains->stacks.list[number]->value, weight))
    fail("the values add up to more than 64 bits; fold fewer inputs at once");
}

void chains_add(struct chains *chains, const struct events *events, const struct sample *sample, uint16_t misc) {
  const struct event *event = &events->list[sample->event];
  const struct thread *thread = machine_thread(chains->machine, sample->pid, sample->tid);
  if (chains->first_event == SIZE_MAX) chains->first_event = sample->event;
  chains->work_length = 0;
  for (size_t i = 0; i < HEAD_WORDS; i++) append_word(chains, 0);
  bool whole = true;
  if (event->sample_type & PERF_SAMPLE_CALLCHAIN) whole = append_chain(chains, thread, sample, event->max_stack);
  else append_address(chains, thread, sample->ip, misc);
  bool unwound = has_user_stack(event, sample);
  if (unwound) whole &= append_user_frames(chains, thread, event, sample);
  struct stack_head head = {.event = (uint32_t)sample->event,
                            .command = thread->command,
                            .pid = chains->folding->pid ? thread->pid : 0,
                            .tid = chains->folding->tid ? thread->tid : 0,
                            .cut_short = !whole,
                            .unwound = unwound};
  memcpy(chains->work, &head, sizeof head);
  count(chains, sample->weight);
}

void chains_free(struct chains *chains) {
  numbered_free(&chains->frames);
  numbered_free(&chains->stacks);
  free(chains->records);
  free(chains->work);
  free(chains->cache);
}

/* ---- the end: text ---- */

struct folder {
  struct chains *chains;
  struct events *events;
  const struct origin *origin;
  struct kernel_symbols *names; /* of the kernel's functions, NULL where they are not known */
  struct sums *sums;
  struct text frames; /* the texts of all frames, with `;` before each, one after another */
  size_t *ends;       /* of each in frames */
  struct text line;   /* a stack being put together */
  bool *distrusted;   /* by the number of a file: it was opened, and is not the one that was recorded; or NULL */
};

static void append_address_text(struct text *text, uint64_t address) {
  char piece[24];
  snprintf(piece, sizeof piece, "[0x%" PRIx64 "]", address);
  text_append_string(text, piece);
}

/* Only what a frame names is a module in the end. */
static size_t module_of_file(const struct folder *folder, size_t file) {
  const char *build_id, *path = file_path(folder->chains->machine, file, &build_id);
  if (!*build_id) build_id = build_id_of_path(folder->origin, path);
  return modules_add(&folder->sums->modules, path, strlen(path), build_id);
}

static void append_frame_text(const struct folder *folder, const struct frame_key *key, struct text *text) {
  const struct machine *machine = folder->chains->machine;
  const char *name = NULL;
  if (folder->names && key->kernel && key->module == machine->kernel_file)
    name = kernel_symbol_at(folder->names, key->offset);
  else if (folder->names && key->kernel && key->module == NO_MODULE)
    name = kernel_symbol_at(folder->names, key->offset - machine->kernel_start);
  if (name) text_append_string(text, name);
  else if (key->module == NO_MODULE) append_address_text(text, key->offset);
  else if (key->module & KERNEL_SYMBOL)
    text_append_string(text, machine->kernel_symbols.list[key->module & ~(uint32_t)KERNEL_SYMBOL]->bytes);
  else modules_append_frame(&folder->sums->modules, module_of_file(folder, key->module), key->offset, text);
  if (key->kernel && folder->chains->folding->kernel) text_append_string(text, "_[k]");
}

/* A frame that starts there, as it can stand in a folded stack. */
static void clean(struct text *text, size_t start) {
  replace_controls(text->bytes + start, text->length - start);
  for (char *semicolon = text->bytes + start; (semicolon = strchr(semicolon, ';'));) *semicolon = ':';
}

static void make_frame_texts(struct folder *folder) {
  const struct numbered *frames = &folder->chains->frames;
  folder->ends = take_array(frames->table.count, sizeof *folder->ends);
  for (size_t i = 0; i < frames->table.count; i++) {
    struct frame_key key;
    memcpy(&key, frames->list[i]->bytes, sizeof key);
    text_append_char(&folder->frames, ';');
    size_t start = folder->frames.length;
    append_frame_text(folder, &key, &folder->frames);
    clean(&folder->frames, start);
    folder->ends[i] = folder->frames.length;
  }
}

/* COMM, COMM-PID or COMM-PID/TID. */
static void append_command(const struct folder *folder, const struct stack_head *head, struct text *line) {
  const struct folding *folding = folder->chains->folding;
  const struct stack *command = folder->chains->machine->commands.list[head->command];
  size_t start = line->length;
  text_append(line, command->bytes, command->length);
  char ids[32] = "";
  if (folding->tid) snprintf(ids, sizeof ids, "-%" PRId32 "/%" PRId32, (int32_t)head->pid, (int32_t)head->tid);
  else if (folding->pid) snprintf(ids, sizeof ids, "-%" PRId32, (int32_t)head->pid);
  text_append_string(line, ids);
  for (size_t i = start; folding->compat != COMPAT_NONE && i < line->length; i++)
    if (line->bytes[i] == ' ') line->bytes[i] = '_';
  clean(line, start);
}

/* How many words of a stack, from its leaf, are right: what was found by a file that is not the one that ran is not. */
static size_t trusted_words(const struct folder *folder, const struct stack *stack) {
  size_t words = stack->length / sizeof(uint32_t);
  for (size_t i = HEAD_WORDS; folder->distrusted && i < words; i++) {
    struct frame_key key;
    memcpy(&key, folder->chains->frames.list[number_32(stack->bytes + i * sizeof(uint32_t))]->bytes, sizeof key);
    if (!key.kernel && key.module < KERNEL_SYMBOL && folder->distrusted[key.module]) return i + 1;
  }
  return words;
}

static void fold_stack(struct folder *folder, const struct stack *stack, size_t records, bool wanted) {
  if (!wanted) {
    sums_drop_many(folder->sums, DROP_OTHER_EVENT, stack->value, records);
    return;
  }
  struct stack_head head;
  memcpy(&head, stack->bytes, sizeof head);
  size_t all = stack->length / sizeof(uint32_t), words = head.unwound ? trusted_words(folder, stack) : all;
  bool as_perf = folder->chains->folding->compat != COMPAT_NONE; /* which does not say that a stack was cut short */
  struct text *line = &folder->line;
  text_clear(line);
  if ((head.cut_short || words < all) && !as_perf) text_append_string(line, "[truncated];");
  append_command(folder, &head, line);
  for (size_t i = words; i-- > HEAD_WORDS;) {
    uint32_t frame = number_32(stack->bytes + i * sizeof frame);
    size_t start = frame > 0 ? folder->ends[frame - 1] : 0;
    text_append(line, folder->frames.bytes + start, folder->ends[frame] - start);
  }
  sums_add_joined_many(folder->sums, line->bytes, line->length, stack->value, records);
}

static _Noreturn void fail_without_event(const struct folder *folder, const char *input_name) {
  struct text names = {0};
  for (size_t i = 0; i < folder->events->count; i++) {
    if (i > 0) text_append_string(&names, ", ");
    text_append_string(&names, event_name(folder->events, i));
  }
  fail_at(input_name, 0, "has no event '%s'; its events are %s", folder->chains->folding->event, names.bytes);
}

static void list_file(struct text *list, const char *path) {
  if (list->length > 0) text_append_string(list, ", ");
  text_append_string(list, path);
}

/* Says which of the files that unwinding needed were not there, or not the right ones. */
static void report_files(const char *input_name, const char *what, const struct text *list) {
  if (list->length > 0) report_warning_at(input_name, 0, "%s: %s", what, list->bytes);
}

static void check_opened_files(struct folder *folder, const char *input_name) {
  const struct machine *machine = folder->chains->machine;
  struct text absent = {0}, other = {0}, unknown = {0};
  folder->distrusted = take_array(machine->files.table.count, sizeof *folder->distrusted);
  for (size_t file = 0; file < machine->files.table.count; file++) {
    const char *build_id, *path = file_path(machine, file, &build_id);
    if (!*build_id) build_id = build_id_of_path(folder->origin, path);
    enum trust trust = unwinder_trust(folder->chains->unwinder, file, build_id);
    folder->distrusted[file] = trust == TRUST_OTHER;
    if (trust == TRUST_ABSENT) list_file(&absent, path);
    if (trust == TRUST_OTHER) list_file(&other, path);
    if (trust == TRUST_UNKNOWN) list_file(&unknown, path);
  }
  report_files(input_name, "not below the folder of --symfs, so that stacks are truncated at their frames", &absent);
  report_files(input_name, "have another build id than when they were recorded, so that stacks are truncated at their "
               "frames", &other);
  report_files(input_name, "were used to unwind, though the capture gives no build id to check them by", &unknown);
  text_free(&absent);
  text_free(&other);
  text_free(&unknown);
}

static void report_not_unwound(const struct chains *chains, const char *input_name) {
  if (chains->not_unwound == 0 || chains->unwinder) return;
  report_warning_at(input_name, 0,
                    "%zu samples hold copies of stack memory that were not unwound, since this needs the files of the "
                    "programs; allow to open them by --symfs FOLDER (of this machine: --symfs /)",
                    chains->not_unwound);
}

/* For each event whether its samples are wanted. */
static bool *wanted_events(const struct folder *folder, const char *input_name) {
  const char *name = folder->chains->folding->event;
  if (!name) name = event_name(folder->events, folder->chains->first_event);
  bool *wanted = take_array(folder->events->count, sizeof *wanted), any = false;
  for (size_t i = 0; i < folder->events->count; i++)
    any |= wanted[i] = strcmp(event_name(folder->events, i), name) == 0;
  if (!any) fail_without_event(folder, input_name);
  return wanted;
}

static bool has_kernel_frames(const struct chains *chains) {
  for (size_t i = 0; i < chains->frames.table.count; i++) {
    struct frame_key key;
    memcpy(&key, chains->frames.list[i]->bytes, sizeof key);
    if (key.kernel) return true;
  }
  return false;
}

void chains_fold(struct chains *chains, struct events *events, const struct origin *origin, struct sums *sums,
                 const char *input_name) {
  const struct numbered *stacks = &chains->stacks;
  if (stacks->table.count == 0) return;
  struct folder folder = {.chains = chains, .events = events, .origin = origin, .sums = sums};
  if (has_kernel_frames(chains)) folder.names = kernel_symbols_open(origin, chains->machine);
  bool *wanted = wanted_events(&folder, input_name);
  if (chains->unwinder) check_opened_files(&folder, input_name);
  report_not_unwound(chains, input_name);
  make_frame_texts(&folder);
  for (size_t i = 0; i < stacks->table.count; i++)
    fold_stack(&folder, stacks->list[i], chains->records[i], wanted[number_32(stacks->list[i]->bytes)]);
  kernel_symbols_free(folder.names);
  free(wanted);
  text_free(&folder.frames);
  text_free(&folder.line);
  free(folder.ends);
  free(folder.distrusted);
}

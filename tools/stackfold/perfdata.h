/* What the parts of the perf.data parser share.
 *
 *   perfdata.c           the file: header, records one after another, features; compressed records
 *   perfdata_events.c    what events were recorded, how their samples are laid out, and their names
 *   perfdata_features.c  what the capture says of its machine, events and files
 *   perfdata_queue.c     records in the order of their times
 *   perfdata_machine.c   threads, their commands, and what is mapped where
 *   perfdata_stacks.c    distinct stacks, counted; frames as text at the end
 *   perfdata_kernel.c    names of the kernel's functions, where the kernel that was recorded runs here
 *   perfdata_unwind.c    stacks from copies of registers and stack memory, by DWARF
 *
 * The layouts are those of linux/perf_event.h and of tools/perf/Documentation/perf.data-file-format.txt. */
#ifndef ASSAY_PERFDATA_H
#define ASSAY_PERFDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format.h"

/* ---- bytes of a record ---- */

/* Numbers in the byte order of this machine; a capture in the other is refused. */
static inline uint64_t number_64(const void *bytes) {
  uint64_t number;
  memcpy(&number, bytes, sizeof number);
  return number;
}
static inline uint32_t number_32(const void *bytes) {
  uint32_t number;
  memcpy(&number, bytes, sizeof number);
  return number;
}
static inline uint16_t number_16(const void *bytes) {
  uint16_t number;
  memcpy(&number, bytes, sizeof number);
  return number;
}

/* What is left of a record. Whoever takes more than there is gets 0 or NULL, and short_of_bytes is set. */
struct cursor {
  const char *at, *end;
  bool short_of_bytes;
};
static inline const char *take_bytes(struct cursor *cursor, uint64_t length) {
  if (length > (uint64_t)(cursor->end - cursor->at)) {
    cursor->short_of_bytes = true;
    cursor->at = cursor->end;
    return NULL;
  }
  const char *bytes = cursor->at;
  cursor->at += length;
  return bytes;
}
static inline uint64_t take_64(struct cursor *cursor) {
  const char *bytes = take_bytes(cursor, 8);
  return bytes ? number_64(bytes) : 0;
}
static inline uint32_t take_32(struct cursor *cursor) {
  const char *bytes = take_bytes(cursor, 4);
  return bytes ? number_32(bytes) : 0;
}

enum { RECORD_HEADER = 8 };
struct record {
  uint32_t type;
  uint16_t misc;
  const char *bytes; /* the whole of it, with its header */
  size_t size;
  uint64_t position; /* of the record (or the compressed one that it was in) in the input, for messages */
};

/* ---- distinct byte strings, numbered from 0 in order of arrival ---- */

struct numbered {
  struct stacks table;
  struct stack **list;
  size_t capacity;
};
uint32_t number_of_bytes(struct numbered *numbered, const void *bytes, size_t length);
void numbered_free(struct numbered *numbered);

/* ---- events (perfdata_events.c) ---- */

struct event {
  uint32_t type;
  uint64_t config, period, sample_type, read_format, branch_sample_type, user_registers;
  uint16_t max_stack;
  bool sample_id_all;
  char *name; /* NULL until known */
};

struct events {
  struct event *list;
  size_t count, capacity;
  size_t checked;    /* how many of them events_problem has seen */
  struct stacks ids; /* of samples: the value is an index in list */
};

/* One sample; pointers lead into the record. */
struct sample {
  size_t event;
  uint32_t pid, tid;
  uint64_t ip, time, weight;
  const char *chain; /* chain_length words of 64 bits */
  uint64_t chain_length;
  uint64_t user_abi; /* 0: no registers of user space */
  const char *user_registers;
  const char *user_stack;
  uint64_t user_stack_size;
};

/* Adds an event from its perf_event_attr; attr may be of any version. */
void events_add(struct events *events, const char *attr, size_t length);
void events_add_id(struct events *events, uint64_t id, size_t event);
/* Why samples cannot be told apart, or NULL. */
const char *events_problem(struct events *events);
void events_set_name(struct events *events, size_t event, const char *name, size_t length);
/* The event's name as perf prints it. */
const char *event_name(struct events *events, size_t event);
/* The index of the event that has this id, SIZE_MAX where none has. */
size_t event_of_id(const struct events *events, uint64_t id);
/* The time of any record of the kernel's; 0 where it has none. */
uint64_t record_time(const struct events *events, const struct record *record);
/* NULL, or why the sample cannot be read. */
const char *read_sample(const struct events *events, const struct record *record, struct sample *sample);
void events_free(struct events *events);

/* ---- order (perfdata_queue.c) ---- */

struct queue_entry {
  uint64_t time, position;
  size_t start; /* in bytes */
};
struct queue {
  struct text bytes;
  struct queue_entry *entries, *scratch;
  size_t count, capacity, scratch_capacity;
  uint64_t latest, latest_of_round; /* times */
};
typedef void deliver(void *receiver, const struct record *record);

/* Keeps a copy of a record until its turn. Too much memory hands on the older half. */
void queue_add(struct queue *queue, const struct record *record, uint64_t time, deliver *to, void *receiver);
/* A round of perf record over all its buffers ended: what is older than the last but one is complete, and goes on. */
void queue_round(struct queue *queue, deliver *to, void *receiver);
void queue_flush(struct queue *queue, deliver *to, void *receiver);
void queue_free(struct queue *queue);

/* ---- threads and mappings (perfdata_machine.c) ---- */

/* What mapping.module says: a number in machine.files, or one of these. */
#define NO_MODULE ((size_t)UINT32_MAX)  /* memory without a file: the address is all that is known */
#define KERNEL_SYMBOL ((size_t)1 << 31) /* with a number in machine.kernel_symbols */

struct Dwfl;
struct space {
  struct address_space map;
  struct address_space before_exec; /* kept until the new program has run */
  uint64_t generation; /* of its mappings; no two spaces share one */
  bool threaded;       /* has, or had, a thread besides the first */
  struct Dwfl *dwfl;   /* what libdwfl knows of it, or NULL */
};

struct thread {
  uint32_t pid, tid, command; /* command: a number in machine.commands */
  struct space *space;
};

struct machine {
  struct numbered commands, kernel_symbols;
  struct numbered files; /* what was mapped: path, NUL, build id in hexadecimal or nothing */
  struct numbered threads_by_id, spaces_by_id; /* number -> threads, spaces */
  struct thread **threads;
  struct space **spaces;
  size_t thread_capacity, space_capacity;
  struct arena arena;
  struct thread *last;
  struct space kernel;
  uint64_t generations;
  uint64_t kernel_start;     /* address of the first byte of the kernel's code, 0: not known */
  char *kernel_start_symbol; /* that is there, as the capture says */
  size_t kernel_file;        /* in files; NO_MODULE until known */
};

void machine_start(struct machine *machine);
/* The mapping of an address of the kernel's or a process's, or NULL. */
const struct mapping *machine_find(struct machine *machine, struct space *space, uint64_t address);
/* The path of a file, and its build id from its mapping ("": not known). */
const char *file_path(const struct machine *machine, size_t file, const char **build_id);

/* The thread; it is made when it is new. */
struct thread *machine_thread(struct machine *machine, uint32_t pid, uint32_t tid);
/* Records COMM, FORK, EXIT, MMAP, MMAP2, KSYMBOL; false where one is too short. */
bool machine_record(struct machine *machine, const struct record *record);
void machine_free(struct machine *machine);

/* ---- features (perfdata_features.c) ---- */

/* What the capture says of the machine that it was made on. */
struct origin {
  struct text host, release;
  struct numbered paths; /* of files that have a build id */
  struct text build_ids; /* BUILD_ID_TEXT bytes for each of paths: hexadecimal, and NULs */
};
enum { BUILD_ID_BYTES = 20, BUILD_ID_TEXT = 2 * BUILD_ID_BYTES + 1 };
void build_id_text(const char *bytes, size_t length, char text[BUILD_ID_TEXT]);
/* The build id that the capture gives for a path, "" where it gives none. */
const char *build_id_of_path(const struct origin *origin, const char *path);

/* feature: a bit of the header's. Events get names, origin the rest; what does not fit its bytes is left out. */
void read_feature(struct origin *origin, struct events *events, uint64_t feature, const char *bytes, size_t length);
void read_build_id_record(struct origin *origin, const char *bytes, size_t size);
void origin_free(struct origin *origin);

/* ---- unwinding (perfdata_unwind.c) ---- */

/* Unwinds with files below symfs. */
struct unwinder;
struct unwinder *unwinder_new(struct machine *machine, const char *symfs);
/* Where user space was when the sample was taken; false where that cannot be told. */
bool user_address(const struct event *event, const struct sample *sample, uint64_t *address);
/* Hands on the addresses of at most so many frames of user space, leaf first, 1 taken from return addresses. false
 * where the stack goes on behind the last. */
bool unwind(struct unwinder *unwinder, const struct thread *thread, const struct event *event,
            const struct sample *sample, size_t most_frames, void (*found)(void *receiver, uint64_t address),
            void *receiver);
/* What is known of a file in the end, build_id being what the capture says of it. */
enum trust { TRUST_UNUSED, TRUST_ABSENT, TRUST_SAME, TRUST_UNKNOWN, TRUST_OTHER };
enum trust unwinder_trust(const struct unwinder *unwinder, size_t file, const char *build_id);
void space_forget_dwfl(struct space *space);
void unwinder_free(struct unwinder *unwinder);

/* ---- stacks (perfdata_stacks.c) ---- */

struct frame_key {
  uint32_t module; /* as mapping.module */
  uint32_t kernel; /* 1: of the kernel */
  uint64_t offset; /* in the module; the address where there is none */
};

struct cached_frame {
  uint64_t address, generation;
  uint32_t frame;
};

struct chains {
  struct machine *machine;
  const struct folding *folding;
  struct numbered frames; /* struct frame_key */
  struct numbered stacks; /* struct stack_head, then numbers of frames, leaf first; their values are sums of weights */
  size_t *records;        /* by the number of the stack */
  size_t records_capacity;
  uint32_t *work; /* a stack being put together */
  size_t work_length, work_capacity;
  struct cached_frame *cache;
  size_t first_event; /* of the first sample, SIZE_MAX before it */
  struct unwinder *unwinder; /* NULL: stacks are not unwound */
  size_t not_unwound;        /* samples that could have been */
};

void chains_add(struct chains *chains, const struct events *events, const struct sample *sample, uint16_t misc);
void chains_free(struct chains *chains);

/* ---- the kernel's functions (perfdata_kernel.c) ---- */

struct kernel_symbols;
/* NULL where the kernel that was recorded is not the one that runs, or its symbols cannot be read. */
struct kernel_symbols *kernel_symbols_open(const struct origin *origin, const struct machine *machine);
/* The function at an address that is offset behind the start of the kernel's code; NULL where none is. */
const char *kernel_symbol_at(const struct kernel_symbols *symbols, uint64_t offset);
void kernel_symbols_free(struct kernel_symbols *symbols);

/* Everything counted goes to sums. */
void chains_fold(struct chains *chains, struct events *events, const struct origin *origin, struct sums *sums,
                 const char *input_name);

#endif

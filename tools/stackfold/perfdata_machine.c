/* Threads, their commands, and what is mapped where: what COMM, FORK, EXIT, MMAP and KSYMBOL records change. */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

#include "perfdata.h"
#include "report.h"

/* perf record marks the FORK records by which it describes what ran before it began: no mappings come with those. */
enum { FORK_OF_RUNNING = 1 << 13 };
enum { PROTECTION_EXECUTE = 4 };

static const char kernel_name[] = "[kernel.kallsyms]", guest_name[] = "[guest.kernel.kallsyms]";

uint32_t number_of_bytes(struct numbered *numbered, const void *bytes, size_t length) {
  size_t count = numbered->table.count;
  struct stack *found = stacks_find(&numbered->table, bytes, length);
  if (found->number == count) {
    if (count >= KERNEL_SYMBOL - 1) fail("more than 2^31 different frames, stacks or threads in one capture");
    grow(&numbered->list, &numbered->capacity, count + 1, sizeof *numbered->list);
    numbered->list[count] = found;
  }
  return (uint32_t)found->number;
}

void numbered_free(struct numbered *numbered) {
  stacks_free(&numbered->table);
  free(numbered->list);
}

static void changed(struct machine *machine, struct space *space) { space->generation = ++machine->generations; }

static struct space *space_of(struct machine *machine, uint32_t pid) {
  size_t count = machine->spaces_by_id.table.count;
  uint32_t number = number_of_bytes(&machine->spaces_by_id, &pid, sizeof pid);
  if (number == count) {
    grow(&machine->spaces, &machine->space_capacity, count + 1, sizeof *machine->spaces);
    machine->spaces[number] = arena_take(&machine->arena, sizeof **machine->spaces);
    *machine->spaces[number] = (struct space){0};
    changed(machine, machine->spaces[number]);
  }
  return machine->spaces[number];
}

static uint32_t unknown_command(struct machine *machine, uint32_t tid) {
  char command[16];
  int length = snprintf(command, sizeof command, ":%" PRId32, (int32_t)tid);
  return tid == 0 ? number_of_bytes(&machine->commands, "swapper", 7)
                  : number_of_bytes(&machine->commands, command, (size_t)length);
}

static void settle(struct machine *machine, struct thread *thread, uint32_t pid, uint32_t command) {
  thread->pid = pid;
  thread->command = command;
  thread->space = space_of(machine, pid);
  if (pid != thread->tid) thread->space->threaded = true;
}

struct thread *machine_thread(struct machine *machine, uint32_t pid, uint32_t tid) {
  if (machine->last && machine->last->tid == tid && machine->last->pid == pid) return machine->last;
  size_t count = machine->threads_by_id.table.count;
  uint32_t number = number_of_bytes(&machine->threads_by_id, &tid, sizeof tid);
  if (number == count) {
    grow(&machine->threads, &machine->thread_capacity, count + 1, sizeof *machine->threads);
    machine->threads[number] = arena_take(&machine->arena, sizeof **machine->threads);
    *machine->threads[number] = (struct thread){.tid = tid};
    settle(machine, machine->threads[number], pid, unknown_command(machine, tid));
  }
  struct thread *thread = machine->threads[number];
  /* Its number was given to another process, and the record of that was lost. */
  if (thread->pid != pid && pid != UINT32_MAX) settle(machine, thread, pid, unknown_command(machine, tid));
  return machine->last = thread;
}

/* A NUL ends what it holds, at the latest its own end. */
static size_t length_of_string(const struct cursor *cursor) {
  return strnlen(cursor->at, (size_t)(cursor->end - cursor->at));
}

static void empty(struct machine *machine, struct space *space) {
  address_space_free(&space->map);
  address_space_free(&space->before_exec);
  space_forget_dwfl(space);
  space->threaded = false;
  changed(machine, space);
}

/* The command changes in the middle of execve: samples in the rest of it still show the program that called it, until
 * the new one has run. */
static void exec(struct machine *machine, struct space *space) {
  struct address_space map = space->map;
  space->map = (struct address_space){0};
  empty(machine, space);
  space->before_exec = map;
}

const struct mapping *machine_find(struct machine *machine, struct space *space, uint64_t address) {
  const struct mapping *mapping = address_space_find(&space->map, address);
  if (!mapping) return address_space_find(&space->before_exec, address);
  if (space->before_exec.count > 0) {
    address_space_free(&space->before_exec);
    changed(machine, space);
  }
  return mapping;
}

static void read_command(struct machine *machine, struct cursor *cursor, uint16_t misc) {
  uint32_t pid = take_32(cursor), tid = take_32(cursor);
  if (cursor->short_of_bytes) return;
  struct thread *thread = machine_thread(machine, pid, tid);
  thread->command = number_of_bytes(&machine->commands, cursor->at, length_of_string(cursor));
  if (misc & PERF_RECORD_MISC_COMM_EXEC) exec(machine, thread->space);
}

static void read_fork(struct machine *machine, struct cursor *cursor, uint16_t misc) {
  uint32_t pid = take_32(cursor), parent_pid = take_32(cursor), tid = take_32(cursor), parent_tid = take_32(cursor);
  if (cursor->short_of_bytes) return;
  struct thread *parent = machine_thread(machine, parent_pid, parent_tid), *thread = machine_thread(machine, pid, tid);
  settle(machine, thread, pid, parent->command);
  if (pid == parent_pid) return;
  empty(machine, thread->space);
  if (!(misc & FORK_OF_RUNNING)) address_space_copy(&thread->space->map, &parent->space->map);
}

/* A process that only ever had one thread needs its mappings no more; its thread may still be seen on its way out. */
static void read_exit(struct machine *machine, struct cursor *cursor) {
  uint32_t pid = take_32(cursor);
  take_32(cursor);
  uint32_t tid = take_32(cursor);
  if (cursor->short_of_bytes || pid != tid) return;
  struct thread *thread = machine_thread(machine, pid, tid);
  if (!thread->space->threaded) empty(machine, thread->space);
}

struct mmap {
  uint32_t pid, tid;
  struct mapping mapping;
  bool executable;
  char build_id[BUILD_ID_TEXT];
  const char *name;
  size_t name_length;
};

static bool is_name(const struct mmap *mmap, const char *name) {
  return strlen(name) == mmap->name_length && memcmp(mmap->name, name, mmap->name_length) == 0;
}
static bool starts_with(const struct mmap *mmap, const char *start) {
  return strlen(start) <= mmap->name_length && memcmp(mmap->name, start, strlen(start)) == 0;
}

/* The number of a path with the build id of its mapping. */
static size_t file_number(struct machine *machine, const char *path, size_t length, const char *build_id) {
  struct text key = {0};
  text_append(&key, path, length);
  text_append_char(&key, '\0');
  text_append_string(&key, build_id);
  size_t number = number_of_bytes(&machine->files, key.bytes, key.length);
  text_free(&key);
  return number;
}

const char *file_path(const struct machine *machine, size_t file, const char **build_id) {
  const char *path = machine->files.list[file]->bytes;
  *build_id = path + strlen(path) + 1;
  return path;
}

/* MMAP: pid, tid, start, length, offset, name; MMAP2 has 32 bytes more before the name. */
static void read_mmap_fields(struct mmap *mmap, struct cursor *cursor, const struct record *record) {
  mmap->pid = take_32(cursor);
  mmap->tid = take_32(cursor);
  mmap->mapping.start = take_64(cursor);
  uint64_t length = take_64(cursor);
  mmap->mapping.end = length > UINT64_MAX - mmap->mapping.start ? UINT64_MAX : mmap->mapping.start + length;
  mmap->mapping.offset = take_64(cursor);
  mmap->executable = !(record->misc & PERF_RECORD_MISC_MMAP_DATA);
  if (record->type == PERF_RECORD_MMAP2) {
    const char *file = take_bytes(cursor, 24);
    uint32_t protection = take_32(cursor);
    take_32(cursor); /* flags */
    if (file && record->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)
      build_id_text(file + 4, (unsigned char)file[0], mmap->build_id);
    mmap->executable = protection & PROTECTION_EXECUTE;
  }
  mmap->name = cursor->at;
  mmap->name_length = length_of_string(cursor);
}

/* The kernel's mapping is named "[kernel.kallsyms]SYMBOL", and starts at that symbol; modules have names in brackets or
 * of files. Offsets of either count from the start of what is mapped. */
static void map_kernel(struct machine *machine, struct mmap *mmap) {
  size_t name_length = mmap->name_length;
  bool is_kernel = starts_with(mmap, kernel_name);
  if (starts_with(mmap, guest_name)) return;
  if (is_kernel) name_length = sizeof kernel_name - 1;
  mmap->mapping.offset = 0;
  mmap->mapping.module = file_number(machine, mmap->name, name_length, mmap->build_id);
  if (is_kernel) {
    machine->kernel_start = mmap->mapping.start;
    machine->kernel_file = mmap->mapping.module;
    machine->kernel_start_symbol =
        arena_copy(&machine->arena, mmap->name + name_length, mmap->name_length - name_length);
  }
  address_space_map(&machine->kernel.map, mmap->mapping);
  changed(machine, &machine->kernel);
}

/* Memory without a file that is executable holds code that was compiled at run time: its names, where there are any,
 * are by convention in /tmp/perf-PID.map, by address. */
static void map_anonymous(struct machine *machine, struct mmap *mmap) {
  char name[40];
  int length = snprintf(name, sizeof name, "/tmp/perf-%" PRIu32 ".map", mmap->pid);
  mmap->mapping.offset = mmap->mapping.start;
  mmap->mapping.module = mmap->executable ? file_number(machine, name, (size_t)length, "") : NO_MODULE;
}

static void map_user(struct machine *machine, struct mmap *mmap) {
  struct thread *thread = machine_thread(machine, mmap->pid, mmap->tid);
  if (is_name(mmap, "//anon") || is_name(mmap, "/dev/zero") || starts_with(mmap, "/anon_hugepage") ||
      starts_with(mmap, "[stack") || is_name(mmap, "[heap]") || starts_with(mmap, "/SYSV"))
    map_anonymous(machine, mmap);
  else {
    if (is_name(mmap, "[vdso]")) mmap->mapping.offset = 0;
    mmap->mapping.module = file_number(machine, mmap->name, mmap->name_length, mmap->build_id);
  }
  address_space_map(&thread->space->map, mmap->mapping);
  changed(machine, thread->space);
}

static void read_mmap(struct machine *machine, struct cursor *cursor, const struct record *record) {
  struct mmap mmap = {0};
  read_mmap_fields(&mmap, cursor, record);
  if (cursor->short_of_bytes) return;
  unsigned mode = record->misc & PERF_RECORD_MISC_CPUMODE_MASK;
  if (mode == PERF_RECORD_MISC_KERNEL) map_kernel(machine, &mmap);
  else if (mode == PERF_RECORD_MISC_USER || mode == PERF_RECORD_MISC_CPUMODE_UNKNOWN) map_user(machine, &mmap);
}

/* Code that the kernel made (BPF programs, trampolines): u64 address, u32 length, u16 kind, u16 flags, name. */
static void read_kernel_symbol(struct machine *machine, struct cursor *cursor) {
  uint64_t address = take_64(cursor);
  uint32_t length = take_32(cursor), kind_and_flags = take_32(cursor);
  bool removed = kind_and_flags >> 16 & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER;
  if (cursor->short_of_bytes || length > UINT64_MAX - address) return;
  size_t module = NO_MODULE;
  if (!removed)
    module = KERNEL_SYMBOL | number_of_bytes(&machine->kernel_symbols, cursor->at, length_of_string(cursor));
  struct mapping mapping = {
      .start = address, .end = address + length, .offset = removed ? address : 0, .module = module};
  address_space_map(&machine->kernel.map, mapping);
  changed(machine, &machine->kernel);
}

bool machine_record(struct machine *machine, const struct record *record) {
  struct cursor cursor = {.at = record->bytes + RECORD_HEADER, .end = record->bytes + record->size};
  switch (record->type) {
    case PERF_RECORD_COMM: read_command(machine, &cursor, record->misc); break;
    case PERF_RECORD_FORK: read_fork(machine, &cursor, record->misc); break;
    case PERF_RECORD_EXIT: read_exit(machine, &cursor); break;
    case PERF_RECORD_MMAP:
    case PERF_RECORD_MMAP2: read_mmap(machine, &cursor, record); break;
    case PERF_RECORD_KSYMBOL: read_kernel_symbol(machine, &cursor); break;
  }
  return !cursor.short_of_bytes;
}

void machine_start(struct machine *machine) {
  *machine = (struct machine){.kernel_file = NO_MODULE};
  changed(machine, &machine->kernel);
}

void machine_free(struct machine *machine) {
  for (size_t i = 0; i < machine->spaces_by_id.table.count; i++) empty(machine, machine->spaces[i]);
  address_space_free(&machine->kernel.map);
  numbered_free(&machine->commands);
  numbered_free(&machine->kernel_symbols);
  numbered_free(&machine->files);
  numbered_free(&machine->threads_by_id);
  numbered_free(&machine->spaces_by_id);
  free(machine->threads);
  free(machine->spaces);
  arena_free(&machine->arena);
}

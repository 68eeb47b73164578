/* Stacks from copies of registers and stack memory (perf record --call-graph dwarf), by libdwfl and the call frame
 * information of the programs' files. Files are opened below --symfs alone, and each must have the build id that the
 * capture gives for it; what a mapping does not say of this is known at the end of the capture, and is checked then
 * (unwinder_trust). */
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perfdata.h"
#include "report.h"

/* How asm/perf_regs.h of x86 numbers registers, in the order of DWARF's numbers (System V ABI for AMD64, figure 3.36):
 * rax rdx rcx rbx rsi rdi rbp rsp r8-r15, and the return address, which is rip. */
static const unsigned char x86_registers[] = {0, 3, 2, 1, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8};
enum { DWARF_REGISTERS = sizeof x86_registers, DWARF_SP = 7, DWARF_IP = 16, ABI_64 = 2 };
/* That mask has all of them, and no register that x86 has not. */
#define X86_NEEDED ((uint64_t)0xff01ff)
#define X86_KNOWN ((uint64_t)0xffffff)

struct opened {
  bool tried;
  int descriptor;              /* -1: there is none that fits */
  char build_id[BUILD_ID_TEXT]; /* "": it has none */
};

struct unwinder {
  struct machine *machine;
  const char *symfs;
  struct opened *files; /* by the numbers of machine.files */
  size_t file_capacity;

  /* Of the present sample. */
  const struct thread *thread;
  Dwarf_Word registers[DWARF_REGISTERS];
  const char *stack;
  uint64_t stack_start, stack_size;
  size_t limit;
  bool ended;   /* the last frame found is the first of the thread */
  bool beyond;  /* since the last frame more of the stack was wanted than was copied */
  void (*found)(void *receiver, uint64_t address);
  void *receiver;
};

static void read_own_build_id(struct opened *opened) {
  Elf *elf = elf_begin(opened->descriptor, ELF_C_READ, NULL);
  const void *build_id;
  ssize_t length = elf ? dwelf_elf_gnu_build_id(elf, &build_id) : -1;
  if (length > 0) build_id_text(build_id, (size_t)length, opened->build_id);
  elf_end(elf);
}

/* The kernel's own library, as this process has it. */
static int open_vdso(void) {
  const char *image = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
  if (!image) return -1;
  GElf_Ehdr header;
  memcpy(&header, image, sizeof header);
  size_t size = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
  int descriptor = memfd_create("vdso", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, image, size) == (ssize_t)size) return descriptor;
  close(descriptor);
  return -1;
}

/* A regular file below symfs. */
static int open_below(const char *symfs, const char *path) {
  if (path[0] != '/') return -1;
  struct text name = {0};
  text_append_string(&name, symfs);
  text_append_string(&name, path);
  int descriptor = open(name.bytes, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  text_free(&name);
  struct stat status;
  if (descriptor < 0 || (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))) return descriptor;
  close(descriptor);
  return -1;
}

/* The file, opened once; a build id that its mapping has must be its own. */
static const struct opened *opened_file(struct unwinder *unwinder, size_t file) {
  size_t old = unwinder->file_capacity;
  grow(&unwinder->files, &unwinder->file_capacity, file + 1, sizeof *unwinder->files);
  if (unwinder->file_capacity > old)
    memset(unwinder->files + old, 0, (unwinder->file_capacity - old) * sizeof *unwinder->files);
  struct opened *opened = &unwinder->files[file];
  if (opened->tried) return opened;
  const char *build_id, *path = file_path(unwinder->machine, file, &build_id);
  opened->tried = true;
  opened->descriptor = strcmp(path, "[vdso]") == 0 ? open_vdso() : open_below(unwinder->symfs, path);
  if (opened->descriptor < 0) return opened;
  read_own_build_id(opened);
  if (*build_id && strcmp(build_id, opened->build_id) != 0) {
    close(opened->descriptor);
    opened->descriptor = -1;
  }
  return opened;
}

/* What must be added to the addresses in the file, from the segment that holds the offset that was mapped. */
static bool find_bias(int descriptor, const struct mapping *mapping, uint64_t *bias) {
  Elf *elf = elf_begin(descriptor, ELF_C_READ, NULL);
  size_t count = 0;
  bool found = false;
  if (elf && elf_getphdrnum(elf, &count) != 0) count = 0;
  for (size_t i = 0; i < count && !found; i++) {
    GElf_Phdr segment;
    if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD || segment.p_align == 0) continue;
    uint64_t start = segment.p_offset & ~(segment.p_align - 1);
    found = mapping->offset >= start && mapping->offset < segment.p_offset + segment.p_filesz;
    if (found) *bias = mapping->start - mapping->offset + segment.p_offset - segment.p_vaddr;
  }
  elf_end(elf);
  return found;
}

static bool add_module(struct unwinder *unwinder, Dwfl *dwfl, const struct mapping *mapping) {
  const struct opened *opened = opened_file(unwinder, mapping->module);
  uint64_t bias;
  if (opened->descriptor < 0 || !find_bias(opened->descriptor, mapping, &bias)) return false;
  int descriptor = fcntl(opened->descriptor, F_DUPFD_CLOEXEC, 3); /* libdwfl closes it */
  const char *build_id, *path = file_path(unwinder->machine, mapping->module, &build_id);
  Dwfl_Module *module = descriptor < 0 ? NULL : dwfl_report_elf(dwfl, path, path, descriptor, bias, true);
  if (!module) {
    if (descriptor >= 0) close(descriptor);
    return false;
  }
  void **file;
  dwfl_module_info(module, &file, NULL, NULL, NULL, NULL, NULL, NULL);
  *file = (void *)(uintptr_t)(mapping->module + 1);
  return true;
}

/* Whether the frame at this address can be unwound: the file that is mapped there is known to libdwfl. */
static bool has_module(struct unwinder *unwinder, Dwfl *dwfl, uint64_t address) {
  const struct mapping *mapping = machine_find(unwinder->machine, unwinder->thread->space, address);
  if (!mapping || mapping->module >= KERNEL_SYMBOL) return false;
  Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
  if (!module) return add_module(unwinder, dwfl, mapping) && dwfl_addrmodule(dwfl, address);
  void **file;
  dwfl_module_info(module, &file, NULL, NULL, NULL, NULL, NULL, NULL);
  return *file == (void *)(uintptr_t)(mapping->module + 1);
}

/* ---- what libdwfl asks for ---- */

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread_argument) {
  (void)dwfl;
  struct unwinder *unwinder = argument;
  if (*thread_argument) return 0;
  *thread_argument = unwinder;
  return (pid_t)unwinder->thread->tid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *argument, void **thread_argument) {
  (void)dwfl;
  (void)tid;
  *thread_argument = argument;
  return true;
}

static bool read_stack(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument) {
  (void)dwfl;
  struct unwinder *unwinder = argument;
  uint64_t offset = address - unwinder->stack_start;
  if (address < unwinder->stack_start || unwinder->stack_size < sizeof *result ||
      offset > unwinder->stack_size - sizeof *result) {
    unwinder->beyond = true;
    return false;
  }
  *result = number_64(unwinder->stack + offset);
  return true;
}

static bool set_registers(Dwfl_Thread *thread, void *argument) {
  const struct unwinder *unwinder = argument;
  return dwfl_thread_state_registers(thread, 0, DWARF_REGISTERS, unwinder->registers);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = read_stack,
    .set_initial_registers = set_registers,
};

/* No file but those reported is opened. */
static int find_no_debuginfo(Dwfl_Module *module, void **user_data, const char *name, Dwarf_Addr base,
                             const char *file_name, const char *link, GElf_Word checksum, char **debug_name) {
  (void)module, (void)user_data, (void)name, (void)base, (void)file_name, (void)link, (void)checksum, (void)debug_name;
  return -1;
}
static int find_no_elf(Dwfl_Module *module, void **user_data, const char *name, Dwarf_Addr base, char **file_name,
                       Elf **elf) {
  (void)module, (void)user_data, (void)name, (void)base, (void)file_name, (void)elf;
  return -1;
}
static const Dwfl_Callbacks module_callbacks = {.find_elf = find_no_elf, .find_debuginfo = find_no_debuginfo};

/* The first function of a thread was called by none: the return address is 0 there. libdwfl gives 0 too where it cannot
 * be read. */
static int take_frame(Dwfl_Frame *frame, void *argument) {
  struct unwinder *unwinder = argument;
  Dwarf_Addr address;
  bool exact;
  unwinder->beyond = false; /* the next frame is looked for now, or between this call and the next */
  if (!dwfl_frame_pc(frame, &address, &exact)) return DWARF_CB_ABORT;
  if (!exact && address == 0) {
    unwinder->ended = !unwinder->beyond;
    return DWARF_CB_ABORT;
  }
  if (!exact) address--;
  unwinder->found(unwinder->receiver, address);
  unwinder->limit--;
  Dwfl *dwfl = dwfl_thread_dwfl(dwfl_frame_thread(frame));
  return unwinder->limit > 0 && has_module(unwinder, dwfl, address) ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* ---- */

static bool is_x86(const struct event *event) {
  return (event->user_registers & X86_NEEDED) == X86_NEEDED && (event->user_registers & ~X86_KNOWN) == 0;
}

static uint64_t register_value(const struct event *event, const struct sample *sample, unsigned number) {
  uint64_t before = event->user_registers & (((uint64_t)1 << number) - 1);
  return number_64(sample->user_registers + 8 * (size_t)__builtin_popcountll(before));
}

bool user_address(const struct event *event, const struct sample *sample, uint64_t *address) {
  if (!sample->user_registers || !is_x86(event)) return false;
  *address = register_value(event, sample, x86_registers[DWARF_IP]);
  return true;
}

/* A Dwfl of the space that knows the module at this address. One in which another file lies there is out of date. */
static bool prepare(struct unwinder *unwinder, struct space *space, uint64_t address) {
  if (space->dwfl && has_module(unwinder, space->dwfl, address)) return true;
  space_forget_dwfl(space);
  space->dwfl = dwfl_begin(&module_callbacks);
  if (!space->dwfl) fail("out of memory (libdwfl)");
  if (has_module(unwinder, space->dwfl, address) &&
      dwfl_attach_state(space->dwfl, NULL, (pid_t)unwinder->thread->pid, &thread_callbacks, unwinder))
    return true;
  space_forget_dwfl(space);
  return false;
}

bool unwind(struct unwinder *unwinder, const struct thread *thread, const struct event *event,
            const struct sample *sample, size_t most_frames, void (*found)(void *receiver, uint64_t address),
            void *receiver) {
  uint64_t address;
  if (sample->user_abi != ABI_64 || !sample->user_stack || !user_address(event, sample, &address)) return false;
  unwinder->thread = thread;
  for (unsigned i = 0; i < DWARF_REGISTERS; i++)
    unwinder->registers[i] = register_value(event, sample, x86_registers[i]);
  unwinder->stack = sample->user_stack;
  unwinder->stack_start = unwinder->registers[DWARF_SP];
  unwinder->stack_size = sample->user_stack_size;
  /* A frame that was called takes at least its return address of the stack. */
  unwinder->limit = sample->user_stack_size / sizeof(uint64_t) + 2;
  if (unwinder->limit > most_frames) unwinder->limit = most_frames;
  unwinder->ended = unwinder->beyond = false;
  unwinder->found = found;
  unwinder->receiver = receiver;
  if (!prepare(unwinder, thread->space, address)) {
    found(receiver, address);
    return false;
  }
  int outcome = dwfl_getthread_frames(thread->space->dwfl, (pid_t)thread->tid, take_frame, unwinder);
  return (outcome == 0 && !unwinder->beyond) || unwinder->ended;
}

struct unwinder *unwinder_new(struct machine *machine, const char *symfs) {
  struct unwinder *unwinder = take(sizeof *unwinder);
  *unwinder = (struct unwinder){.machine = machine, .symfs = symfs};
  elf_version(EV_CURRENT);
  return unwinder;
}

enum trust unwinder_trust(const struct unwinder *unwinder, size_t file, const char *build_id) {
  if (file >= unwinder->file_capacity || !unwinder->files[file].tried) return TRUST_UNUSED;
  const struct opened *opened = &unwinder->files[file];
  if (opened->descriptor < 0) return *opened->build_id ? TRUST_OTHER : TRUST_ABSENT;
  if (!*build_id) return TRUST_UNKNOWN;
  return strcmp(opened->build_id, build_id) == 0 ? TRUST_SAME : TRUST_OTHER;
}

void space_forget_dwfl(struct space *space) {
  if (space->dwfl) dwfl_end(space->dwfl);
  space->dwfl = NULL;
}

void unwinder_free(struct unwinder *unwinder) {
  if (!unwinder) return;
  for (size_t i = 0; i < unwinder->file_capacity; i++)
    if (unwinder->files[i].tried && unwinder->files[i].descriptor >= 0) close(unwinder->files[i].descriptor);
  free(unwinder->files);
  free(unwinder);
}

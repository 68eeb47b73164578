#include "lookup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "stacks.h"
#include "index.h"

/* Limits of the process that reads: for any file, and more for each byte of the files. */
enum { CPU_SECONDS = 60, BYTES_A_SECOND = 2000000, MEMORY_A_BYTE = 16 };
static const uint64_t memory_bytes = (uint64_t)4 << 30;
static const uint64_t CACHE_BYTES = (uint64_t)1 << 30; /* of all files of the cache */
enum { SILENT_SECONDS = 1800 }; /* of no answer at all: a file system that does not answer */

/* ---- in the process that reads ---- */

/* Texts that were sent, by where they lie: addresses come in order, so that the same few are asked again. */
enum { RECENT_TEXTS = 1 << 12 };
struct recent_text {
  const char *text;
  uint32_t number;
};

struct reader {
  const struct lookup_options *options;
  struct index *index;
  struct answer_writer writer;
  struct stacks functions, files; /* texts that were sent; the value is their number */
  struct recent_text recent[RECENT_TEXTS];
  struct text shown;
};

static uint32_t send_function(struct reader *reader, const char *name, size_t length) {
  text_clear(&reader->shown);
  if (reader->options->demangle == DEMANGLE_FULL) {
    const char *known = index_demangled(reader->index, name, length);
    if (known) return answer_text(&reader->writer, known, strlen(known));
  }
  if (demangle(name, reader->options->demangle, &reader->shown) && reader->options->demangle == DEMANGLE_FULL)
    index_add_demangled(reader->index, name, length, reader->shown.bytes);
  return answer_text(&reader->writer, reader->shown.bytes, reader->shown.length);
}

static uint32_t text_number(struct reader *reader, struct stacks *known, const char *name, bool is_function) {
  if (!name) return 0;
  struct recent_text *recent = &reader->recent[((uintptr_t)name * 0x9e3779b97f4a7c15u) >> 52];
  if (recent->text == name) return recent->number;
  size_t length = strlen(name);
  struct stack *text = stacks_find(known, name, length);
  if (text->value == 0)
    text->value = is_function ? send_function(reader, name, length) : answer_text(&reader->writer, name, length);
  *recent = (struct recent_text){.text = name, .number = (uint32_t)text->value};
  return recent->number;
}

static void send_frames(struct reader *reader, const struct frame_place *frames, size_t count) {
  struct answer_frame answers[MOST_FRAMES];
  size_t first = reader->options->inlines || count == 0 ? 0 : count - 1;
  for (size_t i = first; i < count; i++)
    answers[i - first] = (struct answer_frame){.function = text_number(reader, &reader->functions, frames[i].function, true),
                                               .file = text_number(reader, &reader->files, frames[i].file, false),
                                               .line = frames[i].line,
                                               .inlined = frames[i].inlined};
  answer_frames(&reader->writer, answers, count - first);
}

static uint64_t size_of(const struct object *object) {
  struct stat status;
  return object && object->descriptor >= 0 && fstat(object->descriptor, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void set_limit(int resource, uint64_t limit) {
  struct rlimit limits;
  if (getrlimit((__rlimit_resource_t)resource, &limits) != 0) return;
  if (limits.rlim_max != RLIM_INFINITY && limit > limits.rlim_max) limit = limits.rlim_max;
  limits.rlim_cur = limit;
  setrlimit((__rlimit_resource_t)resource, &limits);
}

/* Sanitizers reserve terabytes of addresses. */
#if defined __SANITIZE_ADDRESS__
enum { MEMORY_IS_LIMITED = false };
#elif defined __has_feature
#if __has_feature(address_sanitizer)
enum { MEMORY_IS_LIMITED = false };
#else
enum { MEMORY_IS_LIMITED = true };
#endif
#else
enum { MEMORY_IS_LIMITED = true };
#endif

static void set_limits(uint64_t file_bytes) {
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_CPU, CPU_SECONDS + file_bytes / BYTES_A_SECOND);
  if (MEMORY_IS_LIMITED) set_limit(RLIMIT_AS, memory_bytes + file_bytes * MEMORY_A_BYTE);
}

/* Why some of a module's addresses may have no name. */
static const char *what_is_missing(const struct index *index) {
  const struct found *found = index->found;
  bool stripped = !object_has_section(found->module, "symtab") && !found->mini &&
                  !(found->debug && object_has_section(found->debug, "symtab"));
  if (index->split_units > 0) return "split DWARF (.dwo files) is not read";
  if (!index->has_dwarf && stripped) return "it is stripped, and no debug file was found";
  if (!index->has_dwarf) return "it has symbols, but no DWARF";
  return "";
}

static void answer(struct reader *reader, const struct lookup *lookup, struct found *found) {
  struct index index;
  const struct lookup_options *options = reader->options;
  const char *cache = *found->module->build_id ? options->cache : NULL;
  bool symbol_is_enough = !options->inlines && !options->lines;
  size_t unresolved = 0;
  reader->index = &index;
  if (!cache || !index_open_cached(&index, found, cache)) index_open(&index, found);
  for (size_t i = 0; i < lookup->count; i++) {
    struct frame_place frames[MOST_FRAMES];
    uint64_t address = lookup->addresses[i];
    bool known = !lookup->in_file || object_address(found->module, address, &address);
    size_t count = known ? index_find(&index, address, symbol_is_enough, frames) : 0;
    if (count == 0) unresolved++;
    send_frames(reader, frames, count);
  }
  const char *missing = what_is_missing(&index);
  if (unresolved > 0 && !*missing) missing = "no symbol holds the addresses";
  if (found->other_build_id) missing = "FORCED: its build id is not that of the capture";
  if (cache) index_store(&index, cache, CACHE_BYTES);
  answer_end(&reader->writer, missing, false);
}

static _Noreturn void read_module(const struct lookup *lookup, const struct lookup_options *options, int descriptor) {
  static struct reader reader;
  reader.options = options;
  reader.writer.descriptor = descriptor;
  struct found found;
  char *why = NULL;
  set_limits(0);
  struct find_options find = options->find;
  find.ask_server = find.ask_server && lookup->matters;
  bool usable = lookup->vdso ? find_vdso(&found, &find, lookup->build_id, &why)
                             : find_files(&found, &find, lookup->path, lookup->build_id, &why);
  if (usable) {
    if (*found.module->build_id) answer_build_id(&reader.writer, found.module->build_id);
    set_limits(size_of(found.module) + size_of(found.debug) + size_of(found.alternate));
    answer(&reader, lookup, &found);
  } else {
    for (size_t i = 0; i < lookup->count; i++) answer_frames(&reader.writer, NULL, 0);
    report_warning("%s (%s): %s; its frames stay unresolved (--root names the folder of the machine that was recorded, "
                   "--exe a file%s)",
                   lookup->name, lookup->path, why, found.other_build_id ? ", --force takes this one" : "");
    answer_end(&reader.writer, why, true);
  }
  _exit(0);
}

/* ---- in the process that asks ---- */

/* All that the reader says; false where that is not what is expected, or takes too long. */
static bool receive(const struct lookup *lookup, int descriptor, struct answers *answers) {
  enum { BLOCK = 1 << 16 };
  char *buffer = NULL;
  size_t capacity = 0, length = 0;
  bool sound = true;
  while (sound) {
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    int outcome = poll(&ready, 1, SILENT_SECONDS * 1000);
    if (outcome < 0 && errno == EINTR) continue;
    if (outcome <= 0) break;
    grow(&buffer, &capacity, sum_of(length, BLOCK), 1);
    ssize_t count = read(descriptor, buffer + length, capacity - length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    length += (size_t)count;
    size_t used = answers_take(answers, buffer, length, lookup->count, &sound);
    memmove(buffer, buffer + used, length - used);
    length -= used;
  }
  free(buffer);
  return sound && answers->complete;
}

static void describe_end(int status, char *text, size_t size) {
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
    snprintf(text, size, "reading its files took too long (they may be damaged)");
  else if (WIFSIGNALED(status))
    snprintf(text, size, "its files brought the reader down (signal %d): they are damaged", WTERMSIG(status));
  else snprintf(text, size, "its files could not be read (they may be damaged)");
}

static void no_frames(const struct lookup *lookup, struct answers *answers, const char *why) {
  answers_free(answers);
  answers->ends = take_array(lookup->count, sizeof *answers->ends);
  memset(answers->ends, 0, lookup->count * sizeof *answers->ends);
  answers->count = lookup->count;
  answers->lost = true;
  answers->why = arena_copy(&answers->arena, why, strlen(why));
}

void look_up(const struct lookup *lookup, const struct lookup_options *options, struct answers *answers) {
  int ends[2];
  *answers = (struct answers){0};
  if (pipe(ends) != 0) fail("no pipe can be made: %s", strerror(errno));
  pid_t reader = fork();
  if (reader < 0) fail("no process can be started: %s", strerror(errno));
  if (reader == 0) {
    close(ends[0]);
    read_module(lookup, options, ends[1]);
  }
  close(ends[1]);
  bool complete = receive(lookup, ends[0], answers);
  close(ends[0]);
  if (!complete) kill(reader, SIGKILL);
  int status = 0;
  while (waitpid(reader, &status, 0) < 0 && errno == EINTR) continue;
  if (complete) return;
  char why[100];
  describe_end(status, why, sizeof why);
  report_warning("%s (%s): %s; its frames stay unresolved", lookup->name, lookup->path, why);
  no_frames(lookup, answers, why);
}

#include "named.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "object.h"

struct named {
  uint64_t address, size; /* size 0: up to the next */
  const char *name;       /* in the text; no NUL follows */
  size_t length;
};

struct names {
  struct text text;
  struct named *list;
  size_t count, capacity;
};

void named_nothing(const struct named_request *request, const char *why, struct answers *answers) {
  *answers = (struct answers){.ends = take_array(request->count, sizeof *answers->ends), .count = request->count};
  memset(answers->ends, 0, request->count * sizeof *answers->ends);
  answers->why = arena_copy(&answers->arena, why, strlen(why));
}

/* A regular file or one of the kernel's, whole; false, and errno, where it cannot be read. */
static bool read_whole(const char *path, struct text *text) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (descriptor < 0) return false;
  bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  char block[1 << 16];
  ssize_t count = 0;
  while (regular && (count = read(descriptor, block, sizeof block)) > 0) text_append(text, block, (size_t)count);
  close(descriptor);
  if (!regular) errno = EINVAL;
  return regular && count == 0;
}

static const char *take_number(const char *at, const char *end, uint64_t *number) {
  *number = 0;
  if (end - at > 2 && at[0] == '0' && at[1] == 'x') at += 2;
  for (; at < end; at++) {
    char c = *at;
    if (c >= '0' && c <= '9') *number = *number << 4 | (uint64_t)(c - '0');
    else if (c >= 'a' && c <= 'f') *number = *number << 4 | (uint64_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') *number = *number << 4 | (uint64_t)(c - 'A' + 10);
    else break;
  }
  return at;
}

static void add(struct names *names, struct named named) {
  grow(&names->list, &names->capacity, names->count + 1, sizeof *names->list);
  names->list[names->count++] = named;
}

/* `START SIZE NAME`, in hexadecimal; what the JIT compiler wrote last holds. */
static void read_map_line(struct names *names, const char *line, const char *end) {
  struct named named;
  const char *at = take_number(line, end, &named.address);
  if (at == line || at == end || *at != ' ') return;
  const char *size = ++at;
  at = take_number(at, end, &named.size);
  if (at == size || at == end || *at != ' ' || at + 1 == end) return;
  named.name = at + 1;
  named.length = (size_t)(end - named.name);
  add(names, named);
}

/* `ADDRESS TYPE NAME`, behind it a tab and `[MODULE]` for what is no part of the kernel itself. */
static void read_kallsyms_line(struct names *names, const char *line, const char *end) {
  struct named named = {0};
  const char *at = take_number(line, end, &named.address);
  if (end - at < 4 || at[0] != ' ' || at[2] != ' ' || named.address == 0 || !strchr("tTwW", at[1])) return;
  named.name = at + 3;
  const char *tab = memchr(named.name, '\t', (size_t)(end - named.name));
  named.length = (size_t)((tab ? tab : end) - named.name);
  if (named.length > 0) add(names, named);
}

static void read_lines(struct names *names, void (*read_line)(struct names *, const char *, const char *)) {
  const char *end = names->text.bytes + names->text.length;
  for (const char *line = names->text.bytes, *line_end; line && line < end; line = line_end + 1) {
    line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) line_end = end;
    read_line(names, line, line_end);
  }
}

/* Of several names for one address the last in the file comes last. */
static int compare_names(const void *a, const void *b) {
  const struct named *left = a, *right = b;
  if (left->address != right->address) return left->address < right->address ? -1 : 1;
  return left->name < right->name ? -1 : left->name > right->name;
}

static const struct named *name_at(const struct names *names, uint64_t address) {
  size_t low = 0, high = names->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (names->list[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return NULL;
  const struct named *found = &names->list[low - 1];
  return found->size == 0 || address - found->address < found->size ? found : NULL;
}

/* One frame for each address that has a name; addresses count from start. */
static void answer(const struct named_request *request, struct names *names, uint64_t start, struct answers *answers) {
  *answers = (struct answers){.ends = take_array(request->count, sizeof *answers->ends), .count = request->count};
  answers->why = arena_copy(&answers->arena, "", 0);
  for (size_t i = 0; i < request->count; i++) {
    const struct named *named = name_at(names, start + request->addresses[i]);
    if (named) {
      answers_add_text(answers, named->name, named->length);
      grow(&answers->frames, &answers->frame_capacity, answers->frame_count + 1, sizeof *answers->frames);
      answers->frames[answers->frame_count++] = (struct answer_frame){.function = (uint32_t)answers->text_count};
    } else {
      const char *why = "the list of its names has none for some addresses";
      answers->why = arena_copy(&answers->arena, why, strlen(why));
    }
    answers->ends[i] = answers->frame_count;
  }
}

static void names_free(struct names *names) {
  text_free(&names->text);
  free(names->list);
}

/* A process in a container has another number there, and another /tmp: where it runs still, the kernel says both. */
static bool read_in_container(const char *name, struct text *text) {
  char path[80], *end;
  unsigned long process = strtoul(name + strlen("perf-"), &end, 10);
  struct text status = {0};
  snprintf(path, sizeof path, "/proc/%lu/status", process);
  bool found = strcmp(end, ".map") == 0 && read_whole(path, &status);
  const char *line = found ? strstr(status.bytes, "\nNSpid:") : NULL;
  if (line) {
    const char *line_end = strchrnul(line + 1, '\n'), *last = line_end;
    while (last > line && last[-1] >= '0' && last[-1] <= '9') last--;
    snprintf(path, sizeof path, "/proc/%lu/root/tmp/perf-%.*s.map", process, (int)(line_end - last), last);
  }
  text_free(&status);
  return line && read_whole(path, text);
}

void name_perf_map(const struct named_request *request, const char *path, struct answers *answers) {
  struct names names = {0};
  bool named = path != NULL;
  if (!path) path = request->target->file;
  bool read = read_whole(path, &names.text);
  int error = errno;
  if (!read && !named) read = read_in_container(request->target->name, &names.text);
  if (!read) {
    char why[400];
    snprintf(why, sizeof why, "%s cannot be read: %s; --perf-map names the file", path,
             strerror(error));
    named_nothing(request, why, answers);
  } else {
    read_lines(&names, read_map_line);
    if (names.count) qsort(names.list, names.count, sizeof *names.list, compare_names);
    answer(request, &names, 0, answers);
  }
  names_free(&names);
}

/* ---- the kernel ---- */

static bool is_running_kernel(const char *build_id) {
  struct text notes = {0};
  bool same = false;
  if (!read_whole("/sys/kernel/notes", &notes)) return false;
  struct bytes bytes = bytes_of((const uint8_t *)notes.bytes, notes.length);
  while (bytes.at < bytes.end && !same) {
    uint32_t name_size = bytes_32(&bytes), size = bytes_32(&bytes), type = bytes_32(&bytes);
    const uint8_t *name = bytes.at;
    bytes_skip(&bytes, ((uint64_t)name_size + 3) & ~(uint64_t)3);
    const uint8_t *description = bytes.at;
    bytes_skip(&bytes, ((uint64_t)size + 3) & ~(uint64_t)3);
    if (bytes.failed || type != NT_GNU_BUILD_ID || name_size != 4 || memcmp(name, "GNU", 4) != 0) continue;
    char digits[2 * BUILD_ID_SIZE + 1];
    build_id_digits(description, size, digits);
    same = strcmp(digits, build_id) == 0;
  }
  text_free(&notes);
  return same;
}

static bool find_start(const struct names *names, const char *symbol, uint64_t *start) {
  for (size_t i = 0; i < names->count; i++) {
    const struct named *named = &names->list[i];
    if (named->length != strlen(symbol) || memcmp(named->name, symbol, named->length) != 0) continue;
    *start = named->address;
    return true;
  }
  return false;
}

void name_kernel(const struct named_request *request, const char *path, struct answers *answers) {
  struct names names = {0};
  uint64_t start;
  if (!path && !is_running_kernel(request->target->build_id)) {
    named_nothing(request, "its build id is not the running kernel's: --kallsyms names a copy of /proc/kallsyms of the "
                           "kernel that was recorded", answers);
    return;
  }
  if (!read_whole(path ? path : "/proc/kallsyms", &names.text)) {
    named_nothing(request, "/proc/kallsyms cannot be read", answers);
  } else {
    read_lines(&names, read_kallsyms_line);
    if (!find_start(&names, "_text", &start) && !find_start(&names, "_stext", &start)) {
      named_nothing(request, "the list of its names has no addresses (kptr_restrict hides them)", answers);
    } else {
      qsort(names.list, names.count, sizeof *names.list, compare_names);
      answer(request, &names, start, answers);
    }
  }
  names_free(&names);
}

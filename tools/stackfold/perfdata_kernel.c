/* Names of the kernel's functions, from /proc/kallsyms: only where the kernel that was recorded is the one that
 * runs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "perfdata.h"
#include "report.h"

/* How the kernel names the padding before a function. */
static const char padding[] = "__pfx_";

struct kernel_symbol {
  uint64_t address;
  const char *name; /* in the text */
};
struct kernel_symbols {
  char *text; /* of /proc/kallsyms */
  struct kernel_symbol *list;
  size_t count, capacity;
  uint64_t start; /* what offsets count from */
};

/* A file of the kernel's, whole; NULL where it cannot be read. */
static char *read_kernel_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "re");
  if (!file) return NULL;
  struct text text = {0};
  char block[1 << 16];
  for (size_t count; (count = fread(block, 1, sizeof block, file)) > 0;) text_append(&text, block, count);
  bool failed = ferror(file) != 0;
  fclose(file);
  if (failed || !text.bytes) {
    text_free(&text);
    return NULL;
  }
  *length = text.length;
  return text.bytes;
}

/* The build id among ELF notes: sizes of name and description, type, both padded to 4 bytes. */
static void find_build_id(const char *notes, size_t length, char build_id[BUILD_ID_TEXT]) {
  enum { NOTE_BUILD_ID = 3 };
  struct cursor cursor = {.at = notes, .end = notes + length};
  while (!cursor.short_of_bytes && cursor.at < cursor.end) {
    uint64_t name_size = take_32(&cursor), size = take_32(&cursor);
    uint32_t type = take_32(&cursor);
    const char *name = take_bytes(&cursor, (name_size + 3) & ~(uint64_t)3);
    const char *description = take_bytes(&cursor, (size + 3) & ~(uint64_t)3);
    if (!description || type != NOTE_BUILD_ID || name_size != 4 || memcmp(name, "GNU", 4) != 0) continue;
    build_id_text(description, size, build_id);
    return;
  }
}

/* By build id. Where the capture has none, the same release on a host of the same name must do; that the kernel lies at
 * the same address (is_where_it_was) is asked in either case. */
static bool is_running_kernel(const struct origin *origin) {
  const char *wanted = build_id_of_path(origin, "[kernel.kallsyms]");
  if (!*wanted) {
    struct utsname here;
    return uname(&here) == 0 && origin->host.length > 0 && strcmp(here.nodename, origin->host.bytes) == 0 &&
           origin->release.length > 0 && strcmp(here.release, origin->release.bytes) == 0;
  }
  size_t length;
  char *notes = read_kernel_file("/sys/kernel/notes", &length);
  if (!notes) return false;
  char build_id[BUILD_ID_TEXT] = "";
  find_build_id(notes, length, build_id);
  free(notes);
  return strcmp(build_id, wanted) == 0;
}

/* Lower-case hexadecimal digits; where they end. */
static char *read_address(char *text, uint64_t *address) {
  *address = 0;
  for (;; text++) {
    if (*text >= '0' && *text <= '9') *address = *address << 4 | (uint64_t)(*text - '0');
    else if (*text >= 'a' && *text <= 'f') *address = *address << 4 | (uint64_t)(*text - 'a' + 10);
    else return text;
  }
}

/* Lines "ADDRESS TYPE NAME", behind a tab "[MODULE]" for what is no part of the kernel itself. */
static void read_symbols(struct kernel_symbols *symbols, size_t length) {
  char *end = symbols->text + length;
  for (char *line = symbols->text, *line_end; line < end && (line_end = memchr(line, '\n', (size_t)(end - line)));
       line = line_end + 1) {
    *line_end = '\0';
    uint64_t address;
    char *behind = read_address(line, &address);
    if (address == 0 || behind[0] != ' ' || !behind[1] || behind[2] != ' ') continue;
    char *name = behind + 3;
    if (!strchr("tTwW", behind[1])) continue; /* no code */
    name[strcspn(name, "\t")] = '\0';
    grow(&symbols->list, &symbols->capacity, symbols->count + 1, sizeof *symbols->list);
    symbols->list[symbols->count++] = (struct kernel_symbol){.address = address, .name = name};
  }
}

/* Of several names for one address the one that stands last in the file comes last, and is taken, as perf does. */
static int compare_symbols(const void *a, const void *b) {
  const struct kernel_symbol *left = a, *right = b;
  if (left->address != right->address) return left->address < right->address ? -1 : 1;
  return left->name < right->name ? -1 : left->name > right->name;
}

/* Whether the kernel's code starts where it did when it was recorded: its place is drawn at each boot. */
static bool is_where_it_was(const struct kernel_symbols *symbols, const struct machine *machine) {
  for (size_t i = 0; i < symbols->count; i++)
    if (symbols->list[i].address == machine->kernel_start &&
        strcmp(symbols->list[i].name, machine->kernel_start_symbol) == 0)
      return true;
  return false;
}

struct kernel_symbols *kernel_symbols_open(const struct origin *origin, const struct machine *machine) {
  if (machine->kernel_file == NO_MODULE || machine->kernel_start == 0 || !is_running_kernel(origin)) return NULL;
  size_t length;
  char *text = read_kernel_file("/proc/kallsyms", &length);
  if (!text) return NULL;
  struct kernel_symbols *symbols = take(sizeof *symbols);
  *symbols = (struct kernel_symbols){.text = text, .start = machine->kernel_start};
  read_symbols(symbols, length);
  if (!is_where_it_was(symbols, machine)) {
    kernel_symbols_free(symbols);
    return NULL;
  }
  /* Those of the kernel itself are in order; others follow. */
  bool sorted = true;
  for (size_t i = 1; i < symbols->count && sorted; i++)
    sorted = compare_symbols(&symbols->list[i - 1], &symbols->list[i]) <= 0;
  if (!sorted) qsort(symbols->list, symbols->count, sizeof *symbols->list, compare_symbols);
  return symbols;
}

const char *kernel_symbol_at(const struct kernel_symbols *symbols, uint64_t offset) {
  uint64_t address = symbols->start + offset;
  size_t low = 0, high = symbols->count; /* the first behind the address is in low..high */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (symbols->list[middle].address > address) high = middle;
    else low = middle + 1;
  }
  if (low == 0) return NULL;
  /* No code runs in the padding before a function; one that was interrupted at its first instruction is where a return
   * address is expected, and 1 was taken from it. */
  const char *name = symbols->list[low - 1].name;
  return strncmp(name, padding, strlen(padding)) == 0 ? name + strlen(padding) : name;
}

void kernel_symbols_free(struct kernel_symbols *symbols) {
  if (!symbols) return;
  free(symbols->text);
  free(symbols->list);
  free(symbols);
}

#include "process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

enum { DESCRIPTION_LENGTH = 80 };

void processes_add(struct processes *list, pid_t id) {
  grow(&list->ids, &list->capacity, list->count + 1, sizeof *list->ids);
  list->ids[list->count++] = id;
}

void processes_free(struct processes *list) {
  free(list->ids);
  *list = (struct processes){0};
}

/* Appends the whole of a file in /proc; false when it is not there or may not be read. */
static bool read_file(const char *path, struct text *text) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  char block[4096];
  ssize_t count;
  while ((count = read(descriptor, block, sizeof block)) != 0) {
    if (count > 0) text_append(text, block, (size_t)count);
    else if (errno != EINTR) break;
  }
  close(descriptor);
  return count == 0 && text->length > 0;
}

/* Appends /proc/ID/NAME. */
static bool read_of(pid_t id, const char *name, struct text *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)id, name);
  return read_file(path, text);
}

struct processes processes_all(void) {
  struct processes all = {0};
  DIR *folder = opendir("/proc");
  if (!folder) fail_at("/proc", 0, "cannot be read: %s; guard needs it mounted", strerror(errno));
  for (struct dirent *entry; (entry = readdir(folder));)
    if (isdigit((unsigned char)entry->d_name[0])) processes_add(&all, (pid_t)strtol(entry->d_name, NULL, 10));
  closedir(folder);
  return all;
}

/* For kernels that lack the file children (CONFIG_PROC_CHILDREN). */
static struct processes search_children(void) {
  struct processes all = processes_all(), children = {0};
  for (size_t i = 0; i < all.count; i++)
    if (process_parent(all.ids[i]) == getpid()) processes_add(&children, all.ids[i]);
  processes_free(&all);
  return children;
}

struct processes processes_children(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%ld/children", syscall(SYS_gettid));
  if (access(path, R_OK) != 0) return search_children();
  struct processes children = {0};
  struct text list = {0};
  if (read_file(path, &list)) {
    char *end = list.bytes;
    for (long id; (id = strtol(end, &end, 10)) > 0;) processes_add(&children, (pid_t)id);
  }
  text_free(&list);
  return children;
}

/* State and parent from /proc/ID/stat: "123 (name) S 1 ...", where the name may hold brackets and blanks. */
static bool read_state(pid_t id, char *state, int *parent) {
  struct text status = {0};
  bool found = false;
  if (read_of(id, "stat", &status)) {
    const char *name_end = strrchr(status.bytes, ')');
    found = name_end && sscanf(name_end + 1, " %c %d", state, parent) == 2;
  }
  text_free(&status);
  return found;
}

pid_t process_parent(pid_t id) {
  char state;
  int parent;
  return read_state(id, &state, &parent) ? parent : 0;
}

bool process_lives(pid_t id) {
  char state;
  int parent;
  return read_state(id, &state, &parent) && state != 'Z' && state != 'X';
}

bool process_is_below(pid_t id, pid_t ancestor) {
  while (id > 0 && id != ancestor) id = process_parent(id);
  return id == ancestor;
}

bool process_has(pid_t id, const char *assignment) {
  struct text environment = {0};
  bool found = false;
  if (read_of(id, "environ", &environment)) {
    const char *end = environment.bytes + environment.length;
    for (const char *entry = environment.bytes; entry < end && !found; entry += strlen(entry) + 1)
      found = strcmp(entry, assignment) == 0;
  }
  text_free(&environment);
  return found;
}

/* The argument after argument in a command line whose arguments end in NUL; NULL after the last. */
static const char *next_argument(const struct text *line, const char *argument) {
  argument += strlen(argument) + 1;
  return argument < line->bytes + line->length ? argument : NULL;
}

/* What --for of a guard's command line says; NULL when it is no guard's or says nothing. */
static const char *purpose_of(const struct text *line) {
  const char *slash = strrchr(line->bytes, '/');
  if (strcmp(slash ? slash + 1 : line->bytes, "guard") != 0) return NULL;
  for (const char *argument = next_argument(line, line->bytes); argument && argument[0] == '-';) {
    if (strncmp(argument, "--for=", 6) == 0) return argument + 6;
    if (strcmp(argument, "--") == 0) return NULL;
    bool is_purpose = strcmp(argument, "--for") == 0 || strcmp(argument, "-f") == 0;
    bool takes_value = is_purpose || strcmp(argument, "--machine") == 0 || strcmp(argument, "-m") == 0 ||
                       strcmp(argument, "--limit") == 0 || strcmp(argument, "-l") == 0;
    if (takes_value) argument = next_argument(line, argument);
    if (is_purpose || !argument) return argument;
    argument = next_argument(line, argument);
  }
  return NULL;
}

static void append_printable(struct text *text, const char *bytes, size_t length) {
  bool is_long = length > DESCRIPTION_LENGTH;
  if (is_long) length = DESCRIPTION_LENGTH - 3;
  for (size_t i = 0; i < length; i++) {
    char c = bytes[i] == '\0' ? ' ' : bytes[i];
    text_append_char(text, c >= ' ' && c <= '~' ? c : '?');
  }
  if (is_long) text_append_string(text, "...");
}

void process_describe(pid_t id, struct text *text) {
  char number[32];
  snprintf(number, sizeof number, "PID %d", (int)id);
  text_append_string(text, number);
  struct text line = {0};
  if (read_of(id, "cmdline", &line)) {
    const char *purpose = purpose_of(&line);
    text_append_string(text, " (");
    if (purpose) append_printable(text, purpose, strlen(purpose));
    else append_printable(text, line.bytes, line.bytes[line.length - 1] ? line.length : line.length - 1);
    text_append_char(text, ')');
  }
  text_free(&line);
}

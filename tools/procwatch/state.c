#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "process.h"
#include "report.h"

#define MARK_NAME "PROCWATCH_ID"
enum { MARK_BYTES = 8 };

int open_state(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

bool write_state(int dir, const char *name, const char *line) {
  int file = openat(dir, "watch.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return false;
  size_t length = strlen(line);
  bool written = write(file, line, length) == (ssize_t)length;
  return close(file) == 0 && written && renameat(dir, "watch.new", dir, name) == 0;
}

bool write_state_number(int dir, const char *name, long number) {
  char line[32];
  snprintf(line, sizeof line, "%ld\n", number);
  return write_state(dir, name, line);
}

void remove_state(int dir) {
  static const char *const names[] = {"service.pid", "watcher.pid", "port", "watch.sock", "watch.id", "watch.new"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlinkat(dir, names[i], 0);
}

void clear_remains(int dir) {
  struct text entry = {0}, mark = {0};
  if (read_file(dir, "watch.id", &mark) && mark.length == 2 * MARK_BYTES + 1) {
    text_append_string(&entry, MARK_NAME "=");
    text_append(&entry, mark.bytes, 2 * MARK_BYTES);
    pid_t last = 0;
    int64_t limit = now() + from_seconds(KILL_LIMIT);
    while (kill_carriers(entry.bytes, &last) > 0) {
      if (now() > limit) fail("process %d of an earlier watcher cannot be ended", (int)last);
      rest(from_milliseconds(5));
    }
  }
  text_free(&entry);
  text_free(&mark);
  remove_state(dir);
}

/* Through the descriptor: a socket's address has room for 108 bytes, and a path may be longer. */
struct sockaddr_un state_address(int dir) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/watch.sock", dir);
  return address;
}

void mark_environment(int dir) {
  unsigned char drawn[MARK_BYTES];
  char mark[2 * MARK_BYTES + 2]; /* always as long: the length of the environment moves the stack of the service */
  if (getrandom(drawn, sizeof drawn, 0) != sizeof drawn) fail("cannot draw a mark: %s", strerror(errno));
  for (size_t i = 0; i < MARK_BYTES; i++) snprintf(mark + 2 * i, 3, "%02x", drawn[i]);
  if (setenv(MARK_NAME, mark, 1) != 0) fail("cannot set %s: %s", MARK_NAME, strerror(errno));
  strcat(mark, "\n");
  if (!write_state(dir, "watch.id", mark)) fail("cannot write to the state folder: %s", strerror(errno));
}

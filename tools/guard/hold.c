#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "process.h"
#include "report.h"

/* Milliseconds. HANDOVER: a lock whose keeper is dead is let go within a few; DYING: one that was just killed may still
 * seem to live. */
enum { HANDOVER_LIMIT = 2000, DYING_LIMIT = 100, HANDOVER_STEP = 5, TERM_GRACE = 1000, KILL_GRACE = 5000 };

/* Ended processes may have started others just before: how often to look again. */
enum { SWEEPS = 20 };

struct leftover {
  int descriptor; /* a pidfd: never names another process that took the id over */
  struct text description;
};

static int open_process(pid_t id) { return (int)syscall(SYS_pidfd_open, id, 0); }

static bool is_in_place(const char *path, int descriptor) {
  struct stat opened, present;
  return fstat(descriptor, &opened) == 0 && lstat(path, &present) == 0 && opened.st_dev == present.st_dev &&
         opened.st_ino == present.st_ino;
}

/* The process that the lock is held for, as its taker wrote it; 0 when that is not written yet. */
static pid_t read_keeper(int descriptor) {
  char number[16] = {0};
  ssize_t count = pread(descriptor, number, sizeof number - 1, 0);
  return count > 0 && number[count - 1] == '\n' ? (pid_t)strtol(number, NULL, 10) : 0;
}

static void write_keeper(const char *path, int descriptor, pid_t keeper) {
  if (ftruncate(descriptor, 0) != 0 || dprintf(descriptor, "%d\n", (int)keeper) < 0)
    fail_at(path, 0, "cannot be written: %s", strerror(errno));
}

static int open_lock(const char *path) {
  int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0) fail_at(path, 0, "this lock cannot be opened: %s", strerror(errno));
  return descriptor;
}

/* A descriptor that holds the lock; -1 when it is held for keeper already. */
static int take_lock(const char *path, pid_t keeper) {
  for (int waited = 0;; waited += HANDOVER_STEP) {
    int descriptor = open_lock(path);
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      if (is_in_place(path, descriptor)) return descriptor;
    } else if (errno != EWOULDBLOCK) {
      fail_at(path, 0, "this lock cannot be taken: %s", strerror(errno));
    } else {
      pid_t other = read_keeper(descriptor);
      if (other == keeper) {
        close(descriptor);
        return -1;
      }
      if (waited >= (process_lives(other) ? DYING_LIMIT : HANDOVER_LIMIT)) {
        struct text name = {0};
        if (other > 0) process_describe(other, &name);
        fail("another make holds %s: %s; wait for it or end it", path, other > 0 ? name.bytes : "PID unknown");
      }
    }
    close(descriptor);
    nanosleep(&(struct timespec){.tv_nsec = HANDOVER_STEP * 1000000L}, NULL);
  }
}

/* Closes all descriptors but these two, which are above 2: a pipe that stayed open would keep its reader waiting. */
static void close_others(int one, int other) {
  unsigned low = (unsigned)(one < other ? one : other), high = (unsigned)(one < other ? other : one);
  const unsigned spans[][2] = {{0, low - 1}, {low + 1, high - 1}, {high + 1, UINT_MAX}};
  for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
    if (spans[i][0] <= spans[i][1]) syscall(SYS_close_range, spans[i][0], spans[i][1], 0);
  for (int fresh = open("/dev/null", O_RDWR); fresh >= 0 && fresh < STDERR_FILENO;) fresh = dup(fresh);
}

/* Leaves a process behind that shares the lock and ends with keeper. */
static void start_holder(int locked, int keeper_descriptor) {
  pid_t holder = fork();
  if (holder < 0) fail("cannot start a process to hold the lock: %s", strerror(errno));
  if (holder > 0) return;
  setsid();
  locked = fcntl(locked, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  keeper_descriptor = fcntl(keeper_descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (locked < 0 || keeper_descriptor < 0) _exit(EXIT_BAD_INPUT);
  close_others(locked, keeper_descriptor);
  if (chdir("/") != 0) _exit(EXIT_BAD_INPUT);
  struct pollfd keeper = {.fd = keeper_descriptor, .events = POLLIN};
  while (poll(&keeper, 1, -1) < 0 && errno == EINTR) continue;
  _exit(EXIT_SUCCESS);
}

/* Of the family of keeper or of this process: those that led to them, and what they started. */
static bool is_own(pid_t id, pid_t keeper) {
  return process_is_below(id, keeper) || process_is_below(id, getpid()) || process_is_below(keeper, id) ||
         process_is_below(getpid(), id);
}

static bool has_ended(int descriptor, int milliseconds) {
  return poll(&(struct pollfd){.fd = descriptor, .events = POLLIN}, 1, milliseconds) > 0;
}

static int milliseconds_until(const struct timespec *limit) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long left = (long)(limit->tv_sec - now.tv_sec) * 1000 + (limit->tv_nsec - now.tv_nsec) / 1000000;
  return left > 0 ? (int)left : 0;
}

/* Sends signal to each that still runs, and waits until all have ended or grace (milliseconds) is over. */
static void signal_all(const struct leftover *leftovers, size_t count, int signal, int grace) {
  struct timespec limit;
  clock_gettime(CLOCK_MONOTONIC, &limit);
  limit.tv_sec += grace / 1000;
  for (size_t i = 0; i < count; i++)
    if (syscall(SYS_pidfd_send_signal, leftovers[i].descriptor, signal, NULL, 0) != 0 && errno != ESRCH)
      fail("%s, left over from an earlier run, cannot be ended: %s", leftovers[i].description.bytes, strerror(errno));
  for (size_t i = 0; i < count; i++) has_ended(leftovers[i].descriptor, milliseconds_until(&limit));
}

/* Ends what an earlier run left behind; whether there was anything. */
static bool sweep(const char *assignment, pid_t keeper) {
  struct processes all = processes_all();
  struct leftover *leftovers = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < all.count; i++) {
    int descriptor = open_process(all.ids[i]);
    if (descriptor < 0) continue;
    if (!process_has(all.ids[i], assignment) || is_own(all.ids[i], keeper)) {
      close(descriptor);
      continue;
    }
    grow(&leftovers, &capacity, count + 1, sizeof *leftovers);
    leftovers[count] = (struct leftover){.descriptor = descriptor};
    process_describe(all.ids[i], &leftovers[count++].description);
  }
  signal_all(leftovers, count, SIGTERM, TERM_GRACE);
  signal_all(leftovers, count, SIGKILL, KILL_GRACE);
  for (size_t i = 0; i < count; i++) {
    if (!has_ended(leftovers[i].descriptor, 0))
      fail("%s, left over from an earlier run, does not end even by SIGKILL", leftovers[i].description.bytes);
    report_warning("ended %s, left over from an earlier run", leftovers[i].description.bytes);
    close(leftovers[i].descriptor);
    text_free(&leftovers[i].description);
  }
  free(leftovers);
  processes_free(&all);
  return count > 0;
}

void hold(const char *path, pid_t keeper, const char *leftovers) {
  int keeper_descriptor = open_process(keeper);
  if (keeper_descriptor < 0 || !process_lives(keeper))
    fail("there is no process %d to hold %s for%s%s", (int)keeper, path, errno == ESRCH ? "" : ": ",
         errno == ESRCH ? "" : strerror(errno));
  make_folder_of(path);
  int locked = take_lock(path, keeper);
  if (locked < 0) return;
  write_keeper(path, locked, keeper);
  start_holder(locked, keeper_descriptor);
  for (int left = SWEEPS; leftovers && sweep(leftovers, keeper);)
    if (--left == 0) fail("processes with %s in their environment come back again and again", leftovers);
}

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "report.h"

#define DEFAULT_LOCK "/tmp/assay-machine.lock"

/* Opens the lock's file, which all users share. It is first opened without O_CREAT: with it, fs.protected_regular
 * refuses a file of another user in a folder like /tmp. No child inherits it, or a server would hold the lock. */
static int open_lock(const char *path) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  for (;;) {
    int descriptor = open(path, flags);
    if (descriptor >= 0) return descriptor;
    if (errno == ENOENT) {
      descriptor = open(path, flags | O_CREAT | O_EXCL, 0666);
      if (descriptor >= 0) {
        if (fchmod(descriptor, 0666) != 0) fail_at(path, 0, "cannot be opened to all users: %s", strerror(errno));
        return descriptor;
      }
      if (errno == EEXIST) continue;
    }
    fail_at(path, 0, "the machine's lock cannot be opened: %s (ASSAY_MACHINE_LOCK names another file)",
            errno == ELOOP ? "it is a symbolic link" : strerror(errno));
  }
}

/* Whether path is still the file that was opened; who removed it meanwhile made the lock on it worthless. */
static bool is_in_place(const char *path, const struct stat *opened) {
  struct stat present;
  return lstat(path, &present) == 0 && present.st_dev == opened->st_dev && present.st_ino == opened->st_ino;
}

/* Who holds a lock on the file, from /proc/locks: "1: FLOCK  ADVISORY  WRITE 123 fe:00:456 0 EOF", device in hex, inode
 * in decimal; a waiting one has "->" before FLOCK and does not match. */
static struct processes find_holders(const struct stat *file) {
  struct processes holders = {0};
  FILE *locks = fopen("/proc/locks", "re");
  if (!locks) return holders;
  char *line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, locks) > 0) {
    int id;
    unsigned device_major, device_minor;
    unsigned long long inode;
    if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", &id, &device_major, &device_minor, &inode) != 4) continue;
    if (id > 0 && inode == file->st_ino && makedev(device_major, device_minor) == file->st_dev)
      processes_add(&holders, id);
  }
  free(line);
  fclose(locks);
  return holders;
}

static void say_who_holds_it(const struct processes *holders) {
  struct text names = {0};
  for (size_t i = 0; i < holders->count; i++) {
    if (process_is_below(getpid(), holders->ids[i])) {
      process_describe(holders->ids[i], &names);
      fail("%s, which started this guard, holds the machine already: waiting for it would never end", names.bytes);
    }
  }
  for (size_t i = 0; i < holders->count; i++) {
    if (i > 0) text_append_string(&names, ", ");
    process_describe(holders->ids[i], &names);
  }
  report_warning("waiting for the machine: %s hold%s it", holders->count ? names.bytes : "another process",
                 holders->count > 1 ? "" : "s");
  text_free(&names);
}

static double seconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static bool lock(const char *path, int descriptor, int operation) {
  while (flock(descriptor, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) fail_at(path, 0, "the machine's lock cannot be taken: %s", strerror(errno));
  }
  return true;
}

/* Takes the lock, waiting for it; whether it had to. */
static bool lock_or_wait(const char *path, int descriptor, int operation, const struct stat *file, bool waited) {
  if (lock(path, descriptor, operation | LOCK_NB)) return waited;
  struct processes holders = find_holders(file);
  /* Who held it may have gone before it could be named. */
  if (holders.count == 0 && lock(path, descriptor, operation | LOCK_NB)) return waited;
  if (!waited) say_who_holds_it(&holders);
  processes_free(&holders);
  lock(path, descriptor, operation);
  return true;
}

void machine_take(bool exclusive) {
  const char *path = getenv("ASSAY_MACHINE_LOCK");
  if (!path || !*path) path = DEFAULT_LOCK;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  bool waited = false;
  for (;;) {
    int descriptor = open_lock(path);
    struct stat file;
    if (fstat(descriptor, &file) != 0) fail_at(path, 0, "cannot be examined: %s", strerror(errno));
    if (!S_ISREG(file.st_mode)) fail_at(path, 0, "is not a regular file; the machine's lock must be one");
    waited = lock_or_wait(path, descriptor, exclusive ? LOCK_EX : LOCK_SH, &file, waited);
    if (is_in_place(path, &file)) break;
    close(descriptor);
  }
  double seconds = seconds_since(&start);
  if (waited) report_warning("got the machine after %.*f s", seconds < 10 ? 1 : 0, seconds);
}

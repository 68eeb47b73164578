/* A library for LD_PRELOAD that makes one call fail, by its number, so that a test can try them all:
 *
 *   INJECT_ALLOCATION=N   the Nth malloc, calloc or realloc finds no memory (with INJECT_ALL=1 so do all that follow)
 *   INJECT_READ=N         the Nth read fails with EIO
 *   INJECT_SHORT=1        each read hands out 7 bytes at most
 *   INJECT_COUNT=FILE     how many of either there were: "ALLOCATIONS READS", written at the end
 *
 * Counting begins with the program's own main, behind the dynamic linker and the constructors of its libraries. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static unsigned long allocations, reads, failing_allocation, failing_read;
static int all_fail, is_short, is_on;

static unsigned long number_in(const char *name) {
  const char *text = getenv(name);
  return text ? strtoul(text, NULL, 10) : 0;
}

static int fails(void) {
  if (!is_on) return 0;
  unsigned long number = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
  return failing_allocation > 0 && (number == failing_allocation || (all_fail && number > failing_allocation));
}

void *malloc(size_t size) {
  if (!fails()) return __libc_malloc(size);
  errno = ENOMEM;
  return NULL;
}

void *calloc(size_t count, size_t size) {
  if (!fails()) return __libc_calloc(count, size);
  errno = ENOMEM;
  return NULL;
}

void *realloc(void *old, size_t size) {
  if (!fails()) return __libc_realloc(old, size);
  errno = ENOMEM;
  return NULL;
}

ssize_t read(int descriptor, void *bytes, size_t length) {
  if (is_on && __atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED) == failing_read) {
    errno = EIO;
    return -1;
  }
  return syscall(SYS_read, descriptor, bytes, is_on && is_short && length > 7 ? 7 : length);
}

/* Preloaded libraries come last in the order of constructors. */
__attribute__((constructor)) static void begin(void) {
  failing_allocation = number_in("INJECT_ALLOCATION");
  failing_read = number_in("INJECT_READ");
  all_fail = number_in("INJECT_ALL") > 0;
  is_short = number_in("INJECT_SHORT") > 0;
  is_on = 1;
}

__attribute__((destructor)) static void end(void) {
  is_on = 0;
  const char *file = getenv("INJECT_COUNT");
  if (!file) return;
  char text[64];
  int length = snprintf(text, sizeof text, "%lu %lu\n", allocations, reads);
  int descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (descriptor < 0 || write(descriptor, text, (size_t)length) != length) _exit(99);
  close(descriptor);
}

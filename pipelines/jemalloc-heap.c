/* Asks jemalloc for profiles, in a thread of its own inside the service: one whenever the memory in use has risen by a step
 * over all before, and one when the file ASK appears.
 *
 * In:   ASSAY_HEAP_FOLDER   an existing folder: FOLDER/ask, and the output
 *       ASSAY_HEAP_STEP     bytes
 * Out:  FOLDER/heap.PID.NUMBER.BYTES.heap, FOLDER/end.PID.heap; by rename, so that what is seen is whole
 *
 * jemalloc itself writes one at its exit, which a service that is ended by a signal never comes to, or by every so many
 * allocated bytes, which says nothing of the peak. A peak that is over within 2 ms may be missed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((weak)) int mallctl(const char *name, void *old, size_t *old_length, void *fresh, size_t fresh_length);

static char folder[4096];
static size_t step;

static size_t in_use(void) {
  uint64_t epoch = 1;
  size_t bytes = 0, length = sizeof bytes;
  if (mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) != 0) return 0;
  return mallctl("stats.allocated", &bytes, &length, NULL, 0) == 0 ? bytes : 0;
}

static void dump(const char *path) {
  char part[sizeof folder + 128];
  const char *name = part;
  snprintf(part, sizeof part, "%s.part", path);
  if (mallctl("prof.dump", NULL, NULL, &name, sizeof name) != 0 || rename(part, path) != 0)
    fprintf(stderr, "assay: jemalloc-heap: no profile was written: %s\n", path);
}

static void *watch(void *unused) {
  static const struct timespec pause = {.tv_nsec = 2000000};
  char ask[sizeof folder + 64], path[sizeof folder + 64];
  size_t most = 0;
  unsigned number = 0;
  snprintf(ask, sizeof ask, "%s/ask", folder);
  for (;; nanosleep(&pause, NULL)) {
    size_t bytes = in_use();
    if (bytes >= most + step) {
      most = bytes;
      snprintf(path, sizeof path, "%s/heap.%d.%u.%zu.heap", folder, (int)getpid(), ++number, bytes);
      dump(path);
    }
    if (access(ask, F_OK) != 0) continue;
    snprintf(path, sizeof path, "%s/end.%d.heap", folder, (int)getpid());
    if (access(path, F_OK) != 0) dump(path);
  }
  return unused;
}

/* Signals are for the service's own threads. */
static void start(void) {
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

__attribute__((constructor)) static void begin(void) {
  const char *where = getenv("ASSAY_HEAP_FOLDER"), *how_far = getenv("ASSAY_HEAP_STEP");
  bool profiles = false;
  size_t length = sizeof profiles;
  if (!where || !how_far || strlen(where) >= sizeof folder) return;
  if (!mallctl || mallctl("opt.prof", &profiles, &length, NULL, 0) != 0 || !profiles) return;
  strcpy(folder, where);
  step = strtoul(how_far, NULL, 10);
  start();
  pthread_atfork(NULL, NULL, start); /* a child has no thread but the one that made it */
}

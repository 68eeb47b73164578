/* The watcher: the process between the caller and the service. It starts the service, samples its tree, answers
 * requests on a socket, and ends the tree. */
#ifndef ASSAY_PROCWATCH_WATCHER_H
#define ASSAY_PROCWATCH_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

/* A request is a line: "report", "status", or "stop SECONDS". The answer is 0 and text for standard output, or 1 and
 * text for standard error, until the connection ends. */
struct service {
  int dir;           /* the state folder */
  const char *state; /* its name, for messages */
  char **command;
  unsigned restarts_allowed;
  int64_t interval;  /* ns from sample to sample */
  bool port;         /* wants a port */
};

enum { DEFAULT_GRACE = 5 }; /* s between SIGTERM and SIGKILL */

/* Lives as the watcher in the calling process. Writes one byte to ready once the command has been executed; before, a
 * failure is a message on standard error and exit 1. */
_Noreturn void be_watcher(const struct service *service, int ready);

#endif

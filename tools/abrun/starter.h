/* The process that starts the commands, and ends them: a child of abrun that stays as small as it was at the start.
 *
 * Linux counts into a command's peak RSS what the process held that became it by execve: a copy of whoever forked, and
 * with vfork or posix_spawn all of the caller itself. Forked from this process the floor is about 1 MiB, however much
 * abrun has read; and every run starts from the same memory. */
#ifndef ABRUN_STARTER_H
#define ABRUN_STARTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

/* The environment variable whose length is drawn anew for each run, and the bound of it in bytes. */
#define PADDING_VARIABLE "ASSAY_PADDING"
enum { PADDING_MAX = 4096 };

struct command {
  char *path;       /* the file to execute */
  char **arguments; /* argv, with a NULL at the end */
};

struct start {
  size_t command;      /* index of it */
  size_t padding;      /* bytes in PADDING_VARIABLE, up to PADDING_MAX */
  double limit;        /* seconds, then its process group is killed; 0 for none */
  bool leave_others;   /* what is left of its process group when it ends goes on; else it is killed */
  int output, errors;  /* descriptors for its stdout and stderr; stdin is /dev/null */
};

struct ended {
  int error;                   /* errno of why it could not be started, else 0 */
  bool timed_out, interrupted; /* killed at the limit; killed by starter_interrupt */
  bool by_signal;
  int exit_code;      /* 128 + the number for a signal */
  double wall;        /* s, from execve until it ended */
  struct rusage used; /* by it and the descendants it waited for, since execve; ru_maxrss: KiB, of the largest */
};

/* Forks the process; fail() if that cannot be. Its end of the connection is the result. commands stay as they are. */
int starter_open(const struct command *commands);

/* Starts a command in a session and process group of its own, without a terminal. One at a time. */
void starter_start(int starter, const struct start *start);

/* Kills the command's process group, if it still runs. */
void starter_interrupt(int starter);

/* Waits for the answer to starter_start, which makes the connection readable. */
struct ended starter_ended(int starter);

/* Ends the process. */
void starter_close(int starter);

#endif

/* Processes as /proc shows them: one, the tree below this process, what they have used, and signals to them. */
#ifndef ASSAY_PROCWATCH_PROCESS_H
#define ASSAY_PROCWATCH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memory.h"

struct process {
  pid_t pid;
  int64_t watched;        /* ns that trees have held it for, as read_tree was told */
  bool executed;          /* false for one that was forked and still runs the program, in the memory, of its parent */
  bool ended;             /* a zombie: its parent has not waited for it */
  uint64_t rss, peak_rss; /* KiB: VmRSS and VmHWM of /proc/PID/status */
  uint64_t threads;
};

struct tree {
  struct process *processes; /* parents before their children */
  size_t count, capacity;
};

struct used {
  double cpu_seconds; /* user and system */
  uint64_t minor_faults, major_faults;
};

/* Replaces content by that of the file path, from the folder dir; false where it cannot be read. */
bool read_file(int dir, const char *path, struct text *content);

/* Replaces the tree by all descendants of this process. previous is what was read before, or empty; passed is the time
 * since then, ns. Both trees start from {0}. */
void read_tree(struct tree *tree, const struct tree *previous, int64_t passed);

/* Adds what one process, and the children that it has waited for, have used; nothing where there is no such process. */
void add_used_by(struct used *used, pid_t pid);

/* A descriptor of the process, or -1. A signal sent to it can never reach another process that got the same number. */
int open_process(pid_t pid);
int signal_process(int process, int signal_number);

/* Reads the tree anew and sends the signal to all of it; SIGCONT after a SIGTERM, for those that are stopped. */
void signal_tree(struct tree *tree, int signal_number);

/* One pass over all processes: SIGKILL to those whose first environment held this entry (NAME=value), this process
 * left out. Gives how many there were, and in *last one of them. */
size_t kill_carriers(const char *entry, pid_t *last);

/* fail() when the kernel lacks what the functions above need. */
void check_kernel(void);

#endif

#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"

enum { FORKED_NOT_EXECUTED = 0x40 }; /* PF_FORKNOEXEC (Linux, include/linux/sched.h) in the flags of /proc/PID/stat */

bool read_file(int dir, const char *path, struct text *content) {
  text_clear(content);
  int file = openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  size_t room;
  ssize_t got;
  do {
    grow(&content->bytes, &content->capacity, sum_of(content->length, 4096), 1);
    room = content->capacity - content->length - 1;
    got = read(file, content->bytes + content->length, room);
    if (got > 0) content->length += (size_t)got;
  } while (got == (ssize_t)room); /* these files give less only at their end */
  close(file);
  content->bytes[content->length] = '\0';
  return got >= 0;
}

static bool read_proc(pid_t pid, const char *name, struct text *content) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  return read_file(AT_FDCWD, path, content);
}

/* The number after key in the text of /proc/PID/status, 0 where there is none. key begins with a newline: the first
 * line holds a name that the process chose. */
static uint64_t status_number(const char *status, const char *key) {
  const char *found = strstr(status, key);
  return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

static struct text proc_text; /* what was last read of /proc; kept for its memory */

static bool read_process(struct process *process) {
  if (!read_proc(process->pid, "status", &proc_text)) return false;
  const char *state = strstr(proc_text.bytes, "\nState:\t");
  process->ended = state && (state[8] == 'Z' || state[8] == 'X');
  process->rss = status_number(proc_text.bytes, "\nVmRSS:");
  process->peak_rss = status_number(proc_text.bytes, "\nVmHWM:");
  process->threads = status_number(proc_text.bytes, "\nThreads:");
  return true;
}

/* Fields of /proc/PID/stat, numbered as in proc(5). */
enum {
  PARENT = 4,
  FLAGS = 9,
  MINOR,
  CHILD_MINOR,
  MAJOR,
  CHILD_MAJOR,
  USER,
  SYSTEM,
  CHILD_USER,
  CHILD_SYSTEM,
  FIELDS_END
};

static bool read_stat(pid_t pid, uint64_t field[static FIELDS_END]) {
  if (!read_proc(pid, "stat", &proc_text)) return false;
  char *at = strrchr(proc_text.bytes, ')'); /* ends field 2, a name that may hold anything */
  if (!at || at[1] != ' ' || !at[2]) return false;
  at += 3;
  for (int i = PARENT; i < FIELDS_END; i++) {
    char *end;
    field[i] = (uint64_t)strtoll(at, &end, 10);
    if (end == at) return false;
    at = end;
  }
  return true;
}

static void add_children_of_thread(struct tree *tree, pid_t pid, long thread) {
  char name[48];
  snprintf(name, sizeof name, "task/%ld/children", thread);
  if (!read_proc(pid, name, &proc_text)) return;
  char *end;
  for (char *at = proc_text.bytes;; at = end) {
    long child = strtol(at, &end, 10);
    if (end == at) return;
    grow(&tree->processes, &tree->capacity, tree->count + 1, sizeof *tree->processes);
    tree->processes[tree->count++] = (struct process){.pid = (pid_t)child};
  }
}

static void add_children(struct tree *tree, pid_t pid, uint64_t threads) {
  if (threads <= 1) { /* the common case, without a look into the folder */
    add_children_of_thread(tree, pid, pid);
    return;
  }
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *folder = opendir(path);
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] != '.') add_children_of_thread(tree, pid, strtol(entry->d_name, NULL, 10));
  }
  closedir(folder);
}

static const struct process *find(const struct tree *tree, pid_t pid, size_t likely) {
  if (likely < tree->count && tree->processes[likely].pid == pid) return &tree->processes[likely];
  for (size_t i = 0; i < tree->count; i++) {
    if (tree->processes[i].pid == pid) return &tree->processes[i];
  }
  return NULL;
}

static bool has_executed(pid_t pid) {
  uint64_t field[FIELDS_END];
  return read_stat(pid, field) && !(field[FLAGS] & FORKED_NOT_EXECUTED);
}

void read_tree(struct tree *tree, const struct tree *previous, int64_t passed) {
  tree->count = 0;
  add_children(tree, getpid(), 1);
  for (size_t i = 0; i < tree->count; i++) {
    struct process process = tree->processes[i];
    const struct process *known = find(previous, process.pid, i);
    process.watched = known ? known->watched + passed : 0;
    /* Asked before the memory is read: what has executed by now does not show the memory of its parent then. */
    process.executed = (known && known->executed) || has_executed(process.pid);
    if (!read_process(&process)) process.ended = true;
    tree->processes[i] = process;
    if (!process.ended) add_children(tree, process.pid, process.threads);
  }
}

/* The CPU clock of a process counts nanoseconds; the times of children that were waited for are known in ticks. */
void add_used_by(struct used *used, pid_t pid) {
  uint64_t field[FIELDS_END];
  if (!read_stat(pid, field)) return;
  double ticks = (double)sysconf(_SC_CLK_TCK);
  clockid_t id;
  struct timespec time;
  if (clock_getcpuclockid(pid, &id) == 0 && clock_gettime(id, &time) == 0)
    used->cpu_seconds += (double)time.tv_sec + (double)time.tv_nsec / 1e9;
  else used->cpu_seconds += (double)(field[USER] + field[SYSTEM]) / ticks;
  used->cpu_seconds += (double)(field[CHILD_USER] + field[CHILD_SYSTEM]) / ticks;
  used->minor_faults += field[MINOR] + field[CHILD_MINOR];
  used->major_faults += field[MAJOR] + field[CHILD_MAJOR];
}

int open_process(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int signal_process(int process, int signal_number) {
  return (int)syscall(SYS_pidfd_send_signal, process, signal_number, NULL, 0);
}

static bool is_descendant(pid_t pid) {
  uint64_t field[FIELDS_END];
  while (pid > 1 && read_stat(pid, field)) {
    pid = (pid_t)field[PARENT];
    if (pid == getpid()) return true;
  }
  return false;
}

void signal_tree(struct tree *tree, int signal_number) {
  read_tree(tree, &(struct tree){0}, 0);
  for (size_t i = 0; i < tree->count; i++) {
    pid_t pid = tree->processes[i].pid;
    int process = open_process(pid);
    if (process < 0) continue;
    if (is_descendant(pid)) {
      signal_process(process, signal_number);
      if (signal_number == SIGTERM) signal_process(process, SIGCONT);
    }
    close(process);
  }
}

/* Does the environment that the process was started with hold this entry? */
static bool carries(pid_t pid, const char *entry) {
  if (!read_proc(pid, "environ", &proc_text)) return false;
  const char *end = proc_text.bytes + proc_text.length;
  for (const char *at = proc_text.bytes; at < end; at += strlen(at) + 1) {
    if (strcmp(at, entry) == 0) return true;
  }
  return false;
}

size_t kill_carriers(const char *entry, pid_t *last) {
  DIR *folder = opendir("/proc");
  if (!folder) fail("cannot read /proc: %s", strerror(errno));
  size_t found = 0;
  for (struct dirent *listed; (listed = readdir(folder));) {
    pid_t pid = (pid_t)strtol(listed->d_name, NULL, 10);
    if (pid <= 0 || pid == getpid()) continue;
    int process = open_process(pid);
    if (process < 0) continue;
    if (carries(pid, entry)) {
      signal_process(process, SIGKILL);
      *last = pid;
      found++;
    }
    close(process);
  }
  closedir(folder);
  return found;
}

void check_kernel(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  if (access(path, R_OK) != 0) fail("this kernel does not list the children of a process (CONFIG_PROC_CHILDREN)");
  int self = open_process(getpid());
  if (self < 0) fail("this kernel has no pidfd_open (Linux 5.3): %s", strerror(errno));
  close(self);
}

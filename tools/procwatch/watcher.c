#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "port.h"
#include "process.h"
#include "report.h"
#include "state.h"

enum {
  COST_LIMIT = 250, /* the watcher rests at least this many times as long as a sample took the CPU */
  FORK_LIMIT = 100, /* ms; a fork that lasts longer is a process of its own */
};

struct watch {
  const struct service *service;
  int log, signals, listener; /* descriptors */
  ino_t socket_inode;
  pid_t pid;              /* of the service, 0 when it does not run */
  int status;             /* of the service's last end, as wait gives it */
  unsigned restarts;
  struct text down;       /* why the service is down for good; empty while it runs */
  struct tree tree, previous;
  int64_t sampled;        /* ns, the clock of now(): when the tree was read last */
  struct used reaped;     /* by descendants that this process has waited for, and by those that they waited for */
  uint64_t rss, peak_rss; /* KiB, of the tree */
  long launcher_rss;      /* KiB, of this process when it started the service */
};

static void raise_peak(struct watch *watch, uint64_t rss) {
  if (rss > watch->peak_rss) watch->peak_rss = rss;
}

/* Looks at the tree once. A process between fork and exec shows the pages that it shares with its parent: were it
 * counted, a sample at that moment would count the parent twice. So one that has not executed counts only when it has
 * been there for FORK_LIMIT. The time since the last sample counts for at most `most` ns, the pause that was meant: what
 * goes beyond it is a machine that stood still, and the fork with it. True when such a process was left out. */
static bool sample(struct watch *watch, int64_t most) {
  struct tree previous = watch->tree;
  watch->tree = watch->previous;
  watch->previous = previous;
  int64_t before = watch->sampled;
  watch->sampled = now();
  read_tree(&watch->tree, &previous, watch->sampled - before < most ? watch->sampled - before : most);
  bool left_out = false;
  watch->rss = 0;
  for (size_t i = 0; i < watch->tree.count; i++) {
    const struct process *process = &watch->tree.processes[i];
    raise_peak(watch, process->peak_rss);
    if (process->executed || process->watched >= from_milliseconds(FORK_LIMIT)) watch->rss += process->rss;
    else if (!process->ended) left_out = true;
  }
  raise_peak(watch, watch->rss);
  return left_out;
}

static double seconds_of(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

/* Waits for every child that has ended; false when no child is left, live or dead. */
static bool reap(struct watch *watch) {
  for (;;) {
    int status;
    struct rusage of_child;
    pid_t pid = wait4(-1, &status, WNOHANG, &of_child);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return pid == 0;
    watch->reaped.cpu_seconds += seconds_of(of_child.ru_utime) + seconds_of(of_child.ru_stime);
    watch->reaped.minor_faults += (uint64_t)of_child.ru_minflt;
    watch->reaped.major_faults += (uint64_t)of_child.ru_majflt;
    /* ru_maxrss also counts the process image that forked: one of the tree, except for the service's own start. */
    if (of_child.ru_maxrss > watch->launcher_rss) raise_peak(watch, (uint64_t)of_child.ru_maxrss);
    if (pid == watch->pid) {
      watch->pid = 0;
      watch->status = status;
    }
  }
}

/* True once no child is left; false at the time limit. SIGCHLD is blocked, so none is missed between two looks. */
static bool wait_for_end(struct watch *watch, int64_t limit) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  while (reap(watch)) {
    int64_t left = limit - now();
    if (left <= 0) return false;
    struct timespec time = to_timespec(left);
    sigtimedwait(&child, NULL, &time);
  }
  return true;
}

/* Ends the whole tree; false when something in it cannot be ended. */
static bool end_tree(struct watch *watch, double grace) {
  if (grace > 0 && reap(watch)) {
    signal_tree(&watch->tree, SIGTERM);
    if (wait_for_end(watch, now() + from_seconds(grace))) return true;
  }
  int64_t limit = now() + from_seconds(KILL_LIMIT);
  while (reap(watch)) {
    signal_tree(&watch->tree, SIGKILL);
    if (wait_for_end(watch, now() + from_milliseconds(20))) return true;
    if (now() > limit) return false;
  }
  return true;
}

static _Noreturn void become_service(const struct watch *watch, int failure, pid_t watcher) {
  for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a service that nobody watches must not live on */
  if (getppid() != watcher) _exit(127);
  /* Before the command runs, so that whoever has met the service finds its number. */
  if (!write_state_number(watch->service->dir, "service.pid", getpid()))
    report_warning("cannot write service.pid: %s", strerror(errno));
  char **command = watch->service->command;
  if (dup2(watch->log, 1) >= 0 && dup2(watch->log, 2) >= 0) execvp(*command, command);
  int error = errno;
  if (write(failure, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

/* Starts the command and waits until it was executed; gives 0, or the error. */
static int start_service(struct watch *watch) {
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) return errno;
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  watch->launcher_rss = own.ru_maxrss;
  pid_t watcher = getpid(), pid = fork();
  if (pid == 0) become_service(watch, failure[1], watcher);
  int error = pid < 0 ? errno : 0;
  close(failure[1]);
  if (pid > 0) {
    ssize_t got;
    while ((got = read(failure[0], &error, sizeof error)) < 0 && errno == EINTR) {}
    if (got > 0) waitpid(pid, NULL, 0);
    else watch->pid = pid;
  }
  close(failure[0]);
  return error;
}

static void describe_end(struct text *text, int status) {
  char number[64];
  text_clear(text);
  if (WIFSIGNALED(status)) {
    snprintf(number, sizeof number, "service was ended by signal %d, ", WTERMSIG(status));
    text_append_string(text, number);
    text_append_string(text, strsignal(WTERMSIG(status)));
  } else {
    snprintf(number, sizeof number, "service ended with status %d", WEXITSTATUS(status));
    text_append_string(text, number);
  }
}

/* The command has ended by itself: what is left of its tree is ended (it may hold the port), then it starts again,
 * or is down for good. */
static void on_service_end(struct watch *watch) {
  describe_end(&watch->down, watch->status);
  if (!end_tree(watch, 0)) report_warning("a process that the service left cannot be ended");
  if (watch->restarts < watch->service->restarts_allowed) {
    int error = start_service(watch);
    if (!error) {
      watch->restarts++;
      report_warning("%s; started again (%u of %u)", watch->down.bytes, watch->restarts,
                     watch->service->restarts_allowed);
      text_clear(&watch->down);
      return;
    }
    text_append_string(&watch->down, " and cannot be started again: ");
    text_append_string(&watch->down, strerror(error));
  }
  unlinkat(watch->service->dir, "service.pid", 0);
  report_warning("%s; not started again (%u of %u)", watch->down.bytes, watch->restarts,
                 watch->service->restarts_allowed);
}

static void answer_report(struct watch *watch, int client) {
  int64_t limit = from_milliseconds(FORK_LIMIT);
  if (sample(watch, limit)) {
    rest(limit);
    sample(watch, limit);
  }
  struct used used = watch->reaped;
  size_t live = 0;
  for (size_t i = 0; i < watch->tree.count; i++) {
    add_used_by(&used, watch->tree.processes[i].pid);
    if (!watch->tree.processes[i].ended) live++;
  }
  dprintf(client,
          "0peak_rss_mb=%.3f\nrss_mb=%.3f\ncpu_seconds=%.6f\nminor_faults=%" PRIu64 "\nmajor_faults=%" PRIu64
          "\nrestarts=%u\nprocesses=%zu\n",
          (double)watch->peak_rss / 1024, (double)watch->rss / 1024, used.cpu_seconds, used.minor_faults,
          used.major_faults, watch->restarts, live);
}

/* Is the state folder, with the watcher's socket, still there? */
static bool is_in_place(const struct watch *watch) {
  struct stat found;
  return fstatat(watch->service->dir, "watch.sock", &found, AT_SYMLINK_NOFOLLOW) == 0 &&
         found.st_ino == watch->socket_inode;
}

static _Noreturn void end_watch(struct watch *watch, double grace) {
  bool ended = end_tree(watch, grace);
  if (is_in_place(watch)) remove_state(watch->service->dir); /* else another is removing it */
  if (!ended) fail("a process of the service cannot be ended");
  exit(0);
}

static void answer_stop(struct watch *watch, int client, double grace) {
  if (!end_tree(watch, grace)) {
    char number[32];
    read_tree(&watch->tree, &watch->previous, 0);
    snprintf(number, sizeof number, "%d", watch->tree.count ? (int)watch->tree.processes[0].pid : 0);
    text_clear(&watch->down);
    text_append_string(&watch->down, "service was stopped, but its process ");
    text_append_string(&watch->down, number);
    text_append_string(&watch->down, " cannot be ended");
    dprintf(client, "1%s", watch->down.bytes);
    return;
  }
  remove_state(watch->service->dir);
  dprintf(client, "0");
  exit(0);
}

static void serve(struct watch *watch) {
  int client = accept4(watch->listener, NULL, NULL, SOCK_CLOEXEC);
  if (client < 0) return;
  struct timeval limit = {.tv_sec = 1};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  char request[32] = "";
  ssize_t got = recv(client, request, sizeof request - 1, 0);
  request[got > 0 ? got : 0] = '\0';
  if (strncmp(request, "stop ", 5) == 0) answer_stop(watch, client, strtod(request + 5, NULL));
  else if (watch->down.length) dprintf(client, "1%s", watch->down.bytes);
  else if (strcmp(request, "report\n") == 0) answer_report(watch, client);
  else if (strcmp(request, "status\n") == 0)
    dprintf(client, "0service runs: process %d, restarts %u of %u\n", (int)watch->pid, watch->restarts,
            watch->service->restarts_allowed);
  close(client);
}

/* Reads all pending signals; true when one of them asks for the end. */
static bool is_asked_to_end(int signals) {
  struct signalfd_siginfo got;
  bool asked = false;
  while (read(signals, &got, sizeof got) == (ssize_t)sizeof got) asked |= got.ssi_signo != SIGCHLD;
  return asked;
}

static _Noreturn void watch_service(struct watch *watch) {
  int64_t due = now(), pause = 0, cpu_before = clock_now(CLOCK_PROCESS_CPUTIME_ID);
  for (;;) {
    struct timespec time = to_timespec(due - now());
    struct pollfd ready[] = {{.fd = watch->signals, .events = POLLIN}, {.fd = watch->listener, .events = POLLIN}};
    ppoll(ready, 2, &time, NULL);
    if (is_asked_to_end(watch->signals)) end_watch(watch, DEFAULT_GRACE);
    reap(watch);
    if (!watch->pid && !watch->down.length) on_service_end(watch);
    if (ready[1].revents) serve(watch);
    if (now() < due) continue;
    if (!is_in_place(watch)) end_watch(watch, 0);
    if (watch->pid) sample(watch, pause);
    int64_t cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
    pause = (cpu - cpu_before) * COST_LIMIT;
    if (pause < watch->service->interval) pause = watch->service->interval;
    cpu_before = cpu;
    due = now() + pause;
  }
}

static void open_socket(struct watch *watch) {
  struct sockaddr_un address = state_address(watch->service->dir);
  struct stat made;
  watch->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  mode_t mask = umask(077);
  if (watch->listener < 0 || bind(watch->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(watch->listener, 64) != 0 || fstatat(watch->service->dir, "watch.sock", &made, AT_SYMLINK_NOFOLLOW) != 0)
    fail("cannot make the socket watch.sock in the state folder: %s", strerror(errno));
  umask(mask);
  watch->socket_inode = made.st_ino;
}

static void take_signals(struct watch *watch) {
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGCHLD);
  sigaddset(&taken, SIGTERM);
  sigaddset(&taken, SIGINT);
  sigprocmask(SIG_SETMASK, &taken, NULL);
  signal(SIGCHLD, SIG_DFL); /* ignored, it would take the ends of children away */
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  watch->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (watch->signals < 0) fail("cannot watch signals: %s", strerror(errno));
}

static void close_streams(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) fail("cannot open /dev/null: %s", strerror(errno));
  close(null);
}

static void lock_state(const struct service *service) {
  if (flock(service->dir, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK) fail("%s: a watcher already runs for it; end it with procwatch stop", service->state);
  fail("%s: cannot be locked: %s", service->state, strerror(errno));
}

void be_watcher(const struct service *service, int ready) {
  struct watch watch = {.service = service};
  int dir = service->dir;
  setsid();
  take_signals(&watch);
  check_kernel();
  close_streams();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("cannot become a subreaper: %s", strerror(errno));
  lock_state(service);
  clear_remains(dir);
  unsigned port = service->port ? provide_port() : 0;
  watch.log = openat(dir, "service.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (watch.log < 0) fail("%s/service.log: %s", service->state, strerror(errno));
  mark_environment(dir);
  open_socket(&watch);
  if (!write_state_number(dir, "watcher.pid", getpid()) || (port && !write_state_number(dir, "port", port)))
    fail("%s: cannot write to the state folder: %s", service->state, strerror(errno));
  int error = start_service(&watch);
  if (error) {
    remove_state(dir);
    fail("cannot run %s: %s", *service->command, strerror(error));
  }
  dup2(watch.log, 2); /* from now on messages go to service.log */
  if (write(ready, "r", 1) != 1) end_watch(&watch, DEFAULT_GRACE); /* the caller has gone: nobody knows of it */
  close(ready);
  watch_service(&watch);
}

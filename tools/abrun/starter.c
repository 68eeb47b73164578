#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"

extern char **environ;

enum { EXIT_NOT_RUN = 127, EXIT_SIGNAL = 128 };

/* What a new process notes just before it becomes the command; on a page that it shares with the starter. */
struct mark {
  struct timespec time;
  struct rusage used; /* by the fork alone: not the command's */
  int error;
};

struct starter {
  int control; /* connection to abrun */
  const struct command *commands;
  struct mark *mark;
  char **environment; /* the last entry is the padding */
  size_t padding_entry;
  sigset_t waiting; /* mask with which the end of a child is noticed */
};

static pid_t process; /* in abrun: the starter's id */

static double seconds_between(struct timespec from, struct timespec to) {
  return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static struct timespec now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time;
}

static struct timespec timespec_of(double seconds) {
  if (seconds < 0) seconds = 0;
  time_t whole = (time_t)seconds;
  return (struct timespec){.tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9)};
}

/* The environment of abrun, and PADDING_VARIABLE with PADDING_MAX bytes, of which each run gets the end. */
static void make_environment(struct starter *starter) {
  size_t count = 0;
  while (environ[count]) count++;
  starter->environment = take_array(count + 2, sizeof *starter->environment);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (strncmp(environ[i], PADDING_VARIABLE "=", sizeof PADDING_VARIABLE) != 0)
      starter->environment[kept++] = environ[i];
  char *padding = take(sizeof PADDING_VARIABLE + PADDING_MAX + 1);
  memcpy(padding, PADDING_VARIABLE "=", sizeof PADDING_VARIABLE);
  memset(padding + sizeof PADDING_VARIABLE, 'x', PADDING_MAX);
  starter->environment[kept] = padding;
  starter->environment[kept + 1] = NULL;
  starter->padding_entry = kept;
}

static void set_padding(struct starter *starter, size_t length) {
  char *value = starter->environment[starter->padding_entry] + sizeof PADDING_VARIABLE;
  memset(value, 'x', length);
  value[length] = '\0';
}

/* The command gets the same surroundings wherever abrun was started: no signal blocked or ignored, no terminal. */
_Noreturn static void become(const struct starter *starter, const struct start *start, pid_t parent) {
  const struct command *command = &starter->commands[start->command];
  struct mark *mark = starter->mark;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(EXIT_NOT_RUN);
  setsid();
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(start->output, STDOUT_FILENO) >= 0 &&
      dup2(start->errors, STDERR_FILENO) >= 0) {
    getrusage(RUSAGE_SELF, &mark->used);
    mark->time = now();
    execve(command->path, command->arguments, starter->environment);
  }
  mark->error = errno;
  _exit(EXIT_NOT_RUN);
}

/* Also the process alone: it may not have a group yet. */
static void kill_group(pid_t leader) {
  kill(-leader, SIGKILL);
  kill(leader, SIGKILL);
}

/* Waits until the command has ended, and leaves it a zombie, so that its id still names its group alone. */
static void await(const struct starter *starter, pid_t command, double limit, struct ended *ended) {
  struct pollfd control = {.fd = starter->control, .events = POLLIN};
  struct timespec begin = now();
  for (;;) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)command, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == command) return;
    bool limited = limit > 0 && !ended->timed_out;
    struct timespec left = limited ? timespec_of(limit - seconds_between(begin, now())) : (struct timespec){0};
    int ready = ppoll(&control, 1, limited ? &left : NULL, &starter->waiting);
    if (ready < 0) continue;
    if (ready == 0) ended->timed_out = true;
    else ended->interrupted = true, control.fd = -1; /* a word from abrun, or its end */
    kill_group(command);
  }
}

static void subtract_time(struct timeval *from, const struct timeval *what) {
  struct timeval result;
  timersub(from, what, &result);
  *from = result.tv_sec < 0 ? (struct timeval){0} : result;
}

static void subtract_usage(struct rusage *from, const struct rusage *what) {
  subtract_time(&from->ru_utime, &what->ru_utime);
  subtract_time(&from->ru_stime, &what->ru_stime);
  from->ru_minflt -= what->ru_minflt;
  from->ru_majflt -= what->ru_majflt;
  from->ru_nvcsw -= what->ru_nvcsw;
  from->ru_nivcsw -= what->ru_nivcsw;
}

static struct ended run(struct starter *starter, const struct start *start) {
  struct ended ended = {0};
  set_padding(starter, start->padding);
  memset(starter->mark, 0, sizeof *starter->mark);
  pid_t parent = getpid(), command = fork();
  if (command < 0) return (struct ended){.error = errno};
  if (command == 0) become(starter, start, parent);
  await(starter, command, start->limit, &ended);
  struct timespec end = now();
  if (!start->leave_others) kill(-command, SIGKILL);
  int status;
  while (wait4(command, &status, 0, &ended.used) < 0 && errno == EINTR) {}
  ended.error = starter->mark->error;
  ended.wall = seconds_between(starter->mark->time, end);
  ended.by_signal = WIFSIGNALED(status);
  ended.exit_code = ended.by_signal ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
  subtract_usage(&ended.used, &starter->mark->used);
  return ended;
}

/* The next order from abrun, with the descriptors that came along; false when abrun has ended. */
static bool receive_start(int control, struct start *start) {
  for (;;) {
    union {
      struct cmsghdr header;
      char bytes[CMSG_SPACE(2 * sizeof(int))];
    } extra;
    struct iovec part = {.iov_base = start, .iov_len = sizeof *start};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = extra.bytes, .msg_controllen = sizeof extra.bytes};
    ssize_t length = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return false;
    if ((size_t)length != sizeof *start) continue; /* an interruption that came after the command's end */
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(2 * sizeof(int))) return false;
    int descriptors[2];
    memcpy(descriptors, CMSG_DATA(header), sizeof descriptors);
    start->output = descriptors[0];
    start->errors = descriptors[1];
    return true;
  }
}

static void notice_child(int number) { (void)number; }

_Noreturn static void serve(struct starter *starter) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, &starter->waiting);
  sigdelset(&starter->waiting, SIGCHLD);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = notice_child}, NULL);
  signal(SIGQUIT, SIG_IGN); /* typed at the terminal it ends abrun, and by that the command, not this process first */
  for (struct start start; receive_start(starter->control, &start);) {
    struct ended ended = run(starter, &start);
    close(start.output);
    close(start.errors);
    if (send(starter->control, &ended, sizeof ended, MSG_NOSIGNAL) < 0) break;
  }
  _exit(0);
}

int starter_open(const struct command *commands) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    fail("cannot make a pair of sockets: %s", strerror(errno));
  struct starter starter = {.control = ends[1], .commands = commands};
  starter.mark = mmap(NULL, sizeof *starter.mark, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (starter.mark == MAP_FAILED) fail("cannot share memory: %s", strerror(errno));
  process = fork();
  if (process < 0) fail("cannot start a process: %s", strerror(errno));
  if (process == 0) {
    close(ends[0]);
    make_environment(&starter);
    serve(&starter);
  }
  close(ends[1]);
  munmap(starter.mark, sizeof *starter.mark);
  return ends[0];
}

void starter_start(int starter, const struct start *start) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
  } extra = {0};
  struct iovec part = {.iov_base = (void *)(size_t)start, .iov_len = sizeof *start};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = extra.bytes, .msg_controllen = sizeof extra.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(2 * sizeof(int));
  memcpy(CMSG_DATA(header), (int[2]){start->output, start->errors}, 2 * sizeof(int));
  if (sendmsg(starter, &message, MSG_NOSIGNAL) < 0)
    fail("the process that starts the commands does not answer: %s", strerror(errno));
}

void starter_interrupt(int starter) { send(starter, "", 1, MSG_NOSIGNAL); }

struct ended starter_ended(int starter) {
  struct ended ended;
  ssize_t length;
  while ((length = recv(starter, &ended, sizeof ended, 0)) < 0 && errno == EINTR) {}
  if (length != sizeof ended) fail("the process that starts the commands has ended; a command may be left running");
  return ended;
}

void starter_close(int starter) {
  close(starter);
  while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
}

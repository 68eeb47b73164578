/* guard: runs a command such that nothing of it outlives it.
 *
 * In: a command and its arguments. Out: what the command writes, its exit status, and no process of its making: not
 * when it ends, not when guard is told to end, not when guard's parent dies. On the way it can take the machine's lock,
 * and end the command at a limit. With --hold it instead holds a lock for as long as another process lives. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/hold.h"
#include "guard/machine.h"
#include "guard/process.h"
#include "report.h"

static const char help[] =
    "usage: guard [-m shared|exclusive [-f TEXT]] [-l SECONDS] [--] COMMAND [ARGUMENT...]\n"
    "       guard -H LOCKFILE PID [-s NAME=VALUE]\n"
    "\n"
    "Runs COMMAND in a session of its own. When it ends, and when guard gets a TERM, INT,\n"
    "HUP or QUIT signal or its parent dies, all processes that descend from COMMAND are\n"
    "ended, daemons included.\n"
    "\n"
    "  -m, --machine shared|exclusive  first take the machine's lock, waiting for it\n"
    "  -f, --for TEXT                  what for: shown to others who wait for the machine\n"
    "  -l, --limit SECONDS             end COMMAND after so long, with exit status 124\n"
    "  -H, --hold LOCKFILE             hold the lock LOCKFILE in the background until the\n"
    "                                  process PID ends; fail at once if another holds it\n"
    "  -s, --sweep NAME=VALUE          with --hold: end what runs with NAME=VALUE in its\n"
    "                                  environment and is not of PID's family\n"
    "  -h, --help                      show this\n"
    "  -V, --version                   show the version\n"
    "\n"
    "Exit status: COMMAND's; 128 + N if signal N ended COMMAND or guard; 124 at the limit;\n"
    "126 or 127 if COMMAND cannot be run; 1 if guard cannot do its work; 2 for bad usage.\n";

enum { EXIT_LIMIT = 124, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

/* How long to go on with processes of another user that may not be ended: they may end without their parents. */
enum { DENIED_TRIES = 100, TRY_MILLISECONDS = 20 };

struct options {
  const char *machine, *purpose, *limit, *lock, *leftovers;
};

/* The signals that end the run. */
static sigset_t ending;

static void parse_options(int count, char **arguments, struct options *options) {
  static const struct option names[] = {
      {"machine", required_argument, NULL, 'm'}, {"for", required_argument, NULL, 'f'},
      {"limit", required_argument, NULL, 'l'},   {"hold", required_argument, NULL, 'H'},
      {"sweep", required_argument, NULL, 's'},   {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},       {0},
  };
  opterr = 0;
  for (int option; (option = getopt_long(count, arguments, "+:m:f:l:H:s:hV", names, NULL)) != -1;) {
    switch (option) {
      case 'm': options->machine = optarg; break;
      case 'f': options->purpose = optarg; break;
      case 'l': options->limit = optarg; break;
      case 'H': options->lock = optarg; break;
      case 's': options->leftovers = optarg; break;
      case 'h': show_help(help);
      case 'V': show_version();
      case ':': fail_usage("the option %s needs a value", arguments[optind - 1]);
      default: fail_usage("there is no option '%s'", arguments[optind - 1]);
    }
  }
}

static pid_t parse_process(const char *number) {
  char *end;
  errno = 0;
  long id = strtol(number, &end, 10);
  if (errno || *end || id <= 0 || id != (pid_t)id) fail_usage("'%s' is no process id", number);
  return (pid_t)id;
}

static double parse_limit(const char *number) {
  char *end;
  double seconds = strtod(number, &end);
  if (end == number || *end || !(seconds > 0) || seconds > 1e9)
    fail_usage("--limit %s: a number of seconds above 0 and up to 1e9 is expected", number);
  return seconds;
}

static void leave(int signal) { _exit(EXIT_SIGNAL + signal); }

/* Sets which signals end the run, and lets them do so at once until the command is started. Those that guard's parent
 * had it ignore, as a shell does for a background job and nohup for HUP, stay ignored; not TERM, by which the kernel
 * tells of the parent's death. */
static void prepare_signals(void) {
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  sigemptyset(&ending);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction present;
    sigaction(signals[i], NULL, &present);
    if (present.sa_handler == SIG_IGN && signals[i] != SIGTERM) continue;
    sigaction(signals[i], &(struct sigaction){.sa_handler = leave}, NULL);
    sigaddset(&ending, signals[i]);
  }
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN); /* nobody left to read a message is no reason to leave processes behind */
  sigprocmask(SIG_UNBLOCK, &ending, NULL);
}

/* Has the kernel send signal when the parent dies. Who died before could not be told from another parent, so parent is
 * what getppid() gave earlier. */
static void end_with_parent(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  if (getppid() != parent) _exit(EXIT_SIGNAL + signal);
}

/* The command gets the same surroundings wherever guard was started: no signal blocked or ignored, no terminal. */
_Noreturn static void become(char **command, pid_t guard) {
  end_with_parent(guard, SIGKILL);
  setsid();
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0) fail_at("/dev/null", 0, "cannot be opened: %s", strerror(errno));
  if (null != STDIN_FILENO) close(null);
  execvp(command[0], command);
  int error = errno;
  report_warning("%s: cannot be run: %s", command[0], strerror(error));
  _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

static struct timespec after(double seconds) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  time_t whole = (time_t)seconds;
  time.tv_sec += whole;
  time.tv_nsec += (long)((seconds - (double)whole) * 1e9);
  if (time.tv_nsec >= 1000000000) {
    time.tv_sec++;
    time.tv_nsec -= 1000000000;
  }
  return time;
}

/* The next signal of the set; 0 when limit (NULL: none) has passed. */
static int next_signal(const sigset_t *signals, const struct timespec *limit) {
  for (;;) {
    struct timespec left = {0}, now;
    if (limit) {
      clock_gettime(CLOCK_MONOTONIC, &now);
      left = (struct timespec){limit->tv_sec - now.tv_sec, limit->tv_nsec - now.tv_nsec};
      if (left.tv_nsec < 0) {
        left.tv_sec--;
        left.tv_nsec += 1000000000;
      }
      if (left.tv_sec < 0) left = (struct timespec){0};
    }
    int signal = sigtimedwait(signals, NULL, limit ? &left : NULL);
    if (signal > 0) return signal;
    if (errno == EAGAIN) return 0;
  }
}

/* Waits until the command ends, a signal ends the run or the limit (seconds; NULL: none) has passed; what guard is to
 * exit with. */
static int wait_for(pid_t command, const sigset_t *signals, const char *seconds, bool *passed_limit) {
  struct timespec limit;
  if (seconds) limit = after(parse_limit(seconds));
  for (;;) {
    int status;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == command) return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
    int signal = next_signal(signals, seconds ? &limit : NULL);
    *passed_limit = signal == 0;
    if (*passed_limit) return EXIT_LIMIT;
    if (signal != SIGCHLD) return EXIT_SIGNAL + signal;
  }
}

/* Kills all children; whether that was permitted for any. */
static bool kill_children(const struct processes *children) {
  bool permitted = false;
  for (size_t i = 0; i < children->count; i++)
    if (kill(children->ids[i], SIGKILL) == 0) permitted = true;
  return permitted;
}

/* Ends every descendant. As a subreaper guard inherits the children of whatever dies, so that killing its own children
 * until there are none reaches them all, whatever session they moved to. */
static void end_descendants(void) {
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  for (int denied = 0;;) {
    pid_t ended;
    while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) continue;
    if (ended < 0) return;
    struct processes children = processes_children();
    denied = kill_children(&children) ? 0 : denied + 1;
    if (denied == DENIED_TRIES) {
      for (size_t i = 0; i < children.count; i++) {
        struct text name = {0};
        process_describe(children.ids[i], &name);
        report_warning("%s may not be ended by this user and is left running", name.bytes);
        text_free(&name);
      }
    }
    processes_free(&children);
    if (denied == DENIED_TRIES) return;
    struct timespec limit = after(TRY_MILLISECONDS / 1e3);
    next_signal(&child_signal, &limit);
  }
}

static int run(char **command, const struct options *options) {
  sigset_t signals = ending;
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("cannot become a subreaper: %s", strerror(errno));
  pid_t guard = getpid(), child = fork();
  if (child < 0) fail("cannot start a process: %s", strerror(errno));
  if (child == 0) become(command, guard);
  bool passed_limit = false;
  int status = wait_for(child, &signals, options->limit, &passed_limit);
  end_descendants();
  if (passed_limit) report_warning("%s: ran longer than its limit of %s s and was ended", command[0], options->limit);
  return status;
}

/* guard --hold LOCKFILE PID [--sweep NAME=VALUE] */
static int hold_for(int count, char **arguments, struct options *options) {
  const char *process = arguments[optind++];
  if (!process) fail_usage("--hold needs the id of a process after LOCKFILE");
  parse_options(count, arguments, options);
  if (optind < count) fail_usage("'%s': --hold takes no command", arguments[optind]);
  if (options->machine || options->purpose || options->limit) fail_usage("--hold goes with --sweep alone");
  if (options->leftovers && (*options->leftovers == '=' || !strchr(options->leftovers, '=')))
    fail_usage("--sweep %s: NAME=VALUE is expected", options->leftovers);
  hold(options->lock, parse_process(process), options->leftovers);
  return EXIT_SUCCESS;
}

int main(int count, char **arguments) {
  pid_t parent = getppid();
  report_tool("guard");
  struct options options = {0};
  parse_options(count, arguments, &options);
  if (options.lock) return hold_for(count, arguments, &options);
  if (options.leftovers) fail_usage("--sweep goes with --hold");
  if (optind >= count) fail_usage("a command is expected");
  bool is_exclusive = options.machine && strcmp(options.machine, "exclusive") == 0;
  if (options.machine && !is_exclusive && strcmp(options.machine, "shared") != 0)
    fail_usage("--machine %s: shared or exclusive is expected", options.machine);
  if (options.purpose && !options.machine) fail_usage("--for goes with --machine");
  if (options.limit) parse_limit(options.limit);
  prepare_signals();
  end_with_parent(parent, SIGTERM);
  if (options.machine) machine_take(is_exclusive);
  return run(arguments + optind, &options);
}

/* procwatch: starts a service, watches its process tree, says what the tree has used, and ends all of it.
 *
 * In: a command, and a folder DIR that belongs to this service alone. Out: `procwatch report` prints metrics, one
 * name=value a line. In DIR: service.log, service.pid, watcher.pid, port, and for procwatch itself watch.sock (the
 * watcher answers there) and watch.id (the mark that the service's processes carry in their environment).
 *
 * The watcher is a process of its own between the caller and the service. It is the subreaper of the tree, so a
 * descendant whose parent ends becomes its child, and "no child is left" means that nothing is left. It holds a lock
 * on DIR as long as it lives. Uses libc, report.c and memory.c alone. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "procwatch/clock.h"
#include "procwatch/process.h"
#include "procwatch/state.h"
#include "procwatch/watcher.h"
#include "report.h"

static const char usage[] =
    "usage: procwatch start --state DIR [--restarts N] [--interval MS] [--port] [--] COMMAND [ARGUMENT...]\n"
    "       procwatch report --state DIR\n"
    "       procwatch status --state DIR\n"
    "       procwatch stop --state DIR [--grace SECONDS]\n"
    "Starts a service in the background, watches its process tree, prints what it used, ends it.\n"
    "\n"
    "  -s, --state DIR       the folder of this service's state; it must exist\n"
    "  -n, --restarts N      start the command again at most N times when it ends by itself (default 3)\n"
    "  -i, --interval MS     look at the tree every MS milliseconds, 1 to 60000 (default 50)\n"
    "  -p, --port            give the command a free TCP port in PORT (and HOST), and write it to DIR/port\n"
    "  -g, --grace SECONDS   time between SIGTERM and SIGKILL, 0 to 3600 (default 5)\n"
    "  -h, --help            print this and exit\n"
    "  -V, --version         print the version and exit\n";

enum { ANSWER_LIMIT = 10 }; /* s; a watcher that has not answered by then hangs */

struct options {
  const char *state;
  unsigned restarts, interval;
  bool port;
  double grace;
};

/* Descriptors that a caller leaves open (locks, pipes) must not live on in the watcher and the service. */
static void close_inherited(void) {
  for (int fd = open("/dev/null", O_RDWR); fd >= 0 && fd <= 2; fd = open("/dev/null", O_RDWR)) {}
  DIR *folder = opendir("/proc/self/fd");
  if (!folder) fail("cannot read /proc/self/fd: %s", strerror(errno));
  for (struct dirent *entry; (entry = readdir(folder));) {
    int fd = (int)strtol(entry->d_name, NULL, 10);
    if (fd > 2 && fd != dirfd(folder)) close(fd);
  }
  closedir(folder);
}

static void start(const struct options *options, char **command) {
  if (!*command) fail_usage("start: no command given");
  close_inherited();
  struct service service = {.dir = open_state(options->state),
                            .state = options->state,
                            .command = command,
                            .restarts_allowed = options->restarts,
                            .interval = from_milliseconds(options->interval),
                            .port = options->port};
  if (service.dir < 0) fail("%s: cannot use this folder for the state: %s", options->state, strerror(errno));
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) fail("cannot make a pipe: %s", strerror(errno));
  signal(SIGCHLD, SIG_DFL);
  pid_t watcher = fork();
  if (watcher < 0) fail("cannot start the watcher: %s", strerror(errno));
  if (watcher == 0) {
    close(ready[0]);
    be_watcher(&service, ready[1]);
  }
  close(ready[1]);
  char byte;
  ssize_t got;
  while ((got = read(ready[0], &byte, 1)) < 0 && errno == EINTR) {}
  if (got == 1) return;
  int status;
  while (waitpid(watcher, &status, 0) < 0 && errno == EINTR) {}
  if (!WIFEXITED(status)) fail("the watcher was ended by signal %d", WTERMSIG(status));
  exit(EXIT_BAD_INPUT); /* the watcher has said why */
}

enum outcome { NO_WATCHER, ANSWERED, SILENT };

/* Asks the watcher of this folder. *process gets a descriptor of the watcher, or -1. */
static enum outcome ask(int dir, const char *request, double seconds, struct text *answer, int *process) {
  *process = -1;
  text_clear(answer);
  struct sockaddr_un address = state_address(dir);
  struct timeval limit = {.tv_sec = (time_t)seconds + 1};
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0) fail("cannot make a socket: %s", strerror(errno));
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(server, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM) fail("cannot ask the watcher: %s", strerror(errno));
    enum outcome outcome = errno == EAGAIN ? SILENT : NO_WATCHER;
    close(server);
    return outcome;
  }
  struct ucred peer; /* the process that listens */
  socklen_t length = sizeof peer;
  if (getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0) *process = open_process(peer.pid);
  send(server, request, strlen(request), MSG_NOSIGNAL);
  char part[512];
  ssize_t got;
  while ((got = recv(server, part, sizeof part, 0)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0) text_append(answer, part, (size_t)got);
  }
  bool silent = got < 0 && errno == EAGAIN;
  close(server);
  return silent ? SILENT : answer->length ? ANSWERED : NO_WATCHER;
}

static void print_answer(const struct options *options, const char *request) {
  int dir = open_state(options->state), process;
  if (dir < 0) fail("no watcher runs for %s: %s", options->state, strerror(errno));
  struct text answer = {0};
  switch (ask(dir, request, ANSWER_LIMIT, &answer, &process)) {
    case NO_WATCHER: fail("no watcher runs for %s", options->state);
    case SILENT: fail("the watcher of %s does not answer", options->state);
    case ANSWERED: break;
  }
  if (answer.bytes[0] != '0') fail("%s; see %s/service.log", answer.bytes + 1, options->state);
  fputs(answer.bytes + 1, stdout);
  text_free(&answer);
  if (process >= 0) close(process);
  close(dir);
}

static void wait_for_process(int process) {
  poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, KILL_LIMIT * 1000);
}

/* Asks the watcher to end everything. Where none answers, takes its place: with the lock on the folder held, what
 * carries the mark is ended. */
static void stop(const struct options *options) {
  int dir = open_state(options->state), process;
  if (dir < 0 && errno == ENOENT) return;
  if (dir < 0) fail("%s: %s", options->state, strerror(errno));
  char request[32];
  snprintf(request, sizeof request, "stop %.3f\n", options->grace);
  struct text answer = {0};
  int64_t limit = now() + from_seconds(options->grace + 2 * KILL_LIMIT);
  for (;;) {
    enum outcome outcome = ask(dir, request, options->grace + KILL_LIMIT + ANSWER_LIMIT, &answer, &process);
    if (outcome == ANSWERED && answer.bytes[0] != '0') fail("%s", answer.bytes + 1);
    if (outcome == SILENT && process >= 0) signal_process(process, SIGKILL);
    if (process >= 0) {
      wait_for_process(process);
      close(process);
    }
    if (outcome == ANSWERED) break;
    if (flock(dir, LOCK_EX | LOCK_NB) == 0) {
      clear_remains(dir);
      break;
    }
    if (now() > limit) fail("%s: a watcher holds its lock and does not answer", options->state);
    rest(from_milliseconds(10));
  }
  text_free(&answer);
  close(dir);
}

static unsigned parse_count(const char *text, const char *option, unsigned least, unsigned most) {
  char *end;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  if (errno || *end || text[0] < '0' || text[0] > '9' || number < least || number > most)
    fail_usage("%s is \"%s\", expected a whole number, %u to %u", option, text, least, most);
  return (unsigned)number;
}

static double parse_seconds(const char *text, const char *option) {
  char *end;
  double seconds = strtod(text, &end);
  if (*end || text[0] < '0' || text[0] > '9' || !(seconds >= 0 && seconds <= 3600))
    fail_usage("%s is \"%s\", expected seconds, 0 to 3600", option, text);
  return seconds;
}

int main(int argc, char **argv) {
  static const struct option long_options[] = {
      {"state", required_argument, NULL, 's'},    {"restarts", required_argument, NULL, 'n'},
      {"interval", required_argument, NULL, 'i'}, {"port", no_argument, NULL, 'p'},
      {"grace", required_argument, NULL, 'g'},    {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},        {0}};
  report_tool("procwatch");
  const char *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
  bool starts = strcmp(verb, "start") == 0, stops = strcmp(verb, "stop") == 0;
  struct options options = {.restarts = 3, .interval = 50, .grace = DEFAULT_GRACE};
  optind = *verb ? 2 : 1;
  for (int option; (option = getopt_long(argc, argv, "+:s:n:i:pg:hV", long_options, NULL)) != -1;) {
    if (strchr("nip", option) && !starts) fail_usage("--restarts, --interval and --port are options of start");
    if (option == 'g' && !stops) fail_usage("--grace is an option of stop");
    switch (option) {
      case 's': options.state = optarg; break;
      case 'n': options.restarts = parse_count(optarg, "--restarts", 0, 1000000); break;
      case 'i': options.interval = parse_count(optarg, "--interval", 1, 60000); break;
      case 'p': options.port = true; break;
      case 'g': options.grace = parse_seconds(optarg, "--grace"); break;
      case 'h': show_help(usage);
      case 'V': show_version();
      default: fail_usage("%s: unknown option, or an option without its value", argv[optind - 1]);
    }
  }
  if (!*verb) fail_usage("no command given, expected start, report, status or stop");
  if (!starts && !stops && strcmp(verb, "report") != 0 && strcmp(verb, "status") != 0)
    fail_usage("unknown command \"%s\", expected start, report, status or stop", verb);
  if (!options.state || !*options.state) fail_usage("%s: --state DIR is missing", verb);
  if (!starts && optind < argc) fail_usage("%s: unexpected argument \"%s\"", verb, argv[optind]);
  if (starts) start(&options, argv + optind);
  else if (stops) stop(&options);
  else print_answer(&options, strcmp(verb, "report") == 0 ? "report\n" : "status\n");
  close_output();
  return 0;
}

#!/bin/bash
# procwatch: a service is started, measured and ended with all that it started.
# shellcheck source=tests/harness.sh disable=SC2016,SC2317 # the commands in quotes are run later, by bash -c
. "${0%/*}/harness.sh"
unset PORT HOST

# A service of known size: does one step after the other, then waits for ever.
cat >steps.c <<'END'
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static void *burn(void *milliseconds) {
  struct timespec t;
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < *(long *)milliseconds);
  return NULL;
}
static void listen_at(const char *host, const char *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  inet_pton(AF_INET, host, &at.sin_addr);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(s, (struct sockaddr *)&at, sizeof at) || listen(s, 9)) _exit(98);
}
int main(int argc, char **argv) {
  char *memory = NULL;
  size_t size = 0;
  for (int i = 1; i < argc; i++) {
    char *step = argv[i], *value = strchr(step, '=');
    long n = value ? atol(value + 1) : 0;
    if (value) *value++ = 0;
    if (!strcmp(step, "touch")) { /* MiB */
      memory = mmap(NULL, size = (size_t)n << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      madvise(memory, size, MADV_NOHUGEPAGE);
      memset(memory, 1, size);
    }
    if (!strcmp(step, "free")) munmap(memory, size);
    if (!strcmp(step, "burn")) burn(&n); /* ms of this thread's CPU time */
    if (!strcmp(step, "thread-burn")) {
      pthread_t thread;
      pthread_create(&thread, NULL, burn, &n);
      pthread_join(thread, NULL);
    }
    if (!strcmp(step, "print")) puts(value), fflush(stdout);
    if (!strcmp(step, "ready")) close(open(value, O_CREAT | O_WRONLY, 0666));
    if (!strcmp(step, "listen")) listen_at(getenv("HOST"), getenv("PORT"));
    if (!strcmp(step, "deaf")) signal(SIGTERM, SIG_IGN);
    if (!strcmp(step, "halt")) raise(SIGSTOP);
    if (!strcmp(step, "exit")) _exit((int)n);
    if (!strcmp(step, "die")) raise((int)n);
    if (!strcmp(step, "spawn") && fork()) break;                     /* the child goes on */
    if (!strcmp(step, "wait") && fork()) { wait(NULL); i++; while (strcmp(argv[i], "done")) i++; }
    if (!strcmp(step, "done")) _exit(0);                             /* ends the child of wait */
    if (!strcmp(step, "daemon")) {                                   /* the grandchild goes on */
      if (fork()) break;
      setsid();
      if (fork()) _exit(0);
      close(0), close(1), close(2);
    }
    if (!strcmp(step, "churn"))                                      /* children that end 1 ms later */
      while (n--) { if (!fork()) { usleep(1000); _exit(0); } wait(NULL); }
    if (!strcmp(step, "call")) {                                     /* fork, and run the rest as a command */
      int status;
      if (!fork()) execvp(argv[i + 1], argv + i + 1);
      wait(&status);
      return WEXITSTATUS(status);
    }
  }
  for (;;) pause();
}
END
if ! "${CC:-cc}" -O1 -w -o steps steps.c -pthread; then echo "Bail out! no C compiler"; exit 1; fi
export PATH="$WORK:$PATH"
export PROCWATCH_TEST_TREE=$WORK # all processes of this file carry it

# Waits up to 10 s until the command succeeds.
becomes() {
  local i
  for ((i = 0; i < 1000; i++)); do
    if "$@" 2>/dev/null; then return 0; fi
    sleep 0.01
  done
  echo "never: $*"
  return 1
}
exists() { [ -e "$1" ]; }
# The processes that a service of this file consists of, the watcher included: none may be left.
left() { grep -lFxz "PROCWATCH_TEST_TREE=$WORK.started" /proc/[0-9]*/environ 2>/dev/null || :; }
none_left() { [ -z "$(left)" ] || { echo "left: $(left)"; return 1; }; }
start() { PROCWATCH_TEST_TREE=$WORK.started procwatch start "$@"; }
stop() { procwatch stop "$@" && none_left; }
# metric NAME: its value in the file "metrics"; between A B C: A <= B <= C
metric() { sed -n "s/^$1=//p" metrics; }
between() {
  awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { exit !(b != "" && a <= b && b <= c) }' && return
  echo "not $1 <= $2 <= $3"
  return 1
}
# fresh STATE: an empty state folder; what a test that failed has left is ended.
fresh() {
  local pid
  for pid in $(left | cut -d/ -f3); do kill -9 "$pid" 2>/dev/null || :; done
  rm -rf "$1" ready*
  mkdir "$1"
}
export -f becomes exists left none_left start stop metric between fresh

test_that 'peak_rss_mb of one process is its high-water mark, to the kilobyte' '
  fresh s
  start --state s -- steps touch=64 ready=ready
  becomes exists ready
  high_water() { awk "/^VmHWM/ { printf \"%.3f\", \$2 / 1024 }" /proc/"$(cat s/service.pid)"/status; }
  before=$(high_water)
  procwatch report --state s >metrics
  between "$before" "$(metric peak_rss_mb)" "$(high_water)"
  [ "$(cut -d= -f1 metrics | paste -sd" ")" = \
    "peak_rss_mb rss_mb cpu_seconds minor_faults major_faults restarts processes" ]
  between 64 "$(metric peak_rss_mb)" 66
  between 64 "$(metric rss_mb)" 66
  between 16384 "$(metric minor_faults)" 17000
  [ "$(metric restarts) $(metric processes)" = "0 1" ]
  stop --state s'

test_that 'freed memory stays in the peak' '
  fresh s
  start --state s -- steps touch=80 free ready=ready
  becomes exists ready
  procwatch report --state s >metrics
  between 80 "$(metric peak_rss_mb)" 82
  between 0 "$(metric rss_mb)" 4
  stop --state s'

test_that 'the peak of a tree is that of all its processes together' '
  fresh s
  start --state s -- sh -c "steps touch=30 ready=ready1 & steps touch=40 ready=ready2"
  becomes exists ready1; becomes exists ready2
  procwatch report --state s >metrics
  between 70 "$(metric peak_rss_mb)" 78
  [ "$(metric processes)" = 3 ]
  stop --state s'

test_that 'a large process that calls procwatch does not inflate the peak' '
  fresh s
  PROCWATCH_TEST_TREE=$WORK.started steps touch=200 call procwatch start --state s --restarts 1 -- \
    sh -c "[ -e ready ] && exec steps ready=ready2; : >ready; exit 1"
  becomes exists ready2
  procwatch report --state s >metrics
  between 0.1 "$(metric peak_rss_mb)" 8
  [ "$(metric restarts)" = 1 ]
  stop --state s'

test_that 'a process between fork and exec, which shares the memory of its parent, is not counted twice' '
  fresh s
  start --state s --interval 1 -- steps touch=100 churn=120 ready=ready
  becomes exists ready
  procwatch report --state s >metrics
  between 100 "$(metric peak_rss_mb)" 104
  stop --state s'

test_that 'the peak of a short descendant counts once the service has ended' '
  fresh s
  start --state s --interval 60000 --restarts 1 -- \
    sh -c "[ -e ready ] && exec steps ready=ready2; steps wait touch=50 exit=0 done print=x ready=ready exit=1"
  becomes exists ready2
  procwatch report --state s >metrics
  between 50 "$(metric peak_rss_mb)" 52
  stop --state s'

test_that 'cpu_seconds counts threads, live and ended descendants, and earlier starts of the service' '
  fresh s
  start --state s -- steps burn=150 thread-burn=100 ready=ready
  becomes exists ready
  procwatch report --state s >metrics
  between 0.25 "$(metric cpu_seconds)" 0.29
  stop --state s
  fresh s
  start --state s -- steps wait burn=200 done spawn burn=100 ready=ready
  becomes exists ready
  procwatch report --state s >metrics
  between 0.28 "$(metric cpu_seconds)" 0.34
  [ "$(metric processes)" = 2 ]
  stop --state s
  fresh s
  start --state s -- sh -c "[ -e ready ] && exec steps ready=ready2; steps burn=150 exit=0; : >ready; exit 1"
  becomes exists ready2
  procwatch report --state s >metrics
  between 0.15 "$(metric cpu_seconds)" 0.2
  stop --state s'

test_that 'a service that ends by itself is started again and counted, then reported as down' '
  fresh s
  start --state s --restarts 2 -- sh -c "[ -e ready ] && exec steps ready=ready2; : >ready; exit 3"
  becomes exists ready2
  procwatch status --state s >out
  grep -Eq "^service runs: process $(cat s/service.pid), restarts 1 of 2$" out
  becomes grep -q "procwatch: service ended with status 3; started again (1 of 2)" s/service.log
  kill -9 "$(cat s/service.pid)"
  becomes sh -c "procwatch report --state s >metrics && grep -q restarts=2 metrics"
  kill -9 "$(cat s/service.pid)"
  becomes sh -c "! procwatch status --state s"
  says 1 "^procwatch: service was ended by signal 9, Killed; see s/service.log$" procwatch report --state s
  [ ! -s says.out ]
  [ ! -e s/service.pid ]
  stop --state s
  fresh s
  start --state s --restarts 0 -- steps print=hello exit=7
  becomes sh -c "! procwatch status --state s"
  says 1 "^procwatch: service ended with status 7; see s/service.log$" procwatch report --state s
  says 1 "^procwatch: service ended with status 7; see s/service.log$" procwatch status --state s
  grep -qx hello s/service.log
  stop --state s'

test_that 'what a service leaves behind is ended before it starts again' '
  fresh s
  start --state s --port --restarts 1 -- \
    sh -c "[ -e ready ] && exec steps listen ready=ready2
      steps listen ready=ready & while [ ! -e ready ]; do :; done; exit 1"
  becomes exists ready2
  procwatch report --state s >metrics
  [ "$(metric processes) $(metric restarts)" = "1 1" ]
  stop --state s'

test_that '--port gives a free port of five digits, in PORT and in the file port' '
  fresh s
  start --state s --port -- sh -c "echo at \$HOST \$PORT; exec steps listen ready=ready"
  becomes exists ready
  port=$(cat s/port)
  [[ $port =~ ^[0-9]{5}$ ]]
  grep -qx "at 127.0.0.1 $port" s/service.log
  : <>/dev/tcp/127.0.0.1/"$port"
  mkdir -p s2
  PORT=$port says 1 "port $port \(from PORT\) is taken" start --state s2 --port -- steps
  [ ! -e s2/watcher.pid ]
  stop --state s
  [ ! -e s/port ]
  fresh s
  PORT=$port HOST=127.0.0.2 start --state s --port -- sh -c "echo at \$HOST \$PORT; exec steps listen ready=ready"
  becomes exists ready
  grep -qx "at 127.0.0.2 $port" s/service.log
  [ "$(cat s/port)" = "$port" ]
  stop --state s
  for bad in x 0 65536 80x -1 " 80"; do
    PORT=$bad says 1 "PORT is \"$bad\", expected a TCP port" start --state s --port -- steps
  done
  fresh s
  PORT=x start --state s -- sh -c "echo \$PORT; exec steps ready=ready"
  becomes exists ready
  grep -qx x s/service.log; [ ! -e s/port ]
  stop --state s'

test_that 'a command that cannot be executed is an error at once, and nothing is left' '
  fresh s; : >s/file
  says 1 "cannot run ./no-such: No such file or directory" start --state s -- ./no-such
  says 1 "cannot run s/file: Permission denied" start --state s -- s/file
  none_left
  [ "$(ls s | paste -sd" ")" = "file service.log" ]
  says 1 "no watcher runs for s" procwatch report --state s
  says 1 "no watcher runs for s" procwatch status --state s
  says 1 "none: cannot use this folder" start --state none -- steps
  says 1 "s/file: cannot use this folder" start --state s/file -- steps
  says 1 "no watcher runs for none" procwatch report --state none'

test_that 'one folder has one watcher, also when eight start at the same moment' '
  fresh s
  for i in 1 2 3 4 5 6 7 8; do
    { start --state s -- steps 2>"err$i" && echo "$i" >>won; } &
  done
  wait
  [ "$(wc -l <won)" = 1 ]
  [ "$(cat err? | grep -c "s: a watcher already runs for it")" = 7 ]
  pid=$(cat s/service.pid)
  says 1 "s: a watcher already runs for it" start --state s -- steps
  procwatch status --state s | grep -q "process $pid,"
  [ "$(left | wc -l)" = 2 ]
  stop --state s'

test_that 'the service has its own process group, default signals, no terminal and no descriptor of the caller' '
  fresh s
  exec 8>lock; flock 8
  out=$(trap "" INT TERM; timeout 10 bash -c "start --state s -- sh -c \"ls -l /proc/self/fd; exec steps ready=ready\"")
  exec 8>&-
  becomes exists ready
  timeout 10 flock lock true
  read -r group session terminal < <(ps -o pgid=,sid=,tty= -p "$(cat s/service.pid)")
  [ "$group" = "$(cat s/service.pid)" ]
  [ "$session $terminal" = "$(cat s/watcher.pid) ?" ]
  [ "$(grep -c -- "-> " s/service.log)" = 4 ]
  # 32 and 33 belong to the C library; make starts what it starts with them ignored.
  [ "$(awk "/^Sig(Blk|Ign)/ { print \$2 }" /proc/"$group"/status | sed "s/^0000000180000000$/0000000000000000/" | sort -u)" = 0000000000000000 ]
  stop --state s'

test_that 'stop ends everything: what ignores SIGTERM, what became a daemon, what is stopped' '
  fresh s
  start --state s -- steps spawn ready=ready1 deaf daemon ready=ready2 spawn ready=ready3 halt
  becomes exists ready3
  procwatch report --state s >metrics
  [ "$(metric processes)" = 4 ]
  stop --state s --grace 0.3
  [ "$(ls s)" = service.log ]
  stop --state s
  stop --state none
  says 1 "no watcher runs for s" procwatch report --state s'

test_that 'stop gives SIGTERM time to be acted on, and no more time than it needs' '
  fresh s
  start --state s -- bash -c "trap \"sleep 0.2; echo bye; exit\" TERM
    : >ready; while :; do read -rt 9 <> <(:) || :; done"
  becomes exists ready
  stop --state s --grace 60
  grep -qx bye s/service.log'

test_that 'SIGHUP does not end the watcher; SIGTERM ends it with the tree' '
  fresh s
  start --state s -- steps spawn daemon ready=ready
  becomes exists ready
  kill -HUP "$(cat s/watcher.pid)"
  procwatch report --state s >metrics
  kill -TERM "$(cat s/watcher.pid)"
  becomes none_left
  [ "$(ls s)" = service.log ]'

test_that 'the service ends with a watcher that is killed, and stop or the next start ends what is left of it' '
  fresh s
  start --state s -- steps spawn daemon ready=ready
  becomes exists ready
  service=$(cat s/service.pid)
  kill -9 "$(cat s/watcher.pid)"
  becomes sh -c "! grep -q . /proc/$service/environ"
  [ -n "$(left)" ]
  says 1 "no watcher runs for s" procwatch report --state s
  stop --state s
  [ "$(ls s)" = service.log ]
  fresh s
  start --state s -- steps spawn daemon ready=ready
  becomes exists ready
  kill -9 "$(cat s/watcher.pid)"
  becomes sh -c "! procwatch status --state s"
  start --state s -- steps
  [ "$(left | wc -l)" = 2 ]
  stop --state s'

test_that 'a state folder that is removed or emptied ends the tree' '
  fresh s
  start --state s -- steps spawn daemon deaf ready=ready
  becomes exists ready
  rm -r s
  becomes none_left
  fresh s
  start --state s --restarts 0 -- steps exit=1
  becomes sh -c "! procwatch status --state s"
  rm s/*
  becomes none_left'

test_that 'names of folders may hold spaces and quotes, and be long' '
  deep="a b'"'"'c\"d \$(e)/$(printf "%0100d/%0100d" 1 2)"
  rm -f ready; mkdir -p "$deep"
  cp steps "$deep/st '"'"'eps"
  start --state "$deep" -- "$deep/st '"'"'eps" print="x '"'"'y\"" ready=ready
  becomes exists ready
  procwatch report --state "$PWD/$deep" >metrics
  [ "$(metric processes)" = 1 ]
  grep -qx "x '"'"'y\"" "$deep/service.log"
  stop --state "$deep/"
  start --state "$deep" --restarts 0 -- false
  becomes sh -c "! procwatch status --state \"\$1\"" sh "$deep"
  procwatch report --state "$deep" 2>err || :
  grep -qF "ended with status 1; see $deep/service.log" err
  stop --state "$deep"'

test_that 'the watcher takes less than 0.5 % of a CPU, also for a tree of 20 processes' '
  fresh s
  start --state s -- sh -c "for i in 1 2 3 4 5 6 7 8 9; do steps spawn & done; exec steps"
  becomes sh -c "procwatch report --state s | grep -q processes=19"
  spent() { cut -d" " -f1 /proc/"$(cat s/watcher.pid)"/schedstat; }
  cpu=$(spent); clock=$(date +%s%N)
  sleep 1
  cpu=$(($(spent) - cpu)); clock=$(($(date +%s%N) - clock))
  between 1 "$cpu" "$((clock / 200))"
  stop --state s'

test_that 'bad usage is exit 2; help and version are printed' '
  fresh s
  says 2 "no command given, expected start" procwatch
  says 2 "unknown command" procwatch go --state s
  says 2 "state DIR is missing" procwatch start -- steps
  says 2 "no command given" procwatch start --state s --
  says 2 "restarts is \"-1\"" procwatch start --state s --restarts -1 -- steps
  says 2 "interval is \"0\"" procwatch start --state s --interval 0 -- steps
  says 2 "grace is \"x\"" procwatch stop --state s --grace x
  says 2 "options of start" procwatch report --state s --port
  says 2 "option of stop" procwatch start --state s --grace 1 -- steps
  says 2 "unexpected argument" procwatch report --state s s
  says 2 "unknown option" procwatch report --nothing
  says 1 "cannot write standard output" bash -c "procwatch --help >/dev/full"
  procwatch --help | grep -q "^usage: procwatch start"
  procwatch stop -h | grep -q "^usage: procwatch start"
  procwatch --version | grep -q "^procwatch (Assay)"
  none_left'

test_that 'it is compiled from its own source and two files of the library, with libc alone' '
  cd "$ROOT"
  "${CC:-cc}" -O2 -std=c11 -D_GNU_SOURCE -Itools/lib tools/procwatch.c tools/procwatch/*.c tools/lib/report.c \
    tools/lib/memory.c -o "$WORK/alone"
  "$WORK/alone" --version'

finish

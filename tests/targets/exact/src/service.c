/* Answers one line with one line, a connection each, one after another:
 *   memory    allocates 64 pieces of 1 MiB (keep_many), 32 (keep_few), then frees 48 of the first
 *   compute   200 ms of CPU time in heavy(), 100 in light(), by the thread's own clock
 *   thread    300 ms of it in heavy() in a thread of its own, under one call in one_call()
 *   fork      a child process that allocates 16 pieces, then ends
 * At SIGTERM it frees everything and exits: what is in use when the workload ends is not what is so at its own end. */
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 1 << 20, MANY = 64, FEW = 32, FREED = 48 };

static char *many[MANY], *few[FEW];
static volatile unsigned long sink;
static volatile sig_atomic_t terminated;

#define OF_ITS_OWN __attribute__((noinline, noipa))

OF_ITS_OWN static char *make_piece(int value) {
  char *piece = malloc(PIECE);
  if (!piece) abort();
  for (int i = 0; i < PIECE; i += 4096) piece[i] = (char)value;
  return piece;
}

OF_ITS_OWN static void keep_many(int count) {
  for (int i = 0; i < count; i++) many[i] = make_piece(i);
}

OF_ITS_OWN static void keep_few(int count) {
  for (int i = 0; i < count; i++) few[i] = make_piece(i);
}

OF_ITS_OWN static void use_memory(void) {
  keep_many(MANY);
  keep_few(FEW);
  usleep(100000); /* so that who looks from time to time sees the peak */
  for (int i = 0; i < FREED; i++) free(many[i]);
}

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

OF_ITS_OWN static void heavy(double seconds) {
  double end = cpu_seconds() + seconds;
  while (cpu_seconds() < end)
    for (unsigned long i = 0; i < 200000; i++) sink += i;
}

OF_ITS_OWN static void light(double seconds) {
  double end = cpu_seconds() + seconds;
  while (cpu_seconds() < end)
    for (unsigned long i = 0; i < 200000; i++) sink += i;
}

OF_ITS_OWN static void *compute(void *unused) {
  (void)unused;
  heavy(0.2);
  light(0.1);
  return NULL;
}

OF_ITS_OWN static void *one_call(void *unused) {
  heavy(0.3);
  return unused;
}

static void compute_in_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, one_call, NULL) != 0) abort();
  pthread_join(thread, NULL);
}

static void fork_child(void) {
  pid_t child = fork();
  if (child == 0) {
    keep_few(16);
    usleep(100000);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void on_terminate(int number) {
  (void)number;
  terminated = 1;
}

static void answer(int connection) {
  char line[64] = "";
  ssize_t length = read(connection, line, sizeof line - 1);
  if (length > 0) line[length] = '\0';
  if (strcmp(line, "memory\n") == 0) use_memory();
  else if (strcmp(line, "compute\n") == 0) compute(NULL);
  else if (strcmp(line, "thread\n") == 0) compute_in_thread();
  else if (strcmp(line, "fork\n") == 0) fork_child();
  if (write(connection, "done\n", 5) != 5) perror("service");
}

int main(void) {
  const char *port = getenv("PORT");
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)atoi(port ? port : "0")),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
    perror("service");
    return 1;
  }
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_terminate}, NULL);
  while (!terminated) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
  for (int i = FREED; i < MANY; i++) free(many[i]);
  for (int i = 0; i < FEW; i++) free(few[i]);
  return 0;
}

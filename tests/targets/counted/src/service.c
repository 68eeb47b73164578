/* Answers one line with one line, a connection each, one after another:
 *   compute   100 ms of CPU time in heavy(), 50 in light(), by the thread's own clock
 *   touch     touch_some() writes to 1000 new pages, touch_more() to 3000
 *   map       64 MiB of anonymous memory, held
 *   thread    a thread that uses 256 KiB of its stack, and waits
 *   call      12345 calls of called(), each with a size of 10; 45 of the calls by seldom()
 *   fork      the same in a child
 * forgotten() and its memory are used before the first request only. */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, MAPPED = 64 << 20, CALLS = 12345, SELDOM = 45 };

static volatile unsigned long sink;

#define OF_ITS_OWN __attribute__((noinline, noipa))

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

static char *new_memory(size_t size) {
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) abort();
  return memory;
}

OF_ITS_OWN static void touch_some(void) {
  char *memory = new_memory(1000 * PAGE);
  for (size_t i = 0; i < 1000; i++) memory[i * PAGE] = 1;
  munmap(memory, 1000 * PAGE);
}

OF_ITS_OWN static void touch_more(void) {
  char *memory = new_memory(3000 * PAGE);
  for (size_t i = 0; i < 3000; i++) memory[i * PAGE] = 1;
  munmap(memory, 3000 * PAGE);
}

OF_ITS_OWN static void hold_mapped(void) { memset(new_memory(MAPPED), 1, MAPPED); }

/* Waits for ever: so its stack is there at the end. */
OF_ITS_OWN static void *use_stack(void *ready) {
  volatile char room[256 << 10];
  for (size_t i = 0; i < sizeof room; i += PAGE) room[i] = 1;
  pthread_barrier_wait(ready);
  for (;;) pause();
  return NULL;
}

static void hold_stack(void) {
  static pthread_barrier_t ready;
  pthread_t thread;
  pthread_barrier_init(&ready, NULL, 2);
  if (pthread_create(&thread, NULL, use_stack, &ready) != 0) abort();
  pthread_barrier_wait(&ready);
}

/* Uses the stack: gcc gives a function that neither does nor calls any no frame pointer, whatever it is told. */
OF_ITS_OWN static void called(size_t size) {
  volatile size_t kept = size;
  sink += kept;
}
OF_ITS_OWN static void often(void) {
  for (int i = 0; i < CALLS - SELDOM; i++) called(10);
}
OF_ITS_OWN static void seldom(void) {
  for (int i = 0; i < SELDOM; i++) called(10);
}
OF_ITS_OWN static void forgotten(size_t size) { memset(new_memory(size), 1, size); }

static void call(void) {
  often();
  seldom();
}

static void in_child(void) {
  pid_t child = fork();
  if (child == 0) {
    call();
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void answer(int connection) {
  char line[64] = "";
  ssize_t length = read(connection, line, sizeof line - 1);
  if (length > 0) line[length] = '\0';
  if (strcmp(line, "compute\n") == 0) {
    heavy(0.1);
    light(0.05);
  } else if (strcmp(line, "touch\n") == 0) {
    touch_some();
    touch_more();
  } else if (strcmp(line, "map\n") == 0) hold_mapped();
  else if (strcmp(line, "thread\n") == 0) hold_stack();
  else if (strcmp(line, "call\n") == 0) call();
  else if (strcmp(line, "fork\n") == 0) in_child();
  if (write(connection, "done\n", 5) != 5) return;
}

int main(void) {
  const char *port = getenv("PORT");
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)atoi(port ? port : "0")),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  forgotten(8 << 20);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
    perror("service");
    return 1;
  }
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}

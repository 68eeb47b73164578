/* Two threads under names of their own, a fork whose child computes and then executes another program, and a library that
 * is loaded later: what perf.data must be right about. cc -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile unsigned long sink;

__attribute__((noinline)) static void burn(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) sink += i * i;
}

__attribute__((noinline)) static void descend(int depth, unsigned long count) {
  if (depth > 0) descend(depth - 1, count);
  else burn(count);
  sink++;
}

static void *work(void *name) {
  pthread_setname_np(pthread_self(), name);
  descend(5, 30000000);
  return NULL;
}

int main(int argc, char **argv) {
  (void)argc;
  pthread_t first, second;
  char first_name[] = "first one", second_name[] = "second;2";
  pthread_create(&first, NULL, work, first_name);
  pthread_create(&second, NULL, work, second_name);
  void *library = dlopen("./library.so", RTLD_NOW);
  if (library) ((void (*)(unsigned long))dlsym(library, "compute"))(20000000);
  pid_t child = fork();
  if (child == 0) {
    descend(3, 10000000);
    execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done", (char *)NULL);
    _exit(1);
  }
  waitpid(child, NULL, 0);
  pthread_join(first, NULL);
  pthread_join(second, NULL);
  printf("%s\n", strrchr(argv[0], '/'));
  return 0;
}

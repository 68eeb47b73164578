/* measure FILE COMMAND [ARGUMENT...]: runs COMMAND, then writes one line to FILE: its CPU seconds (user and system),
 * its wall seconds, its peak resident set in MB, its exit status. Descendants that it waited for count for the first;
 * the peak is that of the largest process. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  double start = now();
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child) return 1;
  double wall = now() - start;
  FILE *file = fopen(argv[1], "w");
  if (!file) return 1;
  fprintf(file, "%.6f %.6f %.1f %d\n", seconds(usage.ru_utime) + seconds(usage.ru_stime), wall,
          (double)usage.ru_maxrss / 1024, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return fclose(file) != 0;
}

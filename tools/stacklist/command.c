#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

extern char **environ;

/* The environment without what points git elsewhere (GIT_DIR and the like) or makes it fetch. The caller frees. */
static char **environment_of_command(void) {
  size_t count = 0, kept = 0;
  while (environ[count]) count++;
  char **kept_ones = take_array(sum_of(count, 2), sizeof *kept_ones);
  for (size_t i = 0; i < count; i++)
    if (strncmp(environ[i], "GIT_", 4) != 0) kept_ones[kept++] = environ[i];
  static char no_fetch[] = "GIT_NO_LAZY_FETCH=1";
  kept_ones[kept++] = no_fetch;
  kept_ones[kept] = NULL;
  return kept_ones;
}

static bool start(const char *const *arguments, int output, pid_t *process) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) fail("out of memory");
  bool is_set = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
                posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) == 0 &&
                posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0;
  char **environment = environment_of_command();
  char **words;
  memcpy(&words, &arguments, sizeof words); /* posix_spawnp does not change them */
  bool started = is_set && posix_spawnp(process, arguments[0], &actions, NULL, words, environment) == 0;
  free(environment);
  posix_spawn_file_actions_destroy(&actions);
  return started;
}

static void read_all(int from, struct text *output) {
  char block[1 << 14];
  for (;;) {
    ssize_t length = read(from, block, sizeof block);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return;
    text_append(output, block, (size_t)length);
  }
}

bool command_output(const char *const *arguments, struct text *output) {
  int ends[2], status = 0;
  pid_t process;
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe: %s", strerror(errno));
  bool started = start(arguments, ends[1], &process);
  close(ends[1]);
  if (started) read_all(ends[0], output);
  close(ends[0]);
  if (!started) return false;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) fail("cannot wait for %s: %s", arguments[0], strerror(errno));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "metric.h"
#include "report.h"

enum { LETTER_COUNT = 26 };

static bool is_program(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* The file that a command's first word names, found once so that no run spends time on it. */
static char *find_program(const char *name) {
  if (strchr(name, '/')) return take_copy(name);
  const char *folders = getenv("PATH");
  for (const char *folder = folders ? folders : "/usr/bin:/bin"; folder;) {
    const char *end = strchrnul(folder, ':');
    struct text path = {0};
    text_append(&path, folder, (size_t)(end - folder));
    text_append_string(&path, end > folder ? "/" : "./");
    text_append_string(&path, name);
    if (*name && is_program(path.bytes)) return path.bytes;
    text_free(&path);
    folder = *end ? end + 1 : NULL;
  }
  fail("'%s' cannot be run: no folder in PATH holds a program of this name; a path or --shell is another way", name);
}

struct command command_of_shell(const char *line) {
  char **arguments = take_array(4, sizeof *arguments);
  arguments[0] = take_copy("/bin/sh");
  arguments[1] = take_copy("-c");
  arguments[2] = take_copy(line);
  arguments[3] = NULL;
  return (struct command){.path = arguments[0], .arguments = arguments};
}

/* The command that begins at words, which is ended by a NULL. */
static struct command read_command(char **words, bool shell, const char *delimiter) {
  if (!words[0])
    fail_usage("a command is empty; at least two are expected: -- COMMAND %s COMMAND", delimiter);
  if (!shell) return (struct command){.path = find_program(words[0]), .arguments = words};
  if (words[1]) fail_usage("'%s' follows '%s': with --shell a command is one word, in quotes", words[1], words[0]);
  return command_of_shell(words[0]);
}

static void name_by_letters(struct commands *commands) {
  if (commands->count > LETTER_COUNT) fail_usage("more than %d commands need --names", LETTER_COUNT);
  for (size_t i = 0; i < commands->count; i++) commands->arms[i] = take_copy_of(&"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i], 1);
}

static void name_as_asked(struct commands *commands, const char *names) {
  size_t count = 0;
  char *rest = take_copy(names);
  for (char *name; (name = strsep(&rest, ",")); count++) {
    if (!arm_name_is_valid(name))
      fail_usage("'%s' is no name of an arm; letters, digits, '.', '_' and '-' are expected, as in --names old,new",
                 name);
    if (count >= commands->count) continue;
    for (size_t i = 0; i < count; i++)
      if (strcmp(commands->arms[i], name) == 0) fail_usage("the arm '%s' is named twice", name);
    commands->arms[count] = name;
  }
  if (count != commands->count)
    fail_usage("--names '%s': %zu names are expected, one for each command", names, commands->count);
}

struct commands commands_read(char **words, const char *delimiter, bool shell, const char *names) {
  struct commands commands = {0};
  for (char **word = words, **begin = words;; word++) {
    bool is_last = !*word;
    if (!is_last && strcmp(*word, delimiter) != 0) continue;
    *word = NULL;
    grow(&commands.list, &commands.capacity, commands.count + 1, sizeof *commands.list);
    commands.list[commands.count++] = read_command(begin, shell, delimiter);
    if (is_last) break;
    begin = word + 1;
  }
  if (commands.count < 2) fail_usage("one command alone; at least two are expected: -- COMMAND %s COMMAND", delimiter);
  commands.arms = take_array(commands.count, sizeof *commands.arms);
  if (names) name_as_asked(&commands, names);
  else name_by_letters(&commands);
  return commands;
}

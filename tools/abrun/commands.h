/* The commands on abrun's command line, each an arm. */
#ifndef ABRUN_COMMANDS_H
#define ABRUN_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "starter.h"

struct commands {
  struct command *list; /* the base arm first */
  char **arms;          /* their names */
  size_t count, capacity;
};

/* Reads words, a NULL-ended list of at least two commands parted by the word delimiter, into which it writes. shell:
 * each command is one word, for /bin/sh -c. names: of the arms, between commas; NULL for A, B, C... What is wrong is
 * fail_usage(), a program that is not in PATH fail(). Nothing is freed: commands live as long as abrun. */
struct commands commands_read(char **words, const char *delimiter, bool shell, const char *names);

/* A command line for /bin/sh. */
struct command command_of_shell(const char *line);

#endif

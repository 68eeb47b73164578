/* Running another program and taking what it writes. */
#ifndef ASSAY_STACKLIST_COMMAND_H
#define ASSAY_STACKLIST_COMMAND_H

#include <stdbool.h>

#include "memory.h"

/* Runs a program (found by PATH; arguments ends with NULL) without a shell and appends its standard output; its standard
 * input is empty, and its messages are dropped. git sees no repository from the environment. false where it could not
 * be started or did not exit 0. */
bool command_output(const char *const *arguments, struct text *output);

#endif

/* The commands, and the replies that they write. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>

#include "request.h"
#include "store.h"

/* Carries the request out and appends its reply. False: the client asked to be let go. */
bool command_execute(struct store *store, struct request *request, struct buffer *reply);
/* Appends an error reply. */
void reply_error(struct buffer *reply, const char *text);

#endif

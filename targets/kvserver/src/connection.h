/* One client: what it sent and was not answered yet, and the replies that it has not taken yet. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>

#include "buffer.h"
#include "store.h"

struct connection {
  int socket;
  struct connection *next, *before; /* in the list of all */
  struct buffer input, output;
  size_t sent; /* of the output */
  bool is_ending;
};

/* Reads what has come, and answers. False: the connection is over. */
bool connection_read(struct connection *connection, struct store *store);
/* Sends what the client takes, and answers what waited for that. False: the connection is over. */
bool connection_write(struct connection *connection, struct store *store);
/* Whether replies wait for the client to take them. */
bool connection_is_blocked(const struct connection *connection);
void connection_free(struct connection *connection);

#endif

/* A request as a client sends it: RESP2 arrays of bulk strings, or a line of words. */
#ifndef REQUEST_H
#define REQUEST_H

#include "buffer.h"

enum {
  MOST_ARGUMENTS = 2048,
  LONGEST_ARGUMENT = 64 * 1024 * 1024, /* bytes */
};

struct request {
  size_t count; /* of arguments; the first is the name of the command */
  struct buffer arguments[MOST_ARGUMENTS];
};

enum request_status { REQUEST_WHOLE, REQUEST_PARTIAL, REQUEST_WRONG };

/* Reads the request that the bytes begin with. Whole: *request is the caller's to free, NULL for an empty line, and *used
 * is its length. Partial: more bytes are needed. Wrong: *problem says why. */
enum request_status request_read(const char *bytes, size_t length, struct request **request, size_t *used,
                                 const char **problem);
void request_free(struct request *request);

#endif

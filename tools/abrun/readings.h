/* The lines `METRIC name=value` among all that a command prints, read as it comes. Memory is what they need. */
#ifndef ABRUN_READINGS_H
#define ABRUN_READINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

struct reading {
  char *name, *value; /* the value as it was written */
};

struct readings {
  struct reading *list; /* in the order in which they were printed first */
  size_t count, capacity;
  char *fault; /* the first thing that is wrong, as "'LINE' ..."; NULL for nothing */

  /* The line that is being read. */
  size_t matched;   /* bytes of its begin that are those of "METRIC " */
  bool is_other;    /* it is no such line */
  struct text line; /* what follows "METRIC " */
};

/* Start from {0}. Takes the next bytes of the output, and its end. */
void readings_feed(struct readings *readings, const char *bytes, size_t length);
void readings_end(struct readings *readings);

/* The value of name; NULL without one. */
const char *readings_find(const struct readings *readings, const char *name);

void readings_free(struct readings *readings);

#endif

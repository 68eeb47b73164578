/* The command line of abstat. */
#ifndef ABSTAT_OPTIONS_H
#define ABSTAT_OPTIONS_H

#include <stdbool.h>

#include "format.h"
#include "policy.h"
#include "question.h"

struct options {
  struct questions questions;
  struct policy policy;
  const char *base; /* NULL: what the format takes for it */
  enum format format;
  unsigned long seed; /* of the plan; 0 for none */
  bool report, json, exit_code, scales;
};

/* Sets optind to the first file. What cannot be understood is fail_usage(). */
struct options options_read(int count, char **arguments);

void options_free(struct options *options);

#endif

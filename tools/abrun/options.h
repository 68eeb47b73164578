/* What abrun is asked to do. */
#ifndef ABRUN_OPTIONS_H
#define ABRUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "commands.h"
#include "judge.h"
#include "run.h"
#include "series.h"

struct options {
  struct commands commands; /* behind the arms the list holds the command of --prepare */
  struct questions questions;
  struct words abstat; /* options for each question to abstat; the seed comes with each series */
  size_t runs, max_blocks, warmup;
  unsigned long seed;
  double max_time, timeout; /* s; 0 for no limit */
  const char *prepare, *samples, *json, *output; /* NULL for none */
  enum metrics_from metrics_from;
  bool shell, ignore_failure, confirm, tsv, quiet, exit_code, show_output;
};

#endif

/* One run of one command: started, its output read for metrics and handed on, until it has ended. */
#ifndef ABRUN_RUN_H
#define ABRUN_RUN_H

#include "readings.h"
#include "starter.h"

enum metrics_from { FROM_STDOUT, FROM_STDERR, FROM_NEITHER };

/* Where the output of commands goes, as descriptors; of the stream that metrics are read from a copy. */
struct outlets {
  enum metrics_from metrics_from;
  int output, errors;
  bool output_is_dropped, errors_are_dropped; /* the descriptor is /dev/null */
};

/* Runs the command; start->output and start->errors are set here. readings (from {0}) gets its metrics; NULL for none.
 * A signal that ends the measurement kills the command: see interrupt_signal(). Sleeps in between. What cannot be
 * handed on is fail(). */
struct ended run_command(int starter, struct start *start, const struct outlets *outlets, struct readings *readings);

#endif

/* The decision for people: at most 80 columns and 40 lines, the decision and its reason first. */
#ifndef ABSTAT_PRINTOUT_H
#define ABSTAT_PRINTOUT_H

#include "decision.h"

struct printout {
  const struct samples *samples;
  const struct design *design; /* of all runs */
  const struct decision *decision;
  const struct policy *policy;
  unsigned long seed; /* of the plan; 0 when none was given */
};

void printout_print(const struct printout *printout);

#endif

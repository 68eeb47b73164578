/* The decision for people: at most 80 columns and 40 lines, the decision and its reason first. */
#ifndef ABSTAT_PRINTOUT_H
#define ABSTAT_PRINTOUT_H

#include <stddef.h>

#include "design.h"
#include "samples.h"
#include "table.h"

struct printout {
  const struct samples *samples;
  const struct design *design;
  const struct finding *findings; /* the primary first; finding i is of metric i in samples */
  size_t count;
  unsigned long seed;             /* of the plan; 0 when none was given */
  double minimum_effect;
};

void printout_print(const struct printout *printout);

#endif

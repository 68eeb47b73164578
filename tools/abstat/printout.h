/* The decision for people: at most 80 columns and 40 lines, the decision and its reason first. */
#ifndef ABSTAT_PRINTOUT_H
#define ABSTAT_PRINTOUT_H

#include "comparison.h"
#include "options.h"

/* One variant is told in full, several in a table, with what else they say in a line each. */
void printout_print(const struct comparisons *comparisons, const struct options *options);

#endif

/* Each variant against the base: the decisions of a whole experiment. */
#ifndef ABSTAT_COMPARISON_H
#define ABSTAT_COMPARISON_H

#include <stddef.h>

#include "decision.h"
#include "design.h"
#include "options.h"
#include "samples.h"

struct comparison {
  struct samples pair; /* borrows from the whole */
  struct design design;
  struct decision decision;
  const char *scale; /* the file that it was judged by; NULL where scales are not compared */
};

struct comparisons {
  struct comparison *list;
  size_t count, capacity;
};

/* Adds the comparison of each variant in the samples, which must outlive them. Several variants share alpha by Holm's
 * step-down: all of them at first, and the rest by one less for each that is kept. */
void comparisons_add(struct comparisons *comparisons, const struct samples *whole, const struct options *options,
                     const char *scale);

/* Of the same comparisons at several scales: a KEEP that has another sign elsewhere becomes INCONCLUSIVE. */
void comparisons_reconcile(struct comparisons *comparisons);

/* KEEP if any variant is kept (at the last scale), else INCONCLUSIVE if any is, else DISCARD. */
enum verdict comparisons_verdict(const struct comparisons *comparisons);

void comparisons_free(struct comparisons *comparisons);

#endif

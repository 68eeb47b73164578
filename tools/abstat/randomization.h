/* The block randomization test and its confidence interval for a shift between two arms.
 *
 * The order of the runs was drawn at random within blocks, so without an effect every labelling of each block's runs
 * with as many runs of each arm was equally likely: the p value is the share of labellings whose difference is as large
 * as the one measured (Fisher 1935; Edgington, Randomization Tests). The interval holds the shifts that the test does
 * not reject (Hartigan 1969; Tritchler 1984, for the inversion). */
#ifndef ABSTAT_RANDOMIZATION_H
#define ABSTAT_RANDOMIZATION_H

#include <stdbool.h>
#include <stddef.h>

#include "samples.h"

/* As many labellings are enumerated; of more, this many less one are drawn, and the measured one is added. */
#define LABELLINGS_MAX 200000

/* A two-sided interval of this level, or the best that the labellings allow. */
#define INTERVAL_LEVEL 0.95

struct measurement {
  const double *scores;  /* one a run, larger is better */
  const struct run *runs;
  const size_t *starts;  /* block b is runs starts[b] to starts[b + 1] - 1; both arms in each */
  size_t block_count;
};

struct randomization {
  double estimate;   /* of the shift: the changed arm's mean score less the base arm's */
  double low, high;  /* its interval; NaN where no level above 0 can be had */
  double level;      /* of the interval; NaN then */
  double as_extreme; /* labellings, the measured one included, that are as extreme as the measured one */
  double labellings; /* all of them; p = as_extreme / labellings */
  bool drawn;        /* labellings were drawn, not enumerated */
};

/* One-sided: labellings at least as good, after the changed arm's scores are lowered by shift (0: is there an
 * improvement; a negative shift: is it better than that loss). Two-sided (shift is not used): at least as far from
 * 0. */
struct randomization randomize(const struct measurement *measurement, double shift, bool two_sided);

#endif

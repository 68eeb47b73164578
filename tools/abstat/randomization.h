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

struct measurement {
  const double *scores;  /* one a run, larger is better */
  const struct run *runs;
  const size_t *starts;  /* block b is runs starts[b] to starts[b + 1] - 1; both arms in each */
  size_t block_count;
};

/* What is asked. */
struct randomization_test {
  double shift;          /* one-sided tests are of this improvement: 0, or a loss (below 0) that is still allowed */
  bool two_sided;        /* instead: has anything moved, in either direction? shift is not used */
  double level;          /* of the two-sided interval */
  size_t labellings_max; /* enumerated; of more, this many less one are drawn, and the measured one is added */
};

struct randomization {
  double estimate;   /* of the shift: the changed arm's mean score less the base arm's */
  double low, high;  /* its interval; NaN where no level above 0 can be had */
  double level;      /* of the interval, or the best that the labellings allow; NaN then */
  double as_extreme; /* labellings, the measured one included, that are as good as the measured one after the changed
                        arm's scores are lowered by the shift; two-sided: as far from 0 */
  double as_poor;    /* the same, that are as poor: few of them show that the improvement is less than the shift */
  double labellings; /* all of them; p = as_extreme / labellings */
  bool drawn;        /* labellings were drawn, not enumerated */
  bool normal;       /* of very many runs: by the normal limit of their sums (Hoeffding 1951), as_extreme in proportion */
};

struct randomization randomize(const struct measurement *measurement, const struct randomization_test *test);

#endif

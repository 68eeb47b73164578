/* The parameters of the decision, with the defaults that are documented in abstat(1). */
#ifndef ABSTAT_POLICY_H
#define ABSTAT_POLICY_H

#include <stdbool.h>
#include <stddef.h>

enum rule { RULE_BLOCKED, RULE_SEED };
enum sd_kind { SD_ROBUST, SD_RESIDUAL };
enum welch_clause { WELCH_AUTO, WELCH_ALWAYS, WELCH_OFF };

/* No decision is planned with more looks. */
enum { POLICY_BLOCKS_MAX = 1000 };

struct policy {
  enum rule rule;
  double alpha;             /* bound of false KEEPs of an experiment, one-sided */
  size_t runs_each;         /* k: runs of each arm in a block, where the order of the runs tells no blocks */
  size_t max_blocks;        /* M */
  const double *weights;    /* of max_blocks looks: the share of alpha that is spent at each */
  double minimum_effect;    /* of interest: a fraction of the base; NaN where the rule has none of its own */
  double minimum_absolute;  /* the same in the primary's unit instead; NaN if none is given */
  double minimum_exact;     /* of a metric declared deterministic, in its unit: any amount above 0, and at least this */
  double screen;            /* p after the first block above which no other is asked for */
  double futility;          /* level of the upper bound that must reach the minimum effect */
  double noise_stop;        /* level of the upper bound that must be provable with max_blocks */
  double interval;          /* two-sided level of the confidence interval */
  double guard_alpha;       /* of the guards' tests; its share at a look is as alpha's */
  bool guard_open_passes;   /* a guard that is not shown to be worse than its limit passes */
  enum sd_kind sd;          /* that the improvement must exceed */
  enum welch_clause welch;
  bool strict_overlap;      /* KEEP only where the ranges do not overlap */
  bool trust_order;         /* take an order that is sequential or unknown for a random one */
  double resolution;        /* of the primary's values; NaN: the smallest gap between two of them */
  size_t labellings_max;    /* enumerate as many at most, else draw as many less one */
  bool confirm;             /* two fresh blocks decide alone */
};

/* The defaults; the weights are those of policy_weights(). */
struct policy policy_default(void);

/* The default weights of as many looks: nothing at the first of several, most at the second. The caller frees. */
double *policy_weights(size_t max_blocks);

#endif

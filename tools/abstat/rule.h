/* The rules that turn a metric's numbers into a verdict of its own. */
#ifndef ABSTAT_RULE_H
#define ABSTAT_RULE_H

#include <stdbool.h>

#include "design.h"
#include "policy.h"
#include "question.h"
#include "statistics.h"

/* The fewest runs of each arm that a verdict rests on; of a metric that is declared deterministic. */
enum { RUNS_MIN = 3, RUNS_MIN_DETERMINISTIC = 2 };

enum verdict { VERDICT_NONE, VERDICT_KEEP, VERDICT_DISCARD, VERDICT_INCONCLUSIVE, VERDICT_PASS, VERDICT_FAIL };

enum reason {
  REASON_IMPROVED,         /* KEEP: what the rule asks for */
  REASON_EXACT,            /* KEEP: better, of a metric that is declared deterministic */
  REASON_CONFIRMED,        /* KEEP: the same again, on fresh data */
  REASON_NO_IMPROVEMENT,   /* DISCARD: the mean is the same or worse */
  REASON_NO_CHANGE,        /* DISCARD: the same number, of a metric that is declared deterministic */
  REASON_WITHIN_ONE_SD,
  REASON_OVERLAP,          /* of the arms' ranges */
  REASON_BELOW_MEI,        /* shown to be less than the minimum effect of interest */
  REASON_WORSE,
  REASON_NOT_CONFIRMED,
  REASON_FAILURES,         /* of runs of the changed arm */
  REASON_ENVIRONMENT,      /* runs of the base arm failed, or a control metric moved */
  REASON_TOO_FEW_RUNS,
  REASON_MORE_DATA,        /* INCONCLUSIVE: the next block may tell */
  REASON_SCREENED,         /* INCONCLUSIVE: too little to be seen after the first block to go on */
  REASON_UNDERPOWERED,     /* INCONCLUSIVE: the blocks that may be run cannot tell */
  REASON_CONFOUNDED_ORDER, /* INCONCLUSIVE: the order of the runs was not random */
  REASON_SIGNS_DIFFER,     /* INCONCLUSIVE: better at one scale, worse at another */
  REASON_WITHIN_LIMIT,     /* guards */
  REASON_NOT_PROVEN_WORSE,
  REASON_BEYOND_LIMIT,
  REASON_OPEN,
  REASON_IDENTICAL,        /* equal metrics */
  REASON_CORRECTNESS,
  REASON_UNMOVED,          /* control metrics */
  REASON_UNDETECTABLE,     /* no p value is small enough with so few runs */
};

/* A point at which a verdict may be reached: after so many blocks. */
struct look {
  size_t number;  /* K, from 1 */
  size_t last;    /* M */
  double weight;  /* share of alpha that is spent here */
  double divisor; /* of alpha: the variants that it is shared by */
  double runs_at_most; /* of each arm, when all blocks are run */
};

struct judgement {
  enum verdict verdict;
  enum reason reason;
  enum verdict seed_verdict; /* of the primary: the seed rule's, without a minimum effect; else NONE */
  double alpha;              /* level of the test at this look; of the seed rule what it attains; NaN if none */
  double next;               /* blocks to measure next; 0 where the verdict needs none */
  double runs_needed;        /* of each arm in all, for a verdict; NaN where it has enough or no number would do */
};

/* The verdict on one metric by its own numbers at a look. */
struct judgement judge(const struct question *question, const struct statistics *statistics,
                       const struct design *design, const struct look *look, const struct policy *policy);

/* The smallest improvement of interest on the scale of the scores. What has none is fail(). */
double minimum_shift(const struct question *question, const struct effect *effect, const struct policy *policy);

/* The one-sided upper bound of the improvement at a level, on the scale of the scores. */
double upper_bound(const struct effect *effect, const struct arm_summary arms[ARM_COUNT], double level);

/* The improvement of the mean, positive where the changed arm is better, in the metric's unit. */
double improvement_of_mean(const struct question *question, const struct statistics *statistics);

/* The gap between the ranges where every run of the changed arm is better (above 0) or every run is worse (below 0);
 * 0 where the ranges overlap or touch. In the metric's unit. */
double gap_of_ranges(const struct question *question, const struct statistics *statistics);

/* The worst mean of the changed arm that is within a guard's limit. */
double limit_of_guard(const struct question *question, const struct statistics *statistics);

/* Whether a verdict for this reason compares the arms' values: not when runs failed or are too few. */
bool reason_compares(enum reason reason);

const char *verdict_name(enum verdict verdict); /* NULL for NONE */
const char *reason_name(enum reason reason);

#endif

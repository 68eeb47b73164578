/* The rules that turn a metric's numbers into a verdict. */
#ifndef ABSTAT_RULE_H
#define ABSTAT_RULE_H

#include <stdbool.h>

#include "design.h"
#include "question.h"
#include "statistics.h"

/* The fewest runs of each arm that a verdict rests on. */
enum { RUNS_MIN = 3 };

enum verdict { VERDICT_NONE, VERDICT_KEEP, VERDICT_DISCARD, VERDICT_INCONCLUSIVE, VERDICT_PASS, VERDICT_FAIL };

enum reason {
  REASON_IMPROVED,       /* KEEP: what the rule asks for */
  REASON_NO_IMPROVEMENT, /* DISCARD: the mean is the same or worse */
  REASON_WITHIN_ONE_SD,
  REASON_OVERLAP,        /* of the arms' ranges */
  REASON_BELOW_MEI,      /* improved, by less than the minimum effect of interest */
  REASON_WORSE,          /* the rule would keep the base arm against this change */
  REASON_FAILURES,       /* of runs of the changed arm */
  REASON_ENVIRONMENT,    /* runs of the base arm failed, or a control metric moved */
  REASON_TOO_FEW_RUNS,
  REASON_WITHIN_LIMIT,   /* guards */
  REASON_BEYOND_LIMIT,
  REASON_IDENTICAL,      /* equal metrics */
  REASON_CORRECTNESS,
  REASON_UNMOVED,        /* control metrics */
  REASON_UNDETECTABLE,   /* no p value is small enough with so few runs */
};

struct judgement {
  enum verdict verdict;
  enum reason reason;
  enum verdict seed_verdict; /* of the primary: the seed rule's, without a minimum effect; else NONE */
  double alpha;              /* level of the test, or that the rule attains where no order is special; NaN if none */
  double next;               /* blocks to measure next; 0 where the verdict needs none */
  double runs_needed;        /* of each arm in all, for a verdict; NaN where it has enough */
};

/* minimum_effect: a fraction of the base arm's mean. */
struct judgement judge(const struct question *question, const struct statistics *statistics,
                       const struct design *design, double minimum_effect);

/* The improvement of the mean, positive where the changed arm is better, in the metric's unit. */
double improvement_of_mean(const struct question *question, const struct statistics *statistics);

/* The gap between the ranges where every run of the changed arm is better (above 0) or every run is worse (below 0);
 * 0 where the ranges overlap or touch. In the metric's unit. */
double gap_of_ranges(const struct question *question, const struct statistics *statistics);

/* The worst mean of the changed arm that passes a guard. */
double limit_of_guard(const struct question *question, const struct statistics *statistics);

/* Whether a verdict for this reason compares the arms' values: not when runs failed or are too few. */
bool reason_compares(enum reason reason);

const char *verdict_name(enum verdict verdict); /* NULL for NONE */
const char *reason_name(enum reason reason);

#endif

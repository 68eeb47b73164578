/* The decision on a change from all of its metrics, at the first look that decides.
 *
 * Looks are after each whole block, and nested: what was decided after two blocks stands, whatever a third one says, so
 * that the false-KEEP bound holds for all looks together. The file alone tells them: nothing is remembered between
 * calls. */
#ifndef ABSTAT_DECISION_H
#define ABSTAT_DECISION_H

#include <stddef.h>

#include "design.h"
#include "policy.h"
#include "question.h"
#include "rule.h"
#include "samples.h"
#include "statistics.h"

/* A metric with all that was found out about it. */
struct finding {
  const struct question *question;
  struct statistics statistics;
  struct judgement judgement;
};

struct decision {
  enum verdict verdict; /* KEEP, DISCARD or INCONCLUSIVE */
  const struct finding *because; /* whose judgement gave it */
  struct finding *findings; /* the primary first; finding i is of metric i in samples */
  size_t count;
  struct design design; /* the part of the runs that it rests on; shares the starts of the whole */
  struct look look;
  enum verdict other_verdict; /* what the other rule says of the primary, or of all metrics */
  bool earlier; /* it was reached before the last whole block, and stands */
};

/* samples: of two arms; design: theirs. divisor: the variants of an experiment that alpha is shared by (Holm), 1 for
 * one. */
struct decision decide(const struct samples *samples, const struct design *design, const struct questions *questions,
                       const struct policy *policy, double divisor);

void decision_free(struct decision *decision);

#endif

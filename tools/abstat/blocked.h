/* The default rule: exact block randomization tests at looks after each block. */
#ifndef ABSTAT_BLOCKED_H
#define ABSTAT_BLOCKED_H

#include "rule.h"

/* Whether any look of the policy can keep, however large an effect is: p cannot be smaller than 1 over the labellings. */
bool blocked_can_keep(const struct policy *policy);

/* The primary, of arms with at least RUNS_MIN good runs each. */
struct judgement blocked_primary(const struct question *question, const struct statistics *statistics,
                                 const struct look *look, const struct policy *policy);

/* The primary on fresh data, after a KEEP. */
struct judgement blocked_confirmation(const struct statistics *statistics, const struct look *look,
                                      const struct policy *policy);

/* A guard, of such arms: is it shown that it got worse by less than its margin? */
struct judgement blocked_guard(const struct question *question, const struct statistics *statistics,
                               const struct look *look, const struct policy *policy);

/* A primary or guard that is declared deterministic and is the same number in every run of an arm. */
struct judgement exact_primary(const struct question *question, const struct statistics *statistics,
                               const struct policy *policy);

#endif

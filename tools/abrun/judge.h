/* abstat, as abrun asks it: whether the samples so far decide, and for the report on them. */
#ifndef ABRUN_JUDGE_H
#define ABRUN_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "memory.h"
#include "series.h"

/* Options of abstat, one word each. */
struct words {
  char **list;
  size_t count, capacity;
};
void words_add(struct words *words, const char *option, const char *value); /* "option=value"; NULL: "option" */
void words_free(struct words *words);

/* Has abstat check its options before anything runs, on made-up samples of these arms. What it does not take is said by
 * itself, and ends abrun with its exit status. */
void judge_check(const struct words *options, const struct questions *questions, char *const *arms, size_t arm_count);

/* A row of abstat's answer; numbers are fractions, NaN for none. */
struct finding {
  char *metric, *role, *verdict, *reason; /* as abstat writes them */
  char *arm;                              /* the variant; NULL where abstat names none */
  double estimate, low, high, p;
  size_t next; /* blocks to measure next; 0 when decided */
};
struct answer {
  struct finding *list;
  size_t count, capacity;
  size_t next; /* the largest of all rows */
};

/* Asks about samples (samples.tsv). What abstat does not take ends abrun as judge_check() does; an answer without a row
 * for the primary metric is fail(). Empty when a signal has ended the measurement meanwhile. */
struct answer judge_ask(const struct words *options, const struct text *samples);
void answer_free(struct answer *answer);

/* Whether the variant in this row of the primary metric is to be kept: no other row speaks against it. */
bool answer_keeps(const struct answer *answer, const struct finding *primary);
bool finding_is_primary(const struct finding *finding);

/* One clause for each variant: what is known, and the verdict or that more data is needed. */
void answer_print(const struct answer *answer, FILE *output);

/* Has abstat print its report on standard output, or nothing. Its exit status: 0, or a verdict's (3, 4) where its
 * options ask for that; others are fail(). */
int judge_report(const struct words *options, const struct text *samples, bool print);

#endif

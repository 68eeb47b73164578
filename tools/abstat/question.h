/* What is asked of a metric: its role in the decision, which direction is better, how much worse a guard may get. */
#ifndef ABSTAT_QUESTION_H
#define ABSTAT_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

enum role { ROLE_PRIMARY, ROLE_GUARD, ROLE_EQUAL, ROLE_CONTROL, ROLE_COUNT };
enum direction { LOWER_IS_BETTER, HIGHER_IS_BETTER, NO_DIRECTION };

struct question {
  const char *metric;
  enum role role;
  enum direction direction; /* of a primary or a guard */
  double margin;            /* of a guard: the loss that is still within the limit, as a fraction of the base */
  bool deterministic;       /* declared to be the same in every run of an arm */
};

struct questions {
  struct question *list;
  size_t count, capacity;
  struct arena arena;
};

/* Adds the question of an option's argument: NAME:lower|higher for the primary, NAME:lower|higher:P% for a guard, NAME
 * for the others. What is none, or a metric that was named before, is fail_usage(). */
void questions_add(struct questions *questions, enum role role, const char *argument);

/* Puts them in the order of the output: primary, guards, equals, controls, each as given. No or a second primary is
 * fail_usage(). */
void questions_order(struct questions *questions);

/* Declares a metric that was asked for as primary or guard deterministic; another one is fail_usage(). */
void questions_declare_deterministic(struct questions *questions, const char *metric);

void questions_free(struct questions *questions);

const char *role_name(enum role role);
const char *direction_name(enum direction direction); /* NULL for none */

#endif

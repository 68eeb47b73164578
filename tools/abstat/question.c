#include "question.h"

#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "report.h"

const char *role_name(enum role role) {
  static const char *const names[] = {"primary", "guard", "equal", "control"};
  return names[role];
}

const char *direction_name(enum direction direction) {
  static const char *const names[] = {"lower", "higher", NULL};
  return names[direction];
}

static const char *expected(enum role role) {
  if (role == ROLE_PRIMARY) return "NAME:lower or NAME:higher";
  return role == ROLE_GUARD ? "NAME:lower:P% or NAME:higher:P%, as in p99_ms:lower:10%" : "the name of a metric";
}

static _Noreturn void fail_question(enum role role, const char *argument) {
  fail_usage("--%s '%s' is not understood; %s is expected", role_name(role), argument, expected(role));
}

/* Cuts text at its last colon, since names hold colons too, and gives what stood behind it; NULL without one. */
static char *cut_last(char *text) {
  char *colon = strrchr(text, ':');
  if (!colon) return NULL;
  *colon = '\0';
  return colon + 1;
}

static void read_margin(struct question *question, const char *text, const char *argument) {
  if (!text || !metric_percentage(text, &question->margin)) fail_question(ROLE_GUARD, argument);
}

static void read_direction(struct question *question, const char *text, const char *argument) {
  if (text && strcmp(text, "lower") == 0) question->direction = LOWER_IS_BETTER;
  else if (text && strcmp(text, "higher") == 0) question->direction = HIGHER_IS_BETTER;
  else fail_question(question->role, argument);
}

void questions_add(struct questions *questions, enum role role, const char *argument) {
  struct question question = {.role = role, .direction = NO_DIRECTION};
  char *name = arena_copy(&questions->arena, argument, strlen(argument));
  if (role == ROLE_GUARD) read_margin(&question, cut_last(name), argument);
  if (role == ROLE_PRIMARY || role == ROLE_GUARD) read_direction(&question, cut_last(name), argument);
  if (!metric_name_is_valid(name)) fail_question(role, argument);
  if (question.direction == HIGHER_IS_BETTER && question.margin >= 1)
    fail_usage("--guard '%s' can never fail: a loss of less than 100%% is expected", argument);
  question.metric = name;
  for (size_t i = 0; i < questions->count; i++)
    if (strcmp(questions->list[i].metric, name) == 0)
      fail_usage("the metric '%s' is asked for twice, as %s and as %s", name, role_name(questions->list[i].role),
                 role_name(role));
  grow(&questions->list, &questions->capacity, questions->count + 1, sizeof *questions->list);
  questions->list[questions->count++] = question;
}

void questions_order(struct questions *questions) {
  struct question *ordered = take_array(questions->count, sizeof *ordered);
  size_t count = 0, primaries = 0;
  for (enum role role = 0; role < ROLE_COUNT; role++) {
    for (size_t i = 0; i < questions->count; i++)
      if (questions->list[i].role == role) ordered[count++] = questions->list[i];
    if (role == ROLE_PRIMARY) primaries = count;
  }
  if (primaries != 1) fail_usage("--primary NAME:lower or NAME:higher is needed%s", primaries ? " only once" : "");
  free(questions->list);
  questions->list = ordered;
}

void questions_declare_deterministic(struct questions *questions, const char *metric) {
  for (size_t i = 0; i < questions->count; i++) {
    struct question *question = &questions->list[i];
    if (strcmp(question->metric, metric) != 0) continue;
    if (question->role != ROLE_PRIMARY && question->role != ROLE_GUARD) break;
    question->deterministic = true;
    return;
  }
  fail_usage("--deterministic '%s' is neither the primary nor a guard", metric);
}

void questions_free(struct questions *questions) {
  free(questions->list);
  arena_free(&questions->arena);
}

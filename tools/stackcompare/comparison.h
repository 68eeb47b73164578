/* The profiles that stackcompare compares, and what it writes of them. */
#ifndef ASSAY_STACKCOMPARE_COMPARISON_H
#define ASSAY_STACKCOMPARE_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "patterns.h"
#include "metrics.h"
#include "stacks.h"
#include "view.h"

enum mode { PROFILES, FUNCTIONS, POINTS };

struct options {
  struct view view;
  enum mode mode;
  size_t centres;
  bool by_cumulative, raw;
  struct patterns allocators;
  const char *metrics, *higher, *order;
};

struct profile {
  const char *path; /* NULL: only its metrics are known */
  char *name;
  uint64_t total;
  size_t number;      /* in the order in which it was named: its column of values */
  size_t metrics_row;
  double standing;    /* what it is ordered by; the least is the best */
};

struct comparison {
  const struct options *options;
  struct metrics metrics; /* none without --metrics */
  struct profile *profiles; /* the best first, once they are ordered */
  size_t count;
  struct stacks functions;
  uint64_t *values; /* of a function (by number) in a profile: [number * count + profile] */
  size_t capacity;
};

/* What the profiles have of a function, by their numbers. */
static inline const uint64_t *columns_of(const struct comparison *comparison, size_t function) {
  return &comparison->values[function * comparison->count];
}

/* Without any, only their metrics are compared. */
static inline bool has_profiles(const struct comparison *comparison) { return comparison->profiles[0].path; }

/* A row for each profile; for each function; for each profile with its points. */
void write_profiles(const struct comparison *comparison);
void write_functions(const struct comparison *comparison);
void write_points(const struct comparison *comparison);

#endif

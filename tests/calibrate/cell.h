/* The cells of a calibration: what is simulated, and what an independent simulation of the same rule has published. */
#ifndef CALIBRATE_CELL_H
#define CALIBRATE_CELL_H

#include <stdbool.h>
#include <stddef.h>

#include "abstat/policy.h"
#include "memory.h"
#include "noise.h"

enum order {
  ORDER_PLANNED,    /* blocks drawn at random, a look after each */
  ORDER_SEQUENTIAL, /* all runs of the base arm, then all of the changed one, then one look */
};

enum result { RESULT_KEEP, RESULT_DISCARD, RESULT_INCONCLUSIVE, RESULT_COUNT };

/* A number as it was published: the true one is within half a unit of its last digit. */
struct published {
  const char *text;
  double value, half_unit;
};

struct cell {
  const char *table;
  const char *name; /* table, policy unless it is the default, order unless planned, noise, cv, effect */
  struct policy policy;
  enum order order;
  enum noise noise;
  double cv;     /* 0 where the noise has its own */
  double effect; /* the changed arm takes this fraction less */
  double published_experiments; /* INFINITY for what must be exactly so */
  struct published rates[RESULT_COUNT]; /* in percent */
  struct published runs; /* mean runs of both arms */
};

struct cells {
  struct cell *list;
  size_t count, capacity;
  struct arena arena;
};

/* Adds the cells of a TSV `table policy order noise cv effect experiments keep discard inconclusive runs` that are of
 * this table, or all of them where table is NULL. What cannot be understood is fail_at(). */
void cells_read(struct cells *cells, const char *path, const char *table);

void cells_free(struct cells *cells);

#endif

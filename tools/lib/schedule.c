#include "schedule.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

#include "memory.h"
#include "report.h"

struct schedule {
  gsl_rng *generator;
  size_t arm_count, runs;
  size_t *block;
};

struct schedule *schedule_open(unsigned long seed, size_t arm_count, size_t runs) {
  struct schedule *schedule = take(sizeof *schedule);
  size_t length = product_of(arm_count, runs);
  *schedule = (struct schedule){.arm_count = arm_count, .runs = runs, .block = take_array(length, sizeof(size_t))};
  schedule->generator = gsl_rng_alloc(gsl_rng_mt19937);
  if (!schedule->generator) fail("out of memory (random number generator)");
  gsl_rng_set(schedule->generator, seed);
  return schedule;
}

const size_t *schedule_next(struct schedule *schedule) {
  size_t length = schedule->arm_count * schedule->runs;
  for (size_t i = 0; i < length; i++) schedule->block[i] = i / schedule->runs;
  gsl_ran_shuffle(schedule->generator, schedule->block, length, sizeof *schedule->block);
  return schedule->block;
}

void schedule_close(struct schedule *schedule) {
  gsl_rng_free(schedule->generator);
  free(schedule->block);
  free(schedule);
}

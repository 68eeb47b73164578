/* Experiments as a measurer makes them, on simulated runs, decided by abstat's engine. */
#ifndef CALIBRATE_SIMULATION_H
#define CALIBRATE_SIMULATION_H

#include <stddef.h>

#include "cell.h"

/* What the experiments of a cell ended in. */
struct tally {
  size_t experiments;
  size_t results[RESULT_COUNT];
  double runs, runs_squared; /* sums over the experiments, of both arms' runs */
};

/* Experiments of a cell. After each block the engine decides on the blocks so far, and the experiment ends when no
 * metric asks for another. The same seed and name of the cell give the same experiments, whatever other cells there
 * are. */
struct tally simulate(const struct cell *cell, size_t experiments, unsigned long seed);

/* The same for cells, by as many processes; tally i is of cell i. The caller frees. */
struct tally *simulate_cells(const struct cells *cells, size_t experiments, unsigned long seed, size_t jobs);

/* A generator whose stream depends on the seed and on a name, never 0 for its own seed. The caller frees. */
gsl_rng *generator_of(unsigned long seed, const char *name);

double tally_percent(const struct tally *tally, enum result result);
double tally_mean_runs(const struct tally *tally);

/* The sample standard deviation of an experiment's runs. */
double tally_sd_of_runs(const struct tally *tally);

#endif

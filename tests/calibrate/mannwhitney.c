#include "mannwhitney.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>

#include "simulation.h"

/* counts[u] becomes the number of orders of n runs and n others with U = u, for u from 0 to n * n. The generating
 * function is the product of (1 - q^(n + i)) / (1 - q^i) for i from 1 to n; the counts are whole numbers below 2^53. */
static void count_orders(size_t n, double *counts) {
  size_t largest = n * n;
  for (size_t u = 0; u <= largest; u++) counts[u] = u == 0;
  for (size_t i = 1; i <= n; i++) {
    for (size_t u = largest; u >= n + i; u--) counts[u] -= counts[u - n - i];
    for (size_t u = i; u <= largest; u++) counts[u] += counts[u - i];
  }
}

int mannwhitney_critical(size_t n, double alpha) {
  double *counts = take_array(n * n + 1, sizeof *counts), all = 0, below = 0;
  count_orders(n, counts);
  for (size_t u = 0; u <= n * n; u++) all += counts[u];
  int critical = -1;
  for (size_t u = 0; u <= n * n && (below += counts[u]) <= alpha * all; u++) critical = (int)u;
  free(counts);
  return critical;
}

static int statistic_of(const double *values, const int *changed, size_t count) {
  int statistic = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count && changed[i]; j++) statistic += !changed[j] && values[i] > values[j];
  return statistic;
}

double mannwhitney_power(const struct cell *cell, size_t n, double alpha, size_t experiments, unsigned long seed) {
  int critical = mannwhitney_critical(n, alpha), *changed = take_array(2 * n, sizeof *changed);
  double *values = take_array(2 * n, sizeof *values);
  gsl_rng *generator = generator_of(seed, "Mann-Whitney");
  size_t found = 0;
  for (size_t experiment = 0; experiment < experiments; experiment++) {
    for (size_t i = 0; i < 2 * n; i++) changed[i] = i >= n;
    gsl_ran_shuffle(generator, changed, 2 * n, sizeof *changed);
    noise_draw(cell->noise, cell->cv, generator, values, 2 * n);
    for (size_t i = 0; i < 2 * n; i++)
      if (changed[i]) values[i] *= 1 - cell->effect;
    found += statistic_of(values, changed, 2 * n) <= critical;
  }
  gsl_rng_free(generator);
  free(changed);
  free(values);
  return 100 * (double)found / (double)experiments;
}

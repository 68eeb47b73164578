#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "mannwhitney.h"
#include "report.h"
#include "simulation.h"

/* Runs of each arm: the range in which the Mann-Whitney test's are looked for, and the ten that are usual. */
enum { PEER_RUNS_MIN = 5, PEER_RUNS_MAX = 20, USUAL_RUNS = 10 };

/* The peers' power is cheap to simulate, so by as many experiments for one of the rule's. */
enum { PEER_EXPERIMENTS = 4 };

/* The greatest ratios of runs that are good enough, beside the Mann-Whitney test and beside the usual runs. */
static const double GOAL_WITHOUT_EFFECT[] = {0.60, 0.60}, GOAL_WITH_EFFECT[] = {0.90, 0.80};

static size_t place_of(const struct cells *cells, bool has_effect) {
  for (size_t i = 0; i < cells->count; i++)
    if ((cells->list[i].effect > 0) == has_effect) return i;
  fail("a cell %s effect is missing", has_effect ? "with" : "without");
}

/* The fewest runs of each arm with which the Mann-Whitney test, at the rule's alpha, finds the effect as often as the
 * rule does, and how often that is. */
static size_t peer_runs(const struct cell *cell, double power, size_t experiments, unsigned long seed,
                        double *reached) {
  for (size_t n = PEER_RUNS_MIN; n <= PEER_RUNS_MAX; n++) {
    *reached = mannwhitney_power(cell, n, cell->policy.alpha, experiments, seed);
    if (*reached >= power) return n;
  }
  fail("the Mann-Whitney test with %d runs of each arm finds the effect in %.1f %%, the rule in %.1f %%", PEER_RUNS_MAX,
       *reached, power);
}

static void print_row(const struct cell *cell, const struct tally *tally, const char *peer, size_t runs, double goal) {
  double ratio = tally_mean_runs(tally) / (double)(2 * runs);
  printf("effect %g %%, cv %g %%, %.1f %% kept\t%.1f\t%s\t%zu\t%.2f\t%.2f\t%s\n", 100 * cell->effect, 100 * cell->cv,
         tally_percent(tally, RESULT_KEEP), tally_mean_runs(tally), peer, 2 * runs, ratio, goal,
         ratio <= goal ? "reached" : "missed");
}

void bench(const struct cells *cells, size_t experiments, unsigned long seed, size_t jobs) {
  size_t without = place_of(cells, false), with = place_of(cells, true);
  struct tally *tallies = simulate_cells(cells, experiments, seed, jobs);
  double power = tally_percent(&tallies[with], RESULT_KEEP), reached;
  size_t runs = peer_runs(&cells->list[with], power, PEER_EXPERIMENTS * experiments, seed, &reached);
  char peer[80];
  snprintf(peer, sizeof peer, "Mann-Whitney, %.1f %% kept", reached);
  puts("decision\truns\tbeside\tbeside_runs\tratio\tgoal\tresult");
  for (size_t i = 0; i < 2; i++) {
    const struct cell *cell = &cells->list[i ? with : without];
    const struct tally *tally = &tallies[i ? with : without];
    const double *goals = i ? GOAL_WITH_EFFECT : GOAL_WITHOUT_EFFECT;
    print_row(cell, tally, peer, runs, goals[0]);
    print_row(cell, tally, "10 + 10 runs", USUAL_RUNS, goals[1]);
  }
  free(tallies);
}

/* What the decision costs: mean runs to a verdict, beside designs whose number of runs is fixed beforehand. */
#ifndef CALIBRATE_BENCH_H
#define CALIBRATE_BENCH_H

#include <stddef.h>

#include "cell.h"

/* Prints TSV `decision runs beside beside_runs ratio goal result`, runs of both arms. cells: one without effect and one
 * with; the peers' runs are those that find the latter. */
void bench(const struct cells *cells, size_t experiments, unsigned long seed, size_t jobs);

#endif

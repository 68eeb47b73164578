/* A text plot of a metric's runs in the order in which they ran. */
#ifndef ABSTAT_PLOT_H
#define ABSTAT_PLOT_H

#include "design.h"
#include "page.h"
#include "samples.h"

/* Lines that a plot takes at most. */
enum { PLOT_LINES = 10 };

/* values: of every run, NaN for one that failed. Base runs are A, changed ones B, failed ones x; a + below begins a
 * block. Nothing is printed where no run has a value. */
void plot_runs(struct page *page, const struct samples *samples, const struct design *design, const double *values);

#endif

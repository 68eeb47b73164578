/* The report for people: the noise of each metric, what it means, and the advice; at most 80 columns wide. */
#ifndef NOISEFLOOR_PRINTOUT_H
#define NOISEFLOOR_PRINTOUT_H

#include "advice.h"
#include "noise.h"
#include "samples.h"

/* noise and advice: of each metric of samples, in its order. */
void printout_print(const struct samples *samples, struct demand demand, const struct noise *noise,
                const struct advice *advice);

#endif

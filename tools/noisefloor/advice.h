/* What a person should know before measuring with this noise. */
#ifndef NOISEFLOOR_ADVICE_H
#define NOISEFLOOR_ADVICE_H

#include <stddef.h>

#include "noise.h"
#include "samples.h"

enum { ADVICE_MAX = 7 };

struct advice {
  char *lines[ADVICE_MAX]; /* sentences without an end; the caller frees each */
  size_t count;
};

/* What the runs of one metric of samples give rise to; nothing, most often. */
struct advice advise(const struct samples *samples, const struct metric *metric, const struct noise *noise);

void advice_free(struct advice *advice);

#endif

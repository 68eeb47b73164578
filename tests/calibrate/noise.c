#include "noise.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static const double AUTOREGRESSION = 0.7;

bool noise_find(const char *name, enum noise *noise) {
  static const char *const names[NOISE_COUNT] = {"normal", "logn.05", "logn.2", "bimodal", "outlier",
                                                 "drift",  "ar1",     "step",   "period2"};
  for (*noise = 0; *noise < NOISE_COUNT; (*noise)++)
    if (strcmp(names[*noise], name) == 0) return true;
  return false;
}

/* What the model does to the run at a place (from 0), beside its normal deviation. */
static double disturbance(enum noise noise, size_t place, gsl_rng *generator) {
  switch (noise) {
    case NOISE_BIMODAL: return gsl_rng_uniform(generator) < 0.3 ? 1.10 : 1;
    case NOISE_OUTLIER: return gsl_rng_uniform(generator) < 0.05 ? 1.5 : 1;
    case NOISE_DRIFT: return pow(0.95, (double)place / 11);
    case NOISE_STEP: return place >= 6 ? 0.97 : 1;
    case NOISE_PERIOD2: return place % 2 == 1 ? 0.97 : 1;
    default: return 1;
  }
}

void noise_draw(enum noise noise, double cv, gsl_rng *generator, double *factors, size_t count) {
  double deviation = 0;
  for (size_t i = 0; i < count; i++) {
    double fresh = gsl_ran_gaussian_ziggurat(generator, 1);
    bool continues = noise == NOISE_AR1 && i > 0;
    deviation = continues ? AUTOREGRESSION * deviation + sqrt(1 - AUTOREGRESSION * AUTOREGRESSION) * fresh : fresh;
    if (noise == NOISE_LOGNORMAL_5) factors[i] = exp(0.05 * deviation);
    else if (noise == NOISE_LOGNORMAL_20) factors[i] = exp(0.20 * deviation);
    else factors[i] = (1 + cv * deviation) * disturbance(noise, i, generator);
  }
}

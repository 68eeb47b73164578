#include "agreement.h"

#include <math.h>

double standard_error_of_rate(double percent, double experiments) {
  return sqrt(percent * (100 - percent) / experiments);
}

/* Of the numbers that were rounded to the published one, the nearest to this. */
static double nearest(const struct published *published, double number) {
  return fmin(fmax(number, published->value - published->half_unit), published->value + published->half_unit);
}

static double deviation(double difference, double variance) {
  return fabs(difference) > 0 ? difference / sqrt(variance) : 0;
}

double deviation_of_rate(const struct cell *cell, const struct tally *tally, enum result result) {
  double found = tally_percent(tally, result), published = nearest(&cell->rates[result], found);
  double found_share = 1 / cell->published_experiments, published_share = 1 / (double)tally->experiments;
  double shares = found_share + published_share; /* both in proportion to the experiments behind them */
  double pooled = (found * found_share + published * published_share) / shares;
  return deviation(found - published, pooled * (100 - pooled) * shares);
}

double deviation_of_runs(const struct cell *cell, const struct tally *tally) {
  double found = tally_mean_runs(tally), published = nearest(&cell->runs, found), sd = tally_sd_of_runs(tally);
  double shares = 1 / cell->published_experiments + 1 / (double)tally->experiments;
  return deviation(found - published, sd * sd * shares);
}

#include "policy.h"

#include <math.h>

#include "memory.h"

struct policy policy_default(void) {
  return (struct policy){
      .rule = RULE_BLOCKED,
      .alpha = 0.01,
      .runs_each = 3,
      .max_blocks = 4,
      .minimum_effect = 0.01,
      .minimum_absolute = NAN,
      .screen = 0.30,
      .futility = 0.90,
      .noise_stop = 0.95,
      .interval = 0.95,
      .guard_alpha = 0.05,
      .sd = SD_ROBUST,
      .welch = WELCH_AUTO,
      .resolution = NAN,
      .labellings_max = 200000,
  };
}

double *policy_weights(size_t max_blocks) {
  static const double few[][4] = {{1}, {0, 1}, {0, 0.6, 0.4}, {0, 0.5, 0.3, 0.2}};
  double *weights = take_array(max_blocks, sizeof *weights);
  for (size_t i = 0; i < max_blocks; i++) {
    if (max_blocks <= 4) weights[i] = few[max_blocks - 1][i];
    else weights[i] = i == 0 ? 0 : i == 1 ? 0.5 : 0.5 / (double)(max_blocks - 2);
  }
  return weights;
}

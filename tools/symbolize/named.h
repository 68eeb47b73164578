/* Names from lists of addresses: of the kernel's functions (/proc/kallsyms), of what a JIT compiler made
 * (/tmp/perf-PID.map). */
#ifndef ASSAY_SYMBOLIZE_NAMED_H
#define ASSAY_SYMBOLIZE_NAMED_H

#include "frames.h"

struct named_request {
  const struct target *target;
  const uint64_t *addresses; /* sorted, each once */
  size_t count;
};

/* Each fills answers as look_up does. path NULL: the file where it is by custom. */
void name_kernel(const struct named_request *request, const char *path, struct answers *answers);
void name_perf_map(const struct named_request *request, const char *path, struct answers *answers);

/* No frames, and why. */
void named_nothing(const struct named_request *request, const char *why, struct answers *answers);

#endif

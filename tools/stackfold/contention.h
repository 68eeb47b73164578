/* What the contention profiles of gperftools and of Go have in common: attributes, `name = value` a line, then rows
 * `delay contentions @ 0xADDRESS...`. */
#ifndef ASSAY_STACKFOLD_CONTENTION_H
#define ASSAY_STACKFOLD_CONTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addresses.h"
#include "format.h"
#include "row.h"

struct contention {
  uint64_t cycles_per_second; /* 0: not known; delays are in cycles then */
  uint64_t period;            /* one of so many contentions is in the profile; 1 where the profile does not say */
  bool wants_contentions;     /* rather than delay, in nanoseconds */
};

extern const char *const contention_values[];

/* Whether the line is an attribute, which is then taken. Java's profiles, which have others, are fail_at(). */
bool contention_read_attribute(struct contention *contention, const struct input *input, const char *line,
                               size_t length);

/* `delay contentions @`, and the value wanted of the two, un-sampled; false where something else stands there. */
bool contention_scan(const struct contention *contention, const struct input *input, struct row *row,
                     uint64_t *value);

#endif

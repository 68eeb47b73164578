/* Which function of a profile a person means. */
#ifndef ASSAY_FUNCTION_H
#define ASSAY_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>

#include "interned.h"

/* Fills chosen, one for each frame of the profile, with whether it is the function that was asked for, and returns its
 * whole name, which the caller frees. text is a whole name; where no function has that, a part of one that
 * only one function's name holds. None, or more than one, is fail(), which names those with the greatest values. */
char *function_choose(const struct interned *profile, const char *text, const uint64_t *cumulative, bool *chosen);

#endif

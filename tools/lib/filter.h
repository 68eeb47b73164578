/* --focus, --ignore, --hide and --show: regular expressions that are applied once to each distinct frame. */
#ifndef ASSAY_FILTER_H
#define ASSAY_FILTER_H

#include <stdint.h>

#include "frame.h"

enum filter_kind { FILTER_FOCUS, FILTER_IGNORE, FILTER_HIDE, FILTER_SHOW, FILTER_KINDS };

/* Marks of a frame. */
enum { FOCUSED = 1, IGNORED = 2, HIDDEN = 4 };

struct filter;

struct filter *filter_new(void);

/* Sets one of them; what is no regular expression, and a second of the same kind, is fail_usage(). */
void filter_set(struct filter *filter, enum filter_kind kind, const char *expression);
const char *filter_expression(const struct filter *filter, enum filter_kind kind); /* NULL: not set */

/* The marks of a frame: an expression fits where it is found in the function's name, the file or the module,
 * or in the whole of a frame that is no function. */
uint8_t filter_marks(const struct filter *filter, const struct frame *frame, const char *bytes, size_t length,
                     struct frame_part module);

void filter_free(struct filter *filter);

#endif

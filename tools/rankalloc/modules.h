/* Which module a frame is in: by its own text, or by the table that symbolize --frames writes. */
#ifndef ASSAY_RANKALLOC_MODULES_H
#define ASSAY_RANKALLOC_MODULES_H

#include <stddef.h>

#include "frame.h"

struct modules;

/* Reads a TSV with the fields frame and module. */
struct modules *modules_read(const char *path);

/* The module; several of them joined by '|' where the table has the frame in several; length 0: not known. modules
 * may be NULL. */
struct frame_part modules_of(const struct modules *modules, const struct frame *frame, const char *bytes,
                             size_t length);

void modules_free(struct modules *modules);

#endif

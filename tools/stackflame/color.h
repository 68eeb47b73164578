/* Colours of frames: the same at every run, by hashes of names. */
#ifndef ASSAY_STACKFLAME_COLOR_H
#define ASSAY_STACKFLAME_COLOR_H

#include <stddef.h>

#include "kind.h"

struct color {
  unsigned char red, green, blue;
};

/* The colour of a kind; name varies its lightness a little, so that frames side by side can be told apart. NULL:
 * none. */
struct color kind_color(enum kind kind, bool inlined, const char *name, size_t length);

/* One hue a text. */
struct color text_color(const char *text, size_t length, const char *name, size_t name_length);

/* From -1 (all blue) over 0 (white) to 1 (all red). */
struct color difference_color(double change);

extern const struct color no_module_color;

#endif

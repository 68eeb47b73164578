/* Reading folded stacks: lines "FRAME;FRAME;... VALUE", root first, the last blank before the value.
 *
 * Frames may hold blanks; CR LF and a UTF-8 byte order mark are accepted. Skipped: empty lines, and comments, which are
 * lines that begin with "# " and hold no ';' (some profilers put such a head above their stacks). Control characters
 * in a stack, NUL included, come out as '?'. */
#ifndef ASSAY_FOLDED_H
#define ASSAY_FOLDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

struct folded_line {
  const char *stack; /* into the input's buffer, valid until the next line is read; no NUL follows */
  size_t length;
  uint64_t value;
};

enum folded_outcome { FOLDED_STACK, FOLDED_CUT_OFF, FOLDED_END };

/* The next stack. FOLDED_CUT_OFF: the last line has neither a value nor a line end, so the input was cut off there.
 * A line without a stack or without a value, a negative value, one past 64 bits, or a fractional one is fail_at(); a
 * fraction of zeros (31.0) is none. */
enum folded_outcome folded_next(struct input *input, struct folded_line *line);

/* Reads all of bytes as a decimal integer from 0 to 2^64 - 1. NULL when it is one; else what is wrong with it, as the
 * end of a sentence ("is missing", "is negative", ...). */
const char *read_count(const char *bytes, size_t length, uint64_t *value);

/* Whether the frame has the form "NAME (FILE:LINE)", where LINE is digits or "???"; *name_length is then the length of
 * NAME, and that of the whole frame otherwise. */
bool frame_has_line(const char *frame, size_t length, size_t *name_length);

/* Puts '?' for each control character (bytes 0 to 31 and 127). */
void replace_controls(char *bytes, size_t length);

#endif

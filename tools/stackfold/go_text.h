/* The two kinds of text profiles of Go: rows of addresses (debug=1, go_text.c) and dumps of goroutines (debug=2, and a
 * program that ends by a panic, go_dump.c). */
#ifndef ASSAY_STACKFOLD_GO_TEXT_H
#define ASSAY_STACKFOLD_GO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/* Whether the line is the head of a goroutine's stack: `goroutine N [STATE]:`. */
bool go_dump_is_head(const char *line, size_t length);

/* Reads a dump to its end. */
void go_dump_parse(struct input *input, struct sums *sums);

#endif

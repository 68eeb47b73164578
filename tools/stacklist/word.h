/* Whether a file of the source can be the one that a function is in. */
#ifndef ASSAY_STACKLIST_WORD_H
#define ASSAY_STACKLIST_WORD_H

#include <stdbool.h>

#include "memory.h"
#include "source.h"

/* Appends the word in a function's name that its source must hold: `push_back` of `std::vector<int>::push_back(int&&)`,
 * `process` of `Store.process.<genexpr>`. false where there is none to rely on, as in a name that a compiler made. */
bool own_word(const char *function, struct text *word);

/* Whether the file, which was read, holds the word as one of its words. */
bool holds_word(const struct source_file *file, const char *word);

#endif

/* A row of text, read from left to right: each function skips blanks first, then takes what it is asked
 * for, and moves on only where it found that. */
#ifndef ASSAY_ROW_H
#define ASSAY_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct row {
  const char *at, *end;
};

static inline struct row row_of(const char *line, size_t length) {
  return (struct row){.at = line, .end = line + length};
}

static inline void row_blanks(struct row *row) {
  while (row->at < row->end && (*row->at == ' ' || *row->at == '\t')) row->at++;
}

/* Nothing but blanks is left. */
bool row_ends(struct row *row);

/* These very characters. */
bool row_word(struct row *row, const char *word);

/* Digits; false where there are none, or where they are more than 64 bits. */
bool row_decimal(struct row *row, uint64_t *number);

/* Hexadecimal digits, or `0x` and hexadecimal digits; false as above. */
bool row_hexadecimal(struct row *row, uint64_t *number);
bool row_address(struct row *row, uint64_t *address);

/* Passes what stands before the next blank or the end; false where there is nothing. */
bool row_skip_word(struct row *row);

/* Whether the line begins so, blanks not skipped. */
bool row_starts_with(const char *line, size_t length, const char *start);

#endif

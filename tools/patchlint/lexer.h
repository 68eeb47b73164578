/* Source text as tokens: one lexer, driven by a table of languages, that knows just enough of each to leave out
 * comments and white space and to tell numbers from the rest. It never fails: text that is no program gives tokens,
 * too. */
#ifndef ASSAY_PATCHLINT_LEXER_H
#define ASSAY_PATCHLINT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

enum token_kind {
  WORD,        /* a name or a keyword */
  NUMBER,      /* with its suffix; a string that holds only a number (and a unit) is one, too */
  STRING,      /* bytes are what stands between its quotes */
  LONG_STRING, /* the same with three quotes */
  MARK,        /* an operator or punctuation */
  LINE_END,    /* where it separates statements */
  COLUMN,      /* of the first statement, where indentation matters: length is the column */
  INDENT, DEDENT
};

struct token {
  enum token_kind kind;
  char quote; /* of a string: its quote, where different ones mean different things; `?` without begin or end; else 0 */
  const char *bytes;
  size_t length;
};

struct tokens {
  struct token *list;
  size_t count, capacity;
};

struct language;

/* The language of a file, by the ending of its name; never NULL. */
const struct language *language_of(const char *path);

/* Appends the tokens of length bytes of source (a NUL follows), which must outlive them. Source may end anywhere, and
 * begin anywhere unless is_beginning: it is a hunk. */
void lex(struct tokens *tokens, const struct language *language, const char *source, size_t length, bool is_beginning);

#endif

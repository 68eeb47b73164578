/* How a value is written so that it stays a value where it stands: in a shell script, in Markdown.
 *
 * Every function appends to a text, takes length bytes of value (NULs are bytes like others where nothing else is
 * said), cannot fail, and takes time linear in length. */
#ifndef ASSAY_QUOTE_H
#define ASSAY_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

/* One single-quoted shell word. value holds no NUL. */
void quote_shell(struct text *output, const char *value, size_t length);

/* The value split at blanks (space, tab, newline), each word single-quoted, joined by a space. value holds no NUL. */
void quote_shell_words(struct text *output, const char *value, size_t length);

/* For a comment line: line breaks and control characters become spaces. */
void quote_comment(struct text *output, const char *value, size_t length);

/* CommonMark with GitHub's extensions: text that shows as the value and is no markup, in a paragraph, at the start of a
 * line or in a table cell. A run of blanks and line breaks becomes one space, a control character `?`. */
void quote_markdown(struct text *output, const char *value, size_t length);

/* An inline code span; nothing for an empty value. A line break becomes a space, a control character `?`. in_table
 * escapes `|`, which would end a cell. */
void quote_markdown_code(struct text *output, const char *value, size_t length, bool in_table);

/* A fenced code block without the line end that follows its closing fence. Control characters other than tab and line
 * break become `?`. */
void quote_markdown_block(struct text *output, const char *value, size_t length);

#endif

/* JSON of which each line is a value of its own, read where it lies, without a tree and without an allocation.
 *
 * (A library that makes a tree keeps one of several equal names, rounds numbers past 64 bits, and json-c does not survive
 * every allocation that fails.) What does not fit is fail_at() with what was expected. */
#ifndef ASSAY_JSON_H
#define ASSAY_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "input.h"

struct json_cursor {
  const struct input *input; /* for messages */
  const char *what;          /* how a message begins: "is no ..." */
  char *at, *end;            /* what is left of the line; a NUL follows the end */
};

_Noreturn void json_fail(struct json_cursor *cursor, const char *expected);

/* Whether c comes next, behind blanks; then it is passed. */
bool json_next_is(struct json_cursor *cursor, char c);
void json_expect(struct json_cursor *cursor, char c, const char *expected);

/* Whether a string comes next; nothing is passed but blanks. */
bool json_string_is_next(struct json_cursor *cursor);

/* Passes a string and returns its bytes, unescaped in place, which may hold NULs. */
char *json_string(struct json_cursor *cursor, size_t *length);

/* Passes a value of any kind and returns its bytes as they are. */
void json_value(struct json_cursor *cursor, char **value, size_t *length);

/* Whether all brackets and strings of the line are closed: false for one that was cut off. */
bool json_is_whole(const char *bytes, size_t length);

#endif

/* Lists of patterns for the names of functions, from text: one pattern a line, '#' begins a comment line. '*' stands for any
 * bytes, none included, and "<*>" before any other star for a whole "<...>"; all else for itself. One that holds "<*>" fits
 * names without it too. A pattern fits a whole name, as bare_name_length has it. In a list with notes a tab and a note
 * follow each pattern. */
#ifndef ASSAY_PATTERNS_H
#define ASSAY_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

enum { NO_PATTERN = -1 };

struct pattern {
  char *glob; /* a NUL follows */
  size_t length;
  size_t literal; /* bytes before the first '*' */
  char *note;     /* NULL without notes */
  int next;       /* of those that begin with the same byte; NO_PATTERN: the last */
};

/* Start from {0}. */
struct patterns {
  bool has_notes;
  struct pattern *list;
  size_t count, capacity;
  int first[256], last[256]; /* by the first byte, plus one; those that begin with '*' under '*' */
};

/* name is for messages: a line without a pattern, or without the note that it should have, is fail_at(). */
void patterns_add_text(struct patterns *patterns, const char *name, const char *text, size_t length);
void patterns_add_file(struct patterns *patterns, const char *path);

/* The first pattern that fits the function's name; NO_PATTERN: none. */
int patterns_find(const struct patterns *patterns, const char *name, size_t length);

/* Whether one of them may fit a name that begins so: false is sure, and quick. */
bool patterns_may_fit(const struct patterns *patterns, const char *start, size_t length);

/* The length of a function's name without what a linker or compiler appends: @plt, @VERSION, .isra.0, .cold, ... */
size_t bare_name_length(const char *name, size_t length);

void patterns_free(struct patterns *patterns);

#endif

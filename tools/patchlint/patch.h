/* A patch in `git format-patch` form, or a plain git diff behind a message, taken apart.
 *
 * The reader takes what git apply takes, and no more: every line belongs to the message, to a diff that a `diff --git`
 * line begins, or to the signature. What it cannot place is fail_at(), so that no change passes it unseen. */
#ifndef ASSAY_PATCHLINT_PATCH_H
#define ASSAY_PATCHLINT_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

struct line {
  const char *bytes; /* a NUL follows; none within */
  size_t length;
};

/* What is changed at one place: the lines before and after, context included, each ended by a newline. */
struct hunk {
  const char *path; /* of the file, to tell its language */
  struct text before, after;
  bool is_beginning; /* of its file */
};

/* A path that the patch names, without the a/ or b/, escapes undone. */
struct touched {
  const char *path;
  size_t difference; /* index of the difference that names it */
};

/* What one `diff --git` line begins. */
struct difference {
  size_t line;
  const char *path; /* the new path, or the old one of a deleted file */
  bool is_rename, is_copy, is_binary;
  const char *old_mode, *new_mode; /* of a mode change; else NULL */
  const char *mode;                /* of a new, deleted or changed file, as six digits; NULL where none is told */
};

struct patch {
  const char *name; /* for messages */
  struct line *lines; /* an empty one follows the last */
  size_t line_count, line_capacity;
  size_t message_end; /* index of the first `diff --git` line: before it stands the message */
  struct difference *differences;
  size_t difference_count, difference_capacity;
  struct touched *touched;
  size_t touched_count, touched_capacity;
  struct hunk *hunks;
  size_t hunk_count, hunk_capacity;
  size_t changed_lines; /* removed and added ones */
  struct arena arena;
};

/* Reads the whole of path ("-" is stdin). */
struct patch patch_read(const char *path);

void patch_free(struct patch *patch);

#endif

/* The files of a program as they were when it was profiled: those of one commit of a git repository, or of a tar whose
 * SHA-256 is known. Never those that lie in a work tree. */
#ifndef ASSAY_STACKLIST_SOURCE_H
#define ASSAY_STACKLIST_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

struct source_file {
  const char *path; /* in the source, without "./" */
  const char *id;   /* by which it is read: of git the blob's, of a tar the name of its member */
  bool is_read;
  struct text text;    /* a NUL follows */
  size_t *line_starts; /* line_count + 1 of them */
  size_t line_count;
};

struct source {
  const char *where; /* the repository or the tar */
  char *version;     /* the commit, 40 or 64 hexadecimal digits; of a tar its SHA-256 */
  bool is_tar;
  char *work_tree; /* of a repository that has one */
  struct source_file *files;
  size_t count, capacity;
  struct text listing; /* what files point into */
};

/* What cannot be read, or is not what was named, is fail(). */
struct source source_of_git(const char *repository, const char *commit);
struct source source_of_tar(const char *tar, const char *sha256);
void source_free(struct source *source);

/* Where the file of a frame stands in the source. A relative name is a path of the source, its "./" apart. An absolute
 * one is a path of the source below root; without a root, what it ends with, if that is a path of the source, and if
 * only one is the longest. NULL where there is none. */
struct source_file *source_find(const struct source *source, const char *file, size_t length, const char *root);

/* The only file of the source with this name, whatever folder it is in, for a name without a folder: NULL where there are
 * none or several, or where the name has a folder. It may be another file of that name. */
struct source_file *source_find_name(const struct source *source, const char *name, size_t length);

/* Line number (from 1) of the file, without its line end; NULL, and *length 0, behind the last. */
const char *source_line(const struct source *source, struct source_file *file, size_t number, size_t *length);
size_t source_line_count(const struct source *source, struct source_file *file);

/* Whether the work tree of the repository holds this file with other bytes. */
bool source_was_edited(const struct source *source, const struct source_file *file);

#endif

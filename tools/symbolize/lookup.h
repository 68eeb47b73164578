/* Asks for the frames of addresses in one module. Its files are read by a process of its own, which has limits: a file
 * that brings the reader down costs this module's names, and nothing else. */
#ifndef ASSAY_SYMBOLIZE_LOOKUP_H
#define ASSAY_SYMBOLIZE_LOOKUP_H

#include "answer.h"
#include "demangle.h"
#include "find.h"

struct lookup_options {
  struct find_options find;
  enum demangle_mode demangle;
  bool inlines, lines;
  const char *cache; /* its folder, or NULL */
};

struct lookup {
  const char *name;     /* for messages */
  const char *path;     /* of the file to open */
  const char *build_id; /* that it is to have; "": any */
  const uint64_t *addresses; /* sorted, each once */
  size_t count;
  bool vdso;    /* the running kernel's instead of a file */
  bool matters; /* enough to ask a server for its debug file */
  bool in_file; /* addresses are offsets in the file; else they are those of its symbols */
};

/* Fills answers, which has no frames for what is unresolved; why is set, "" where there is nothing to say. */
void look_up(const struct lookup *lookup, const struct lookup_options *options, struct answers *answers);

#endif

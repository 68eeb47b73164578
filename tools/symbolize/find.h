/* The files of a module: its own, and those that hold its symbols and DWARF. */
#ifndef ASSAY_SYMBOLIZE_FIND_H
#define ASSAY_SYMBOLIZE_FIND_H

#include "object.h"

struct find_options {
  const char *root; /* the folder that /usr/lib/debug lies in, "" for the system's own */
  bool force;       /* take a file although its build id is another */
  bool ask_server;  /* ask debuginfod for debug files that are not here */
};

struct found {
  struct object *module, *debug, *alternate, *mini; /* those that there are; debug may be NULL or another file */
  struct object *with_dwarf;                       /* module or debug; NULL: neither has any */
  struct dwarf dwarf, alternate_dwarf;
  bool dwarf_is_open;
  bool other_build_id; /* than the one that was asked for: refused, or taken by force */
};

/* Opens the files of the module at path, whose build id is to be build_id ("": any). false, and why, where the module
 * itself cannot be used. */
bool find_files(struct found *found, const struct find_options *options, const char *path, const char *build_id,
                char **why);

/* The same of the code that the running kernel puts into each process. */
bool find_vdso(struct found *found, const struct find_options *options, const char *build_id, char **why);

/* The DWARF, read as far as where its units are; NULL where there is none. */
struct dwarf *found_dwarf(struct found *found);
/* debuginfod.c: the debug file of a build id from the servers of DEBUGINFOD_URLS, or NULL. */
struct object *open_from_server(const char *build_id);

void found_close(struct found *found);

#endif

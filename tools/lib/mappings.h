/* Modules (programs, libraries) and where they lie in the memory of a process: what turns an address into an unresolved
 * frame `[module+0xOFFSET]`, and what `symbolize` must know of each module to resolve it.
 *
 * OFFSET is the offset in the module's file: address - start of the mapping + offset of the mapping. A return address
 * is one past the call that it belongs to; who folds a profile takes 1 from it first, so that an offset always lies
 * within the instruction that was executed. */
#ifndef ASSAY_MAPPINGS_H
#define ASSAY_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "memory.h"
#include "stacks.h"

struct module {
  const char *name;     /* as frames name it: the last part of the path, without brackets, `;`, blanks or controls; a
                           second module of the same name is NAME#2 */
  const char *path;     /* verbatim, as the profile has it; never opened here */
  const char *build_id; /* lower-case hexadecimal, "" where it is not known */
};

/* All modules of all inputs. Start from {0}. */
struct modules {
  struct module *list;
  size_t count, capacity;
  struct arena arena;
  struct stacks known; /* a path alone, or a path, a NUL and a build id; its value is 1 more than the index in list */
  struct stacks names; /* each that is taken; its value is the last number given to one that begins so */
};

/* The index in list of the module with this path and build id (hexadecimal; NULL or "": not known), which is added
 * where it is new. A module seen without a build id and later with one is the same module. */
size_t modules_add(struct modules *modules, const char *path, size_t path_length, const char *build_id);

/* Appends `[NAME+0xOFFSET]`. */
void modules_append_frame(const struct modules *modules, size_t module, uint64_t offset, struct text *frame);

/* TSV `module path build_id`, in the order of the names. */
void modules_write(const struct modules *modules, FILE *output);

/* The same as remarks in front of folded stacks, MODULES_REMARK and the three fields a line, which readers of stacks pass
 * over. What holds a `;`, and so would be no remark, is left out; gives how many that are. */
#define MODULES_REMARK "# module\t"
size_t modules_write_remarks(const struct modules *modules, FILE *output);
void modules_free(struct modules *modules);

struct mapping {
  uint64_t start, end; /* addresses; end is the first behind it */
  uint64_t offset;     /* of start, in the module's file */
  size_t module;
};

/* The mappings of one process, in the order of their addresses. Start from {0}. */
struct address_space {
  struct mapping *list;
  size_t count, capacity;
};

/* Adds a mapping; what was mapped there before is cut or removed, as mmap does it. An empty one (end <= start) is
 * ignored. */
void address_space_map(struct address_space *space, struct mapping mapping);

/* The mapping that holds the address, or NULL; valid until the next address_space_map. */
const struct mapping *address_space_find(const struct address_space *space, uint64_t address);

/* Appends `[NAME+0xOFFSET]` for an address in a mapping, `[0xADDRESS]` for any other. */
void address_space_append_frame(const struct address_space *space, const struct modules *modules, uint64_t address,
                                struct text *frame);

/* One line of /proc/PID/maps (`start-end perms offset dev inode path`), as heap profilers copy it: adds the mapping if
 * it has a path. false where it is no such line. */
bool address_space_map_line(struct address_space *space, struct modules *modules, const char *line, size_t length);

void address_space_copy(struct address_space *to, const struct address_space *from); /* to is freed before */
void address_space_free(struct address_space *space);

#endif

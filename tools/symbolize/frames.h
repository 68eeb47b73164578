/* The distinct frames of the input, the modules that they lie in, and what becomes of them. */
#ifndef ASSAY_SYMBOLIZE_FRAMES_H
#define ASSAY_SYMBOLIZE_FRAMES_H

#include "mappings.h"
#include "stacks.h"
#include "lookup.h"

enum module_kind {
  MODULE_FILE,
  MODULE_KERNEL,   /* names from kallsyms */
  MODULE_PERF_MAP, /* code of a JIT compiler: names from perf-PID.map */
  MODULE_VDSO,     /* the running kernel's */
  MODULE_NONE      /* addresses without a module; what has no file */
};

struct target {
  enum module_kind kind;
  const char *name, *build_id;
  const char *path; /* as the profile names it */
  const char *file; /* to open; NULL: unknown */
  bool in_file;     /* addresses are offsets in the file */
  bool used;        /* some frame lies in it */
  uint64_t samples, resolved, unresolved;
  const char *why;
  struct answers answers; /* once resolved */
};
#define NO_TARGET ((size_t)-1)

struct frame {
  const char *text; /* as it was read */
  size_t length;
  size_t target; /* NO_TARGET: it is no address, and stays as it is */
  uint64_t address;
  const char *mark; /* behind the brackets, as `_[k]`; "" */
  uint64_t samples;
  size_t answer; /* once resolved: its number in the answers of its target */
};

/* All of them. Start from {0}. */
struct frames {
  struct stacks known; /* by text */
  struct frame *list;
  size_t count, capacity;
  struct target *targets;
  size_t target_count, target_capacity;
  struct stacks target_names; /* the value is 1 more than the number in targets */
  struct modules modules;     /* those of --maps */
  struct address_space space;
  size_t *of_module; /* targets of modules, 1 more than their numbers */
  size_t of_module_capacity;
  size_t plain;      /* for addresses that --maps does not place, or NO_TARGET; targets[0] is that of no module */
  struct arena arena;
};

struct frames_options {
  const char *root; /* "" or the folder that paths of modules count from */
  const char *perf_map, *kallsyms; /* NULL: where they are by custom */
};

void frames_open(struct frames *frames);

/* Adds a module that frames may name. file NULL: nothing is to be opened. Where the name is taken, the first stays. */
size_t frames_add_target(struct frames *frames, struct target target);

/* Modules of stackfold --modules; mappings of /proc/PID/maps or of what gperftools lists. */
void frames_read_modules(struct frames *frames, const char *path, const char *root);

/* One of them: its name, path and build id, with tabs between them; false where it is not so. */
bool frames_read_remark(struct frames *frames, char *fields, const char *root);
void frames_read_maps(struct frames *frames, const char *path, const char *root);

/* --exe: the module of frames that name it, and of addresses that no mapping places. */
void frames_add_program(struct frames *frames, const char *path);

/* The number of the frame of this text, `[module+0xOFFSET]`, `[0xADDRESS]` or any other, with value samples more. */
size_t frames_number(struct frames *frames, const char *text, size_t length);

/* Adds the frame of an address line: `0xADDRESS`, `ADDRESS`, `module+0xOFFSET`, or in brackets; false where it is
 * none. */
bool frames_add_line(struct frames *frames, const char *line, size_t length);

void frames_free(struct frames *frames);

#endif

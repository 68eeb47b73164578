/* What stackpprof writes: stacks with one or more values, and what is known of their frames and modules. */
#ifndef ASSAY_STACKPPROF_PROFILE_H
#define ASSAY_STACKPPROF_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mappings.h"
#include "stacks.h"

enum { NO_MODULE = UINT32_MAX };

struct value_kind {
  const char *name, *unit; /* such as inuse_space, bytes */
  uint64_t total;
};

/* A frame, taken apart. */
struct frame {
  const char *name, *file; /* no NUL follows either; file NULL: not known */
  size_t name_length, file_length;
  uint64_t line;   /* 0: not known */
  uint32_t module; /* in modules; NO_MODULE: not known */
  uint64_t offset; /* in the module's file, or the address itself */
  bool is_address; /* [module+0xOFFSET] or [0xADDRESS]: has no name */
  bool has_offset;
};

struct profile {
  struct value_kind *kinds;
  size_t kind_count, kind_capacity;
  struct stacks stacks;
  uint64_t *values; /* kind_count for each stack, by its number */
  size_t value_capacity;
  struct modules modules;
  struct stacks module_names; /* as frames name them; value: 1 more than the place in modules.list */
  struct stacks side_frames;  /* of symbolize --frames; value: 1 more than the place in side */
  struct side_frame *side;
  size_t side_capacity;
  struct arena arena;
};

/* Reads folded stacks of one value; path "-" is stdin. Their kind must be known. What is past 2^63 - 1, and an empty
 * frame, is
 * an error: the formats cannot hold them. */
void profile_read(struct profile *profile, size_t kind, const char *path);

/* Reads what stackfold --modules wrote, before any frame is taken apart. */
void profile_read_modules(struct profile *profile, const char *path);

/* Reads what symbolize --frames wrote, after the modules. */
void profile_read_frames(struct profile *profile, const char *path);

/* Takes a frame apart; modules that nobody told of are added. */
struct frame profile_frame(struct profile *profile, const char *frame, size_t length);

/* Whether a frame was inlined into its caller: the table says so, or its name ends with `_[i]`. */
bool profile_is_inlined(const struct profile *profile, const char *frame, size_t length);

void profile_free(struct profile *profile);

void write_pprof(struct profile *profile);
void write_speedscope(struct profile *profile, const char *title);

#endif

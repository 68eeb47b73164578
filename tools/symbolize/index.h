/* Everything that is known of one module's code, by address: the units that DWARF has, each made into a segment when it
 * is first asked, and the symbols. */
#ifndef ASSAY_SYMBOLIZE_INDEX_H
#define ASSAY_SYMBOLIZE_INDEX_H

#include "find.h"
#include "segment.h"

struct built { /* the segment of a unit */
  const char *bytes; /* NULL: not built */
  size_t size;
  uint64_t checksum; /* of one from the cache */
  bool cached;       /* it lies in the cache's file */
  bool opened;
  struct segment segment;
};

struct demangled { /* a name that was asked for, in the order of the hashes */
  uint64_t hash; /* of the mangled name */
  uint32_t mangled, plain; /* in demangled_text; a NUL ends each */
};

struct index {
  uint64_t base;                /* that points count from */
  const struct point *units;    /* the value is 1 more than the number of the unit */
  const struct point *symbols;  /* the value is an offset in symbol_names */
  const char *symbol_names;     /* a NUL ends the last */
  size_t unit_point_count, symbol_count, symbol_name_size;
  const struct demangled *demangled; /* of the cache; C++ names take longer to demangle than to find */
  const char *demangled_text;
  size_t demangled_count, demangled_size;
  struct built *built;
  size_t unit_count;
  uint32_t split_units; /* that point to other files, which are not read */
  bool has_dwarf, has_new; /* has_new: more than the cache has */
  struct found *found;
  struct segment_builder builder;
  const char *cached; /* the file that the cache had, mapped, or NULL */
  size_t cached_size;
  struct points own_units, own_symbols; /* where they do not lie in the cached file */
  struct text own_names;
  struct demangled *own_demangled; /* those that the cache does not have, in no order */
  size_t own_demangled_count, own_demangled_capacity;
  struct text own_demangled_text;
};

/* From the files, which stay the caller's. */
void index_open(struct index *index, struct found *found);

/* The same from a file of the cache; false where there is none that fits. What is damaged is told, and not used. */
bool index_open_cached(struct index *index, struct found *found, const char *folder);

/* Writes the index into the cache, if it has anything new, and removes what was not used for longest until the cache
 * has no more than most_bytes. What cannot be written is not. */
void index_store(const struct index *index, const char *folder, uint64_t most_bytes);

/* As segment_find; a symbol names the function where DWARF does not. Where lines and inlined functions are not wanted,
 * the symbol alone is enough. */
size_t index_find(struct index *index, uint64_t address, bool symbol_is_enough, struct frame_place *frames);

/* What a mangled name was demangled to, if the cache knows; else it can be told. */
const char *index_demangled(const struct index *index, const char *name, size_t length);
void index_add_demangled(struct index *index, const char *name, size_t length, const char *plain);

void index_close(struct index *index);

/* symbols.c: sorts the symbols of the files into own_symbols and own_names. */
void index_read_symbols(struct index *index);

#endif

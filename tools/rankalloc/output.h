/* What rankalloc writes: tables (table.h), and the report for people. */
#ifndef ASSAY_RANKALLOC_OUTPUT_H
#define ASSAY_RANKALLOC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "profile.h"
#include "ranking.h"
#include "table.h"

/* Which column is what: the first is the profile, the others are numbers of columns, 0: not given; from also on come
 * the further ones. */
struct layout {
  size_t base, objects, also;
  const char *unit, *base_name; /* NULL: not known */
  struct table_options options;
};

void write_functions(const struct layout *layout, const struct profile *profile, const struct question *question);
void write_one_function(const struct layout *layout, const struct profile *profile, const struct question *question,
                        const char *name);
void write_paths(const struct layout *layout, const struct profile *profile, const struct question *question);

struct report {
  const char *title;
  bool colored;
  size_t top, depth;
  uint64_t min_percent_millionths, whole;
};
void write_report(const struct layout *layout, const struct report *report, const struct profile *profile);

/* The names of a path's frames joined by ';', into text. */
void path_text(const struct profile *profile, const struct path *path, struct text *text);

/* The function that a path's innermost frame is of, or the frame itself where it is of none. */
struct frame_part path_function(const struct profile *profile, const struct path *path);

#endif

/* What rankalloc keeps of folded stacks: the value of each function and of each path, and their ranking. */
#ifndef ASSAY_RANKALLOC_PROFILE_H
#define ASSAY_RANKALLOC_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stacks.h"

/* Whether a frame "NAME (FILE:LINE)" stands for NAME or for the line. */
enum frame_key { BY_FUNCTION, BY_LINE };

struct profile {
  /* What to collect; set before the first profile_read. */
  bool wants_functions, wants_paths;
  enum frame_key function_key, path_key;
  size_t depth; /* leaf-most frames of a path */

  uint64_t total; /* of all stacks */
  size_t stack_count;
  struct stacks functions;     /* value: self */
  uint64_t *cumulative;        /* of the function with this number */
  size_t *last_stack;          /* ... and the stack in which it was met last, from 1 */
  size_t cumulatives, lasts;   /* capacities */
  struct stacks paths;         /* merged to their depth leaf-most frames */
  struct text scratch;
};

/* Adds the folded stacks of path ("-" is stdin); what is malformed, an input without stacks, and a total past 64 bits
 * are fail_at(). */
void profile_read(struct profile *profile, const char *path);
void profile_free(struct profile *profile);

/* A function or a path with its values; cumulative is 0 for a path. */
struct ranked {
  const struct stack *name;
  uint64_t self, cumulative;
};

enum order { BY_SELF, BY_CUMULATIVE };

/* All functions or paths, the greatest value first and equals in byte order of their names; the caller frees. *count is
 * how many. */
struct ranked *ranked_functions(const struct profile *profile, enum order order, size_t *count);
struct ranked *ranked_paths(const struct profile *profile, size_t *count);

/* How much of a ranking is shown: of the first limit (0: all), those of at least min_percent_millionths. */
struct selection {
  size_t limit;
  uint64_t min_percent_millionths;
};

/* How many of the first entries of a ranking are shown. */
size_t selected(const struct selection *selection, const struct ranked *ranking, size_t count, enum order order,
                uint64_t total);

size_t frames_of(const struct stack *path);

/* The report for people: total, top paths with the leaf first, top functions. */
struct report {
  const char *title, *unit; /* unit "bytes": values are shown in MiB too; NULL: not known */
  bool colored;
  struct selection selection;
};
void write_report(const struct report *report, const struct profile *profile);

#endif

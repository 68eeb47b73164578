/* Which functions or paths are on top. */
#ifndef ASSAY_RANKALLOC_RANKING_H
#define ASSAY_RANKALLOC_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.h"

enum order { ORDER_SELF, ORDER_CUMULATIVE };

/* What is ranked, and by what: by a value of the first column, or by how much it grew from the second to the first. */
struct question {
  enum order order;
  bool of_paths, growth;
  size_t limit; /* 0: all */
  uint64_t min_percent_millionths;
  uint64_t whole; /* of which the percentages are */
};

struct ranked {
  __int128 value;
  uint32_t number; /* of the entry or path */
};

struct ranking {
  struct ranked *list; /* the greatest value first, and equals in byte order of their names */
  size_t count;        /* of those that are shown */
  size_t of;           /* of all */
  uint64_t greatest_left_out;
};

struct ranking ranking_of(const struct profile *profile, const struct question *question);
void ranking_free(struct ranking *ranking);

/* The rank of an entry among all functions, from 1; 0: it counted for nothing. */
size_t rank_of(const struct profile *profile, const struct question *question, uint32_t number);

#endif

/* What stackfold.c and its parsers share: the interface of a parser, and the sums that it adds its stacks to.
 *
 * A new format is a file here with one struct format, and a line in the table in stackfold.c. */
#ifndef ASSAY_STACKFOLD_FORMAT_H
#define ASSAY_STACKFOLD_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"
#include "memory.h"
#include "stacks.h"

/* Why a record is not in the output. The words for people stand in sums.c. */
enum drop { DROP_NO_FRAMES, DROP_CAPTURE_ONLY, DROP_UNREADABLE, DROP_CUT_OFF, DROP_KINDS };

/* The stacks of all inputs, and what became of their records. value_in counts what was read, value_out what was kept;
 * either is fail() past 64 bits. */
struct sums {
  struct stacks stacks;
  size_t read, kept, dropped[DROP_KINDS];
  size_t other_lines; /* lines that are no part of the profiler's output */
  uint64_t value_in, value_out;
  bool lenient;

  /* Of the present input. */
  const char *value;    /* the name of the value wanted, NULL where values have no names */
  const char *root;     /* the frame to put above each stack, or NULL */
  struct text line;     /* the stack being put together */
  struct text frames;   /* its frames, one after another */
  size_t *ends;         /* the end of each in frames */
  size_t depth, depths; /* the number of ends, and their capacity */
};

struct format {
  const char *name;
  const char *description;
  const char *const *values; /* the names of its values, the default first, NULL after the last; NULL: has no names */

  /* Whether the first bytes of an input (all of it, if complete) are of this format. */
  bool (*recognize)(const char *bytes, size_t length, bool complete);

  /* Reads the input to its end into sums; what is malformed is fail_at(). */
  void (*parse)(struct input *input, struct sums *sums);
};

extern const struct format format_folded, format_tracemalloc, format_faulthandler;

/* What a file is that begins so, if that is a known profiler's output which stackfold does not read; else NULL. */
const char *unread_format(const char *bytes, size_t length);

/* A whole stack in one piece: frames already joined by ';', without control characters. */
void sums_add_joined(struct sums *sums, const char *stack, size_t length, uint64_t value);

/* A stack frame by frame: any number of sums_frame (`;` and control characters are replaced), then one sums_end or
 * sums_drop. cut_short puts [truncated] at the root. */
enum frame_order { ROOT_FIRST, LEAF_FIRST };
void sums_frame(struct sums *sums, const char *frame, size_t length);
void sums_end(struct sums *sums, enum frame_order order, bool cut_short, uint64_t value);
void sums_drop(struct sums *sums, enum drop reason, uint64_t value);

/* The input ended inside a record: fail_at(), or with lenient a warning and a record dropped. what says what was being
 * read ("a stack", "a row"). */
void sums_cut_off(struct sums *sums, const struct input *input, const char *what);

/* One line to stderr that accounts for every record. */
void sums_report(const struct sums *sums);

/* Whether a record was dropped or a line skipped. */
bool sums_lost_something(const struct sums *sums);

void sums_free(struct sums *sums);

#endif

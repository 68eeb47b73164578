/* What stackfold.c and its parsers share: the interface of a parser, and the sums that it adds its stacks to.
 *
 * A new format is one new file here, with one FORMAT(...) in it. */
#ifndef ASSAY_STACKFOLD_FORMAT_H
#define ASSAY_STACKFOLD_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"
#include "mappings.h"
#include "memory.h"
#include "stacks.h"

/* Why a record is not in the output. The words for people stand in sums.c. */
enum drop {
  DROP_NO_FRAMES,
  DROP_CAPTURE_ONLY,
  DROP_UNREADABLE,
  DROP_CUT_OFF,
  DROP_OTHER_EVENT, /* of an event that was not asked for */
  DROP_NO_VALUE,    /* 0 of the value that was asked for */
  DROP_LOST,        /* the profiler says that it lost them */
  DROP_SUPPRESSED,  /* leaks that are known to be none */
  DROP_KINDS
};

/* What options ask of the parsers; most mean something to one or two formats alone. */
enum compat { COMPAT_NONE, COMPAT_FLAMEGRAPH, COMPAT_INFERNO };
struct folding {
  bool pid, tid;        /* show the process, or process and thread, in the frame of the command */
  bool kernel, jit;     /* mark frames of the kernel with _[k], of compiled-at-run-time code with _[j] */
  bool addrs;           /* show the address of a frame that has no name */
  bool inlined;         /* frames of inlined functions, where the profile knows them */
  bool context;         /* with inlined: file and line too */
  bool all_frames;      /* leave out no frame because all stacks have it */
  const char *event;    /* only this event; NULL: the first that the input has */
  enum compat compat;   /* bend the rules to those of another tool */
  unsigned threads;     /* at least 1 */
  const char *symfs;    /* a folder below which the files that a profile names may be opened; NULL: none is opened */
};

/* The stacks of all inputs, and what became of their records. value_in counts what was read, value_out what was kept;
 * either is fail() past 64 bits. */
struct sums {
  struct stacks stacks;
  size_t read, kept, dropped[DROP_KINDS];
  size_t other_lines; /* lines that are no part of the profiler's output */
  uint64_t value_in, value_out;
  bool lenient;
  const struct folding *folding;
  struct modules modules; /* those that unresolved frames name */
  struct arena names;     /* of values, that files gave */

  /* Of the present input. */
  const char *value;    /* the name of the value wanted, NULL where values have no names or the input decides */
  const char *root;     /* the frame to put above each stack, or NULL */
  struct text line;     /* the stack being put together */
  struct text frames;   /* its frames, one after another */
  size_t *ends;         /* the end of each in frames */
  size_t depth, depths; /* the number of ends, and their capacity */
};

struct format {
  const char *name;
  const char *description;
  const char *const *values; /* the names of its values, the default first, NULL after the last; NULL: has no names, or
                                names that the file itself gives (any_value) */
  bool any_value;            /* --value may name what the file itself calls its values; NULL is its own default */
  bool own_default;          /* without --value the input decides which of values; the parser sets sums->value then */
  bool binary;               /* recognized by its own leading bytes, before any format that is text */
  bool last;                 /* asked after all others: what it accepts is the least particular */

  /* Whether the first bytes of an input (all of it, if complete) are of this format. */
  bool (*recognize)(const char *bytes, size_t length, bool complete);

  /* Reads the input to its end into sums; what is malformed is fail_at(). */
  void (*parse)(struct input *input, struct sums *sums);
};

/* FORMAT(perfscript, .name = "perf-script", ...); at file level makes a format known to stackfold.c, which finds all of
 * them in this section of the program. */
#define FORMAT(identifier, ...)                                   \
  static const struct format format_##identifier = {__VA_ARGS__}; \
  static const struct format *const entry_of_##identifier __attribute__((section("formats"), used)) = &format_##identifier

/* What a file is that begins so, if that is a known profiler's output which stackfold does not read; else NULL. */
const char *unread_format(const char *bytes, size_t length);

/* For a format with any_value: name is what the file calls the value that is read from it. stackfold.c adds no value of
 * another name to it. */
void sums_name_value(struct sums *sums, const char *name, size_t length);

/* A whole stack in one piece: frames already joined by ';', without control characters. */
void sums_add_joined(struct sums *sums, const char *stack, size_t length, uint64_t value);
/* The same for a stack that was counted elsewhere: value is the sum of so many records. */
void sums_add_joined_many(struct sums *sums, const char *stack, size_t length, uint64_t value, size_t records);

/* A stack frame by frame: any number of sums_frame (`;` and control characters are replaced), then one sums_end or
 * sums_drop. cut_short puts [truncated] at the root. */
enum frame_order { ROOT_FIRST, LEAF_FIRST };
void sums_frame(struct sums *sums, const char *frame, size_t length);
void sums_end(struct sums *sums, enum frame_order order, bool cut_short, uint64_t value);
/* The same for a stack that was counted elsewhere: value is the sum of so many records. */
void sums_end_many(struct sums *sums, enum frame_order order, bool cut_short, uint64_t value, size_t records);
void sums_drop(struct sums *sums, enum drop reason, uint64_t value);
void sums_drop_many(struct sums *sums, enum drop reason, uint64_t value, size_t records);

/* The input ended inside a record: a warning that says where, and a record dropped; stackfold exits 1 in the end unless
 * --lenient is given. what says what was being read ("a stack", "a row"). */
void sums_cut_off(struct sums *sums, const struct input *input, const char *what);
/* The same for a binary format, of which the record that is not whole begins at this byte. */
void sums_cut_off_at(struct sums *sums, const struct input *input, const char *what, uint64_t position);

/* One line to stderr that accounts for every record. */
void sums_report(const struct sums *sums);

/* Whether a record was dropped (but for one with 0 of the value that was asked for) or a line skipped. */
bool sums_lost_something(const struct sums *sums);

void sums_free(struct sums *sums);

#endif

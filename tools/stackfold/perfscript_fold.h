/* What the files that fold perf script's text share: the state of one fold, and the steps on it. */
#ifndef ASSAY_STACKFOLD_PERFSCRIPT_FOLD_H
#define ASSAY_STACKFOLD_PERFSCRIPT_FOLD_H

#include <string.h>

#include "perfscript.h"

enum {
  LINES_BYTES = 24 << 20,  /* of lines are kept; then all are forgotten, which costs time alone */
  KEPT_LINE = 1 << 14,     /* longer lines are parsed each time */
  FIRST_SLOTS = 1 << 12,
  RECENT_HEADERS = 4,
  RECENT_EVENTS = 2,
  MAX_PERIOD_DIGITS = 19   /* of which every number fits 64 bits */
};

enum line_kind { LINE_FRAMES, LINE_SOURCE, LINE_NOTHING, LINE_OTHER, LINE_BLANK };

struct line {
  struct line *next[2]; /* what came behind it, the last first; never NULL */
  uint64_t hash;
  uint32_t length; /* with the line end */
  uint32_t count;  /* of its frames */
  uint32_t frame;  /* where count is 1 */
  enum line_kind kind;
  uint32_t *frames; /* leaf first, where count is not 1 */
  char bytes[];
};

/* A table of lines by their bytes, or by those of them that make the name. */
struct line_table {
  struct line **slots;
  size_t slot_count, count;
};

struct lines {
  struct arena arena;
  size_t bytes; /* taken from arena */
  struct line_table whole;
  struct line_table named; /* those whose addresses and offsets hardly repeat, by name and module alone */
  struct line *start; /* stands for the header, before the first line of a sample; not in the table */
  struct line *blank; /* the empty line, which ends most samples */
};

/* A distinct stack: frames from the leaf to the root. */
struct counted {
  uint64_t hash, value, records;
  uint32_t depth;
  uint32_t frames[];
};

/* The beginning of a header up to behind the process, which tells the command. */
struct recent_header {
  struct text prefix;
  uint32_t comm;
  bool is_java, has_comm;
};

/* The end of a header, from the event on. */
struct recent_event {
  struct text suffix; /* with the line end */
  bool kept;
};

/* What became of samples; ended is set when one is done with. */
struct tally {
  uint64_t value;
  size_t records;
};

struct perf_fold {
  const struct folding *folding;
  struct text event;
  bool has_event;

  struct stacks names; /* of frames; the number of each is the frame */
  struct stack **by_number;
  size_t name_count, name_capacity;

  struct lines lines[2]; /* [1]: of commands whose names begin with java, where the rules ask for that */
  struct text parsed;    /* names of the line being parsed */

  struct recent_header headers[RECENT_HEADERS];
  struct recent_event events[RECENT_EVENTS];
  unsigned oldest_header, oldest_event;

  struct arena arena; /* of counted */
  struct counted **counted;
  size_t slot_count, count;

  /* The sample at hand. */
  bool in_sample, skipping, has_comm, is_java;
  bool bare;         /* nothing came behind its header yet */
  bool blank_behind; /* an empty line came behind its last line */
  bool follows_frame;
  uint32_t comm;
  uint64_t value;
  uint32_t *frames;
  size_t depth, capacity;

  bool seen_blank; /* samples of this input end with empty lines */
  size_t line_count, block_start_line, error_line;
  struct tally dropped[DROP_KINDS];
  size_t other_lines;
};

static inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

static inline uint64_t word_at(const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

static inline uint64_t difference(const char *a, const char *b) {
  return (word_at(a) ^ word_at(b)) | (word_at(a + 8) ^ word_at(b + 8));
}

/* Whether length bytes are the same: 16 at a time, of which the last overlap those before. Faster here than memcmp, as
 * lines are short and most are the same. */
static inline bool same_bytes(const char *a, const char *b, size_t length) {
  if (length < 16) return memcmp(a, b, length) == 0;
  size_t last = length - 16;
  for (size_t at = 0; at < last; at += 16)
    if (difference(a + at, b + at)) return false;
  return difference(a + last, b + last) == 0;
}

/* Whether these bytes are the line's. */
static inline bool line_is(const struct line *line, const char *bytes, size_t left) {
  return line->length <= left && same_bytes(line->bytes, bytes, line->length);
}

/* ---- lines and names (perfscript_lines.c) ---- */

/* The number of a frame's name, in which `;` and control characters are replaced. */
uint32_t perf_frame_of(struct perf_fold *fold, const char *name, size_t length);

/* The table for the sample at hand, not empty and with room for one line. */
struct lines *perf_lines_at_hand(struct perf_fold *fold);
void perf_lines_free(struct lines *lines);

/* A line of these bytes (the line end is the last of them) that is in no table. */
struct line *perf_new_line(struct lines *lines, const char *bytes, size_t length);

/* Sets the line's kind and frames from bytes, which are without the line end. */
void perf_parse_kept(struct perf_fold *fold, struct lines *lines, struct line *line, const char *bytes, size_t length);

/* The line of these bytes, or NULL where it is new. */
struct line *perf_known_line(struct perf_fold *fold, const char *bytes, size_t length);

/* Parses a new line and keeps it. */
struct line *perf_keep_line(struct perf_fold *fold, const char *bytes, size_t length);

/* The line with the frame of this one, whose address and offset may be others; NULL where it is of another form. */
struct line *perf_named_line(struct perf_fold *fold, const char *bytes, size_t length, bool is_first);

bool perf_all_space(const char *bytes, size_t length);

/* Whether a line ends a sample. */
bool perf_is_empty(const struct perf_fold *fold, const char *bytes, size_t length);

/* ---- stacks (perfscript_stacks.c) ---- */

/* Counts the frames of the sample at hand. */
void perf_count_stack(struct perf_fold *fold);
void perf_count_value(uint64_t *sum, uint64_t value);

static inline void perf_push(struct perf_fold *fold, uint32_t frame) {
  if (fold->depth == fold->capacity) grow(&fold->frames, &fold->capacity, fold->depth + 1, sizeof *fold->frames);
  fold->frames[fold->depth++] = frame;
}

static inline void perf_push_line(struct perf_fold *fold, const struct line *line) {
  if (line->count == 1) perf_push(fold, line->frame);
  else
    for (uint32_t i = 0; i < line->count; i++) perf_push(fold, line->frames[i]);
}

/* ---- samples (perfscript_sample.c) ---- */

/* Counts the sample at hand, if there is one. */
void perf_finish_sample(struct perf_fold *fold);

/* What a line below a header does. */
void perf_take_line(struct perf_fold *fold, const struct line *line);

/* A header like one of the last ones, as nearly all are: the line behind it, or NULL where it is none. block_end is
 * behind the last line end. */
const char *perf_repeated_header(struct perf_fold *fold, const char *line, const char *block_end);

/* A line that is not known yet. STEP_LINE: it is one below a header, to be parsed as such and kept; else it was dealt
 * with. */
enum step { STEP_DONE, STEP_LINE };
enum step perf_step(struct perf_fold *fold, const char *line, const char *line_end);

/* Whether the line of perf's text is a header. An indented one must be so beyond doubt, as frames are indented too. */
bool perf_own_header(const char *line, size_t length, struct perf_header *header);

#endif

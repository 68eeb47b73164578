/* What the files of the parser of perf script's text share: the reading of single lines, and the folding of blocks of
 * them. --compat asks for the rules of another tool, and each file keeps those apart by name. */
#ifndef ASSAY_STACKFOLD_PERFSCRIPT_H
#define ASSAY_STACKFOLD_PERFSCRIPT_H

#include "format.h"

/* ---- single lines (perfscript_header.c, perfscript_frame.c); length is without the line end ---- */

/* The line that a sample begins with: `COMM PID/TID [CPU] TIME: PERIOD EVENT: REST`, of which most parts may be
 * missing. All point into the line. */
struct perf_header {
  const char *comm, *pid, *tid, *event, *rest;
  size_t comm_length, pid_length, tid_length, event_length, rest_length; /* pid_length 0: is not there */
  bool has_event;
  uint64_t value;         /* the period; 1 where there is none, or 0 */
  bool too_large;         /* the period does not fit 64 bits */
  const char *behind_pid; /* where [CPU] or TIME stand: what is before them gives comm, pid and tid */
  bool certain;           /* has an event and a time, so that it can be nothing else */
};

/* Whether the line is one, under the rules that compat names. */
bool perf_header_parse(enum compat compat, const char *line, size_t length, struct perf_header *header);

/* "DIGITS.DIGITS:" at bytes: where it ends, or NULL. */
const char *perf_time_end(const char *bytes, const char *end);

enum perf_line {
  PERF_FRAMES, /* `ADDRESS NAME+0xOFFSET (MODULE)` */
  PERF_SOURCE, /* the file and line of the frame before (-F +srcline) */
  PERF_OTHER   /* nothing that perf prints below a header */
};

/* Reads a line below a header. Of PERF_FRAMES, names gets the names to show, callers first, each followed by a line
 * feed (there may be several, or none); of PERF_SOURCE the file and line. is_java: the command is named java. */
enum perf_line perf_line_parse(const struct folding *folding, bool is_java, const char *line, size_t length,
                               struct text *names);

/* Whether a line without a line end, the last of its input, is a whole frame all the same. */
bool perf_frame_is_whole(const char *line, size_t length);

/* ---- folding (perfscript_fold.c) ---- */

struct perf_fold;

/* One for each thread. event: NULL until it is known which to keep. */
struct perf_fold *perf_fold_open(const struct folding *folding, const char *event, size_t event_length);
void perf_fold_close(struct perf_fold *fold);

/* The event that is kept, NULL where none was seen yet; valid until the fold is closed. */
const char *perf_fold_event(const struct perf_fold *fold, size_t *length);

/* Folds a block of whole lines that begins where a sample may begin; PERF_FOLD_PADDING bytes behind it can be read. */
enum { PERF_FOLD_PADDING = 64 };
void perf_fold_block(struct perf_fold *fold, const char *block, size_t length);

/* The sample at hand is whole: another begins behind the block. */
void perf_fold_finish(struct perf_fold *fold);

/* The last block was the end of the input, but for tail, the bytes of a line without a line end (length may be 0). Ends
 * the sample at hand. Whether the input was cut off in it. seen_blank: samples of the input end with empty lines. */
bool perf_fold_end(struct perf_fold *fold, const char *tail, size_t length, bool seen_blank);
bool perf_fold_seen_blank(const struct perf_fold *fold);

/* Where the last sample begins that begins behind the block's first line; NULL where none is found. */
const char *perf_last_start(enum compat compat, const char *block, size_t length);

/* Lines folded so far; the line of the last block (from 1) at which a period past 64 bits was found, or 0. */
size_t perf_fold_lines(const struct perf_fold *fold);
size_t perf_fold_error_line(const struct perf_fold *fold);

/* Adds all to sums. */
void perf_fold_add(struct perf_fold *fold, struct sums *sums);

#endif

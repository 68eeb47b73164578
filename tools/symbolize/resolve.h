/* The frames of the input, resolved: module by module. */
#ifndef ASSAY_SYMBOLIZE_RESOLVE_H
#define ASSAY_SYMBOLIZE_RESOLVE_H

#include <stdio.h>

#include "frames.h"

enum paths { PATHS_BASE, PATHS_FULL };

struct resolve_options {
  struct lookup_options lookup;
  bool annotate;
  enum paths paths;
  const char *perf_map, *kallsyms; /* files; NULL: where they are by custom */
  FILE *frames;                    /* for a row for each resolved frame, or NULL */
};

/* Asks for all frames, and counts what became of them. */
void resolve_frames(struct frames *frames, const struct resolve_options *options);

/* Appends what a frame is to be shown as, which may be several, once all are resolved. */
void append_resolved(const struct frames *frames, const struct resolve_options *options, const struct frame *frame,
                     struct text *text);

#endif

/* What the process that reads a module's files says to the one that asked, through a pipe: texts, each once, and for
 * every address asked its frames. */
#ifndef ASSAY_SYMBOLIZE_ANSWER_H
#define ASSAY_SYMBOLIZE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

struct answer_frame {
  uint32_t function, file; /* texts: 1 more than the number; 0: unknown */
  uint32_t line;
  uint32_t inlined;
};

/* ---- who answers ---- */

struct answer_writer {
  int descriptor;
  struct text buffer;
  uint32_t text_count;
};

/* Its number, by which frames refer to it. */
uint32_t answer_text(struct answer_writer *writer, const char *bytes, size_t length);
void answer_frames(struct answer_writer *writer, const struct answer_frame *frames, size_t count);
void answer_build_id(struct answer_writer *writer, const char *build_id); /* the module's own */
/* The end: why addresses are unresolved, "" where nothing is to be said; lost: the module was refused, or could not be
 * read. */
void answer_end(struct answer_writer *writer, const char *why, bool lost);

/* ---- who asked ---- */

struct answers {
  struct answer_text {
    const char *bytes; /* without `;` and control characters; a NUL follows */
    size_t length;
  } *texts;
  size_t text_count, text_capacity;
  struct answer_frame *frames; /* of all addresses, one after another */
  size_t frame_count, frame_capacity;
  size_t *ends; /* of the frames of each address */
  size_t count, capacity;
  char *why;
  const char *build_id; /* NULL: it has none */
  bool complete, lost;
  struct arena arena;
};

/* Adds a text, cleaned as a folded stack needs it. */
void answers_add_text(struct answers *answers, const char *bytes, size_t length);

/* Takes what came through the pipe so far, and returns how much of it was used; what is left is the beginning of what
 * comes next. false in *sound where it is not what is expected. */
size_t answers_take(struct answers *answers, const char *bytes, size_t length, size_t asked, bool *sound);
void answers_free(struct answers *answers);

#endif

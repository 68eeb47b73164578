/* Folding blocks of perf script's text.
 *
 * Most lines of a profile repeat, and so does what follows them: each distinct line is parsed once and kept with the
 * two lines that last came behind it, so that a repeated one costs a comparison of bytes. A stack is the sequence of
 * its frames' numbers until all is read; only then are the distinct ones written out. */
#include <stdlib.h>
#include <string.h>

#include "perfscript_fold.h"
#include "report.h"

/* ---- blocks ---- */

/* Lines below a header for as long as each is one of the two that last came behind the one before: in most samples up
 * to the end. Returns where it stopped, and which line was the last. */
static const char *follow(struct perf_fold *fold, struct line **last, const char *at, const char *end) {
  struct line *line = *last;
  while (at < end) {
    struct line *next = line->next[0];
    if (!line_is(next, at, (size_t)(end - at))) {
      next = line->next[1];
      if (!line_is(next, at, (size_t)(end - at))) break;
      line->next[1] = line->next[0];
      line->next[0] = next;
    }
    at += next->length;
    fold->line_count++;
    line = next;
    perf_take_line(fold, next);
    if (next->kind == LINE_BLANK) break;
  }
  *last = line;
  return at;
}

/* A line too long to be kept: parsed, and forgotten. */
static void take_long_line(struct perf_fold *fold, const char *bytes, size_t length) {
  if (length > UINT32_MAX) fail("a line has more than 2^32 bytes");
  struct lines once = {0};
  struct line *line = perf_new_line(&once, bytes, length);
  perf_parse_kept(fold, &once, line, bytes, length - 1);
  perf_take_line(fold, line);
  arena_free(&once.arena);
}

/* The line before is known now to be followed by this one. */
static void foretell(struct line *last, struct line *line) {
  if (!last || last->next[0] == line) return;
  last->next[1] = last->next[0];
  last->next[0] = line;
}

/* A line that the one before it did not foretell. Returns what the next line follows: this line, or NULL where that is
 * not kept. */
static struct line *take_other_line(struct perf_fold *fold, struct line *last, const char *at, size_t length) {
  struct lines *lines = &fold->lines[fold->is_java];
  size_t kept = lines->bytes;
  struct line *line = NULL;
  /* Without a sample, the same line may mean something else. */
  if (fold->in_sample) line = perf_named_line(fold, at, length, last == lines->start);
  if (lines->bytes < kept) last = NULL; /* all were forgotten */
  if (line) {
    perf_take_line(fold, line);
    return line;
  }
  if (fold->in_sample || fold->folding->compat == COMPAT_FLAMEGRAPH) line = perf_known_line(fold, at, length);
  if (!line) {
    if (perf_step(fold, at, at + length - 1) == STEP_DONE)
      return fold->in_sample ? perf_lines_at_hand(fold)->start : NULL;
    if (length > KEPT_LINE) {
      take_long_line(fold, at, length);
      return NULL;
    }
    kept = lines->bytes;
    line = perf_keep_line(fold, at, length);
    if (lines->bytes < kept) last = NULL;
  }
  foretell(last, line);
  perf_take_line(fold, line);
  return line->kind == LINE_BLANK ? NULL : line;
}

void perf_fold_block(struct perf_fold *fold, const char *block, size_t length) {
  const char *at = block, *end = block + length;
  fold->block_start_line = fold->line_count;
  struct line *last = NULL; /* the line before, where it is known and a line below a header may follow */
  while (at < end && fold->error_line == 0) {
    if (last) {
      at = follow(fold, &last, at, end);
      if (last->kind == LINE_BLANK) last = NULL;
      if (at == end) break;
    }
    const char *behind = *at == '\t' ? NULL : perf_repeated_header(fold, at, end);
    if (behind) {
      fold->line_count++;
      at = behind;
      last = fold->in_sample ? perf_lines_at_hand(fold)->start : NULL;
      continue;
    }
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    last = take_other_line(fold, last, at, (size_t)(line_end + 1 - at));
    fold->line_count++;
    at = line_end + 1;
  }
}

/* Samples never go on in the next block, but for the last. */
void perf_fold_finish(struct perf_fold *fold) { perf_finish_sample(fold); }

bool perf_fold_seen_blank(const struct perf_fold *fold) { return fold->seen_blank; }

bool perf_fold_end(struct perf_fold *fold, const char *tail, size_t length, bool seen_blank) {
  bool below = length > 0 && (is_blank(*tail) || *tail == '\r');
  bool cut_off = fold->in_sample && !fold->blank_behind && (length > 0 ? below : fold->bare && seen_blank);
  if (cut_off) {
    fold->in_sample = false;
    fold->depth = 0;
    return true;
  }
  perf_finish_sample(fold);
  return length > 0 && !perf_all_space(tail, length) && *tail != '#';
}

/* ---- the whole ---- */

struct perf_fold *perf_fold_open(const struct folding *folding, const char *event, size_t event_length) {
  struct perf_fold *fold = take(sizeof *fold);
  *fold = (struct perf_fold){.folding = folding, .has_event = event != NULL};
  if (event) text_append(&fold->event, event, event_length);
  return fold;
}

void perf_fold_close(struct perf_fold *fold) {
  for (int i = 0; i < 2; i++) perf_lines_free(&fold->lines[i]);
  for (int i = 0; i < RECENT_HEADERS; i++) text_free(&fold->headers[i].prefix);
  for (int i = 0; i < RECENT_EVENTS; i++) text_free(&fold->events[i].suffix);
  stacks_free(&fold->names);
  arena_free(&fold->arena);
  text_free(&fold->event);
  text_free(&fold->parsed);
  free(fold->by_number);
  free(fold->counted);
  free(fold->frames);
  free(fold);
}

const char *perf_fold_event(const struct perf_fold *fold, size_t *length) {
  *length = fold->event.length;
  if (!fold->has_event) return NULL;
  return fold->event.length ? fold->event.bytes : "";
}

size_t perf_fold_lines(const struct perf_fold *fold) { return fold->line_count; }

size_t perf_fold_error_line(const struct perf_fold *fold) {
  return fold->error_line ? fold->error_line - fold->block_start_line : 0;
}

const char *perf_last_start(enum compat compat, const char *block, size_t length) {
  const char *end = block + length;
  while (end > block) {
    const char *line_end = memrchr(block, '\n', (size_t)(end - block));
    if (!line_end) return NULL;
    const char *before = memrchr(block, '\n', (size_t)(line_end - block));
    if (!before) return NULL;
    const char *line = before + 1;
    struct perf_header header;
    if (compat != COMPAT_NONE) {
      if (line == line_end) return line_end + 1;
    } else if (*line != '\t' && perf_own_header(line, (size_t)(line_end - line), &header)) return line;
    end = line;
  }
  return NULL;
}

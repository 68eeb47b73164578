/* Dumps of the stacks of Go's goroutines:
 *
 *   goroutine 41 [chan receive, 2 minutes]:
 *   main.wait(0xc000010000, 0x1)
 *   	/src/main.go:177 +0x4d
 *   created by main.main
 *   	/src/main.go:74 +0x96
 *
 * Each goroutine counts 1; its frames become `FUNCTION (FILE:LINE)`, without the arguments. Where a goroutine was
 * created is no part of its stack. */
#include <string.h>

#include "go_text.h"
#include "report.h"
#include "row.h"

struct dump {
  struct input *input;
  struct sums *sums;
  struct text function; /* of the frame whose file and line come next */
  struct text frame;    /* scratch */
  bool in_stack, cut_short, unreadable;
  bool in_creator; /* behind `created by` */
};

static bool contains(const char *line, size_t length, const char *piece) {
  return memmem(line, length, piece, strlen(piece)) != NULL;
}

bool go_dump_is_head(const char *line, size_t length) {
  struct row row = row_of(line, length);
  uint64_t number;
  if (!row_starts_with(line, length, "goroutine ")) return false;
  row.at += sizeof "goroutine " - 1;
  if (!row_decimal(&row, &number) || row.at == row.end || *row.at != ' ') return false;
  return line[length - 1] == ':' && line[length - 2] == ']' && memchr(row.at, '[', (size_t)(row.end - row.at));
}

static void end_stack(struct dump *dump) {
  if (dump->in_stack && dump->sums->depth > 0) sums_end(dump->sums, LEAF_FIRST, dump->cut_short, 1);
  else if (dump->in_stack) sums_drop(dump->sums, dump->unreadable ? DROP_UNREADABLE : DROP_NO_FRAMES, 1);
  dump->in_stack = dump->cut_short = dump->unreadable = dump->in_creator = false;
  text_clear(&dump->function);
}

/* `FUNCTION(ARGUMENTS)`: arguments hold no parentheses, functions may. */
static void start_frame(struct dump *dump, const char *line, size_t length) {
  const char *arguments = length > 0 && line[length - 1] == ')' ? memrchr(line, '(', length) : NULL;
  if (!arguments || arguments == line)
    fail_at(input_name(dump->input), input_line_number(dump->input),
            "is no line of a goroutine's stack; 'FUNCTION(ARGUMENTS)' is expected");
  text_clear(&dump->function);
  text_append(&dump->function, line, (size_t)(arguments - line));
}

/* `\tFILE:LINE`, and an offset in the function where that is known. */
static void end_frame(struct dump *dump, const char *line, size_t length) {
  if (dump->in_creator || dump->function.length == 0) return;
  struct row row = row_of(line, length);
  row_blanks(&row);
  const char *plus = memmem(row.at, (size_t)(row.end - row.at), " +0x", 4);
  const char *end = plus ? plus : row.end;
  text_clear(&dump->frame);
  text_append(&dump->frame, dump->function.bytes, dump->function.length);
  text_append_string(&dump->frame, " (");
  text_append(&dump->frame, row.at, (size_t)(end - row.at));
  text_append_char(&dump->frame, ')');
  sums_frame(dump->sums, dump->frame.bytes, dump->frame.length);
  text_clear(&dump->function);
}

static void read_line(struct dump *dump, const char *line, size_t length) {
  if (go_dump_is_head(line, length)) {
    end_stack(dump);
    dump->in_stack = true;
  } else if (length == 0) {
    end_stack(dump);
  } else if (!dump->in_stack) {
    dump->sums->other_lines++;
  } else if (line[0] == '\t' && contains(line, length, "stack unavailable")) {
    dump->unreadable = true;
  } else if (line[0] == '\t') {
    end_frame(dump, line, length);
  } else if (row_starts_with(line, length, "...") && contains(line, length, "frames elided")) {
    dump->cut_short = true;
  } else if (row_starts_with(line, length, "created by ")) {
    dump->in_creator = true;
  } else if (row_starts_with(line, length, "[originating from goroutine ")) {
    dump->in_creator = true;
  } else {
    start_frame(dump, line, length);
  }
}

void go_dump_parse(struct input *input, struct sums *sums) {
  struct dump dump = {.input = input, .sums = sums};
  char *line;
  size_t length;
  bool ended = true;
  while (input_line(input, &line, &length)) {
    ended = input_line_ended(input);
    if (ended) read_line(&dump, line, length);
  }
  /* A frame is two lines. */
  if (!ended || dump.function.length > 0) sums_cut_off(sums, input, "a goroutine's stack");
  else end_stack(&dump);
  text_free(&dump.function);
  text_free(&dump.frame);
}

/* What Python's faulthandler prints: dumps of the stacks of one thread or all, one dump after another.
 *
 *   Timeout (0:00:00.010000)!
 *   Thread 0x00007f77a8a8d6c0 (most recent call first):
 *     File "/usr/lib/python3.11/threading.py", line 320 in wait
 *     ...
 *
 * Each stack counts 1. Its frames go out root first as "NAME (FILE:LINE)". Python escapes what is not printable ASCII
 * in names (\xe9, \u20ac) but not the backslash, so that the escapes cannot be undone; they stay. */
#include <string.h>

#include "folded.h"
#include "format.h"
#include "report.h"
#include "row.h"

struct dump {
  struct input *input;
  struct sums *sums;
  struct text frame;    /* scratch */
  bool in_stack;        /* behind the header of a stack */
  bool has_header_only; /* nothing yet stands under that header, or under the one that announces a dump */
  bool cut_short;       /* faulthandler did not print the outermost frames */
  bool unreadable;      /* ... or found the stack in a state in which it cannot be read */
  bool foreign_stack;   /* a stack of C frames, which newer versions add behind those of Python */
  size_t own_frames;    /* frames of the capture itself, left out */
};

static const char capture_path[] = "<assay>";
static const char header_end[] = "(most recent call first):";

static bool equals(const char *line, size_t length, const char *whole) {
  return length == strlen(whole) && memcmp(line, whole, length) == 0;
}

static bool contains(const char *line, size_t length, const char *piece) {
  return memmem(line, length, piece, strlen(piece)) != NULL;
}

static bool ends_with(const char *line, size_t length, const char *end) {
  return length >= strlen(end) && memcmp(line + length - strlen(end), end, strlen(end)) == 0;
}

/* The head of a stack. A thread's name, where there is one, stands before header_end. */
static bool is_header(const char *line, size_t length) {
  return ends_with(line, length, header_end) &&
         (row_starts_with(line, length, "Stack (") || row_starts_with(line, length, "Thread 0x") ||
          row_starts_with(line, length, "Current thread 0x"));
}

static bool is_c_header(const char *line, size_t length) {
  return row_starts_with(line, length, "Current thread's C stack trace ");
}

/* The head of a dump: a stack must follow. */
static bool is_announcement(const char *line, size_t length) {
  return (row_starts_with(line, length, "Timeout (") && ends_with(line, length, ")!")) ||
         row_starts_with(line, length, "Fatal Python error: ") || row_starts_with(line, length, "Windows fatal exception: ");
}

/* What else faulthandler prints between stacks: blank lines, the state of a dying interpreter, the mark for threads
 * past the hundredth. */
static bool is_between_stacks(const char *line, size_t length) {
  return length == 0 || row_starts_with(line, length, "Python runtime state: ") ||
         row_starts_with(line, length, "Extension modules: ") || equals(line, length, "...");
}

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  const char *end = bytes + length;
  while (bytes < end) {
    const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
    if (!line_end) line_end = end;
    size_t line_length = (size_t)(line_end - bytes);
    if (line_length > 0 && bytes[line_length - 1] == '\r') line_length--;
    if (is_header(bytes, line_length) || is_announcement(bytes, line_length)) return true;
    bytes = line_end + 1;
  }
  return false;
}

struct frame {
  const char *path, *line, *name;
  size_t path_length, line_length, name_length;
};

/* The length of a line number or ??? at the start of bytes; 0: there is none. */
static size_t line_number_length(const char *bytes, size_t length) {
  if (row_starts_with(bytes, length, "???")) return 3;
  size_t digits = 0;
  while (digits < length && bytes[digits] >= '0' && bytes[digits] <= '9') digits++;
  return digits;
}

/* Parts `"PATH", line N in NAME` (??? for "PATH" where Python had none). The path may hold anything, the text
 * `", line ` included, a name hardly: so the last `, line ` with a number behind it is the one. */
static bool parse_frame(const char *text, size_t length, struct frame *frame) {
  static const char mark[] = ", line ", in[] = " in ";
  const size_t mark_length = sizeof mark - 1, in_length = sizeof in - 1;
  for (size_t at = length; at-- > 0;) {
    if (!row_starts_with(text + at, length - at, mark)) continue;
    frame->line = text + at + mark_length;
    size_t rest = length - at - mark_length;
    frame->line_length = line_number_length(frame->line, rest);
    if (frame->line_length == 0) continue;
    rest -= frame->line_length;
    if (rest <= in_length || !row_starts_with(frame->line + frame->line_length, rest, in)) continue;
    frame->name = frame->line + frame->line_length + in_length;
    frame->name_length = rest - in_length;
    bool is_quoted = at >= 2 && text[0] == '"' && text[at - 1] == '"';
    if (!is_quoted && !(at == 3 && memcmp(text, "???", 3) == 0)) continue;
    frame->path = text + is_quoted;
    frame->path_length = at - (is_quoted ? 2 : 0);
    return true;
  }
  return false;
}

/* `File "PATH", line N, in NAME` and `File "PATH", line N` stand in tracebacks that a program prints of exceptions. */
static bool is_of_traceback(const char *text, size_t length) {
  static const char mark[] = "\", line ";
  const char *at = memmem(text, length, mark, sizeof mark - 1);
  if (!at) return false;
  const char *number = at + sizeof mark - 1;
  size_t rest = length - (size_t)(number - text), digits = line_number_length(number, rest);
  return digits > 0 && (digits == rest || number[digits] == ',');
}

static void end_stack(struct dump *dump) {
  struct sums *sums = dump->sums;
  if (dump->in_stack && sums->depth > 0) sums_end(sums, LEAF_FIRST, dump->cut_short || dump->unreadable, 1);
  else if (dump->in_stack && dump->own_frames > 0) sums_drop(sums, DROP_CAPTURE_ONLY, 1);
  else if (dump->in_stack && dump->unreadable) sums_drop(sums, DROP_UNREADABLE, 1);
  else if (dump->in_stack) sums_drop(sums, DROP_NO_FRAMES, 1);
  dump->in_stack = dump->cut_short = dump->unreadable = dump->foreign_stack = false;
  dump->own_frames = 0;
}

static void add_frame(struct dump *dump, const struct frame *frame) {
  if (frame->path_length == sizeof capture_path - 1 && memcmp(frame->path, capture_path, frame->path_length) == 0) {
    dump->own_frames++;
    return;
  }
  struct text *text = &dump->frame;
  text_clear(text);
  text_append(text, frame->name, frame->name_length);
  text_append_string(text, " (");
  text_append(text, frame->path, frame->path_length);
  text_append_char(text, ':');
  text_append(text, frame->line, frame->line_length);
  text_append_char(text, ')');
  sums_frame(dump->sums, text->bytes, text->length);
}

/* A line that is no part of a dump, such as the program's own messages: skipped and counted, unless it may have
 * swallowed a part of a dump. */
static void skip_other(struct dump *dump, char *line, size_t length) {
  bool has_frame = contains(line, length, "File \"") || contains(line, length, "\", line ");
  if (contains(line, length, header_end) || (has_frame && !is_of_traceback(line, length))) {
    replace_controls(line, length);
    fail_at(input_name(dump->input), input_line_number(dump->input),
            "is neither a line of a dump nor free of one; is other output mixed into it? '%.120s'", line);
  }
  dump->sums->other_lines++;
}

/* A line that begins with two blanks. */
static void read_indented(struct dump *dump, char *line, size_t length) {
  struct frame frame;
  if (dump->foreign_stack && (row_starts_with(line, length, "  Binary file ") || row_starts_with(line, length, "  <"))) return;
  if (row_starts_with(line, length, "  File ") && parse_frame(line + 7, length - 7, &frame)) {
    if (!dump->in_stack)
      fail_at(input_name(dump->input), input_line_number(dump->input),
              "a frame without the header of its stack; 'Thread 0x... %s' is expected first", header_end);
    add_frame(dump, &frame);
  } else if (dump->in_stack && equals(line, length, "  ...")) {
    dump->cut_short = true;
  } else if (dump->in_stack && row_starts_with(line, length, "  <") && line[length - 1] == '>') {
    dump->unreadable = !equals(line, length, "  <no Python frame>");
  } else if (!dump->in_stack || !equals(line, length, "  Garbage-collecting")) {
    skip_other(dump, line, length);
    return;
  }
  dump->has_header_only = false;
}

static void read_line(struct dump *dump, char *line, size_t length) {
  if (is_header(line, length) || is_announcement(line, length)) {
    end_stack(dump);
    dump->in_stack = is_header(line, length);
    dump->has_header_only = true;
  } else if (is_c_header(line, length)) {
    end_stack(dump);
    dump->foreign_stack = true;
  } else if (is_between_stacks(line, length)) {
    end_stack(dump);
  } else if (row_starts_with(line, length, "  ")) {
    read_indented(dump, line, length);
  } else {
    skip_other(dump, line, length);
  }
}

static void parse(struct input *input, struct sums *sums) {
  struct dump dump = {.input = input, .sums = sums};
  char *line;
  size_t length;
  bool ended = true;
  while (input_line(input, &line, &length)) {
    ended = input_line_ended(input);
    if (ended) read_line(&dump, line, length);
  }
  if (!ended || dump.has_header_only) sums_cut_off(sums, input, "a dump");
  else end_stack(&dump);
  text_free(&dump.frame);
}

static const char *const values[] = {"samples", NULL};

FORMAT(faulthandler,
    .name = "faulthandler",
    .description = "dumps of Python's faulthandler, one after another; each stack counts 1",
    .values = values,
    .recognize = recognize,
    .parse = parse);

/* Snapshots of Python's tracemalloc as TSV: columns tracemalloc_bytes, tracemalloc_blocks, depth and stack.
 *
 * stack is frames FILE:LINE joined by ';', outermost first; depth is how many frames the traceback really had, of which
 * tracemalloc keeps the innermost alone. Columns are found by name, others are ignored. */
#include <inttypes.h>
#include <string.h>

#include "folded.h"
#include "format.h"
#include "report.h"

enum column { BYTES, BLOCKS, DEPTH, STACK, COLUMNS };
static const char *const column_names[COLUMNS] = {"tracemalloc_bytes", "tracemalloc_blocks", "depth", "stack"};

struct table {
  struct input *input;
  size_t fields;             /* in the header row */
  size_t position[COLUMNS];  /* which field each column is */
  char *value[COLUMNS];      /* of the present row, escapes undone */
  size_t length[COLUMNS];
};

static bool is_column(const char *field, size_t length, enum column column) {
  return strlen(column_names[column]) == length && memcmp(field, column_names[column], length) == 0;
}

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  const char *end = memchr(bytes, '\n', length);
  if (!end) end = bytes + length;
  if (end > bytes && end[-1] == '\r') end--;
  for (const char *field = bytes, *tab; field; field = tab ? tab + 1 : NULL) {
    tab = memchr(field, '\t', (size_t)(end - field));
    if (is_column(field, (size_t)((tab ? tab : end) - field), BYTES)) return true;
  }
  return false;
}

static void read_header(struct table *table) {
  char *line;
  size_t length;
  const char *name = input_name(table->input);
  if (!input_line(table->input, &line, &length)) fail_at(name, 0, "holds no stacks");
  for (int column = 0; column < COLUMNS; column++) table->position[column] = SIZE_MAX;
  for (char *field = line, *end = line + length; field; table->fields++) {
    char *tab = memchr(field, '\t', (size_t)(end - field));
    size_t field_length = (size_t)((tab ? tab : end) - field);
    for (int column = 0; column < COLUMNS; column++) {
      if (!is_column(field, field_length, (enum column)column)) continue;
      if (table->position[column] != SIZE_MAX)
        fail_at(name, 1, "the header row names the field '%s' twice", column_names[column]);
      table->position[column] = table->fields;
    }
    field = tab ? tab + 1 : NULL;
  }
  for (int column = 0; column < COLUMNS; column++)
    if (table->position[column] == SIZE_MAX) fail_at(name, 1, "the header row has no field '%s'", column_names[column]);
}

/* Undoes the escapes of a value in place; its new length. */
static size_t unescape(const struct table *table, char *value, size_t length) {
  char *to = value;
  for (const char *from = value, *end = value + length; from < end; from++) {
    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    from++;
    if (from < end && *from == 't') *to++ = '\t';
    else if (from < end && *from == 'n') *to++ = '\n';
    else if (from < end && *from == '\\') *to++ = '\\';
    else
      fail_at(input_name(table->input), input_line_number(table->input),
              "a backslash starts no escape; write \\\\, \\t or \\n");
  }
  return (size_t)(to - value);
}

static void split_row(struct table *table, char *line, size_t length) {
  size_t fields = 0;
  for (char *field = line, *end = line + length; field; fields++) {
    char *tab = memchr(field, '\t', (size_t)(end - field));
    size_t field_length = (size_t)((tab ? tab : end) - field);
    for (int column = 0; column < COLUMNS; column++) {
      if (table->position[column] != fields) continue;
      table->value[column] = field;
      table->length[column] = unescape(table, field, field_length);
    }
    field = tab ? tab + 1 : NULL;
  }
  if (fields != table->fields)
    fail_at(input_name(table->input), input_line_number(table->input), "has %zu field%s; the header row has %zu",
            fields, fields == 1 ? "" : "s", table->fields);
}

static uint64_t number_of(const struct table *table, enum column column) {
  uint64_t number;
  size_t length = table->length[column];
  const char *wrong = read_count(table->value[column], length, &number);
  if (wrong)
    fail_at(input_name(table->input), input_line_number(table->input), "%s '%.*s' %s; an integer is expected",
            column_names[column], length < 40 ? (int)length : 40, table->value[column], wrong);
  return number;
}

/* Whether these bytes end with ':' and digits, as a frame does. */
static bool ends_with_line(const char *bytes, size_t length) {
  size_t digits = 0;
  while (digits < length && bytes[length - 1 - digits] >= '0' && bytes[length - 1 - digits] <= '9') digits++;
  return digits > 0 && digits + 1 < length && bytes[length - 1 - digits] == ':';
}

/* Where the frame that begins here ends: at a ';' behind FILE:LINE. Any other ';' is a part of the file's name. */
static const char *frame_end(const char *frame, const char *end) {
  for (const char *from = frame, *stop; (stop = memchr(from, ';', (size_t)(end - from))); from = stop + 1)
    if (ends_with_line(frame, (size_t)(stop - frame))) return stop;
  return end;
}

/* Hands on the frames of the present row and returns their number. */
static uint64_t split_stack(const struct table *table, struct sums *sums) {
  uint64_t frames = 0;
  const char *end = table->value[STACK] + table->length[STACK];
  for (const char *frame = table->length[STACK] > 0 ? table->value[STACK] : NULL; frame;) {
    const char *stop = frame_end(frame, end);
    frames++;
    if (!ends_with_line(frame, (size_t)(stop - frame)))
      fail_at(input_name(table->input), input_line_number(table->input),
              "frame %" PRIu64 " of the stack does not end with ':' and a line number", frames);
    sums_frame(sums, frame, (size_t)(stop - frame));
    frame = stop < end ? stop + 1 : NULL;
  }
  return frames;
}

static void parse(struct input *input, struct sums *sums) {
  struct table table = {.input = input};
  read_header(&table);
  bool wants_blocks = sums->value && strcmp(sums->value, "blocks") == 0;
  char *line;
  size_t length;
  while (input_line(input, &line, &length)) {
    if (!input_line_ended(input)) {
      sums_cut_off(sums, input, "a row");
      return;
    }
    split_row(&table, line, length);
    uint64_t depth = number_of(&table, DEPTH);
    uint64_t bytes = number_of(&table, BYTES), blocks = number_of(&table, BLOCKS);
    uint64_t value = wants_blocks ? blocks : bytes;
    uint64_t frames = split_stack(&table, sums);
    if (depth < frames)
      fail_at(input_name(input), input_line_number(input),
              "depth is %" PRIu64 ", yet the stack lists %" PRIu64 " frames", depth, frames);
    if (depth == 0) sums_drop(sums, DROP_NO_FRAMES, value);
    else sums_end(sums, ROOT_FIRST, depth > frames, value);
  }
}

static const char *const values[] = {"bytes", "blocks", NULL};

FORMAT(tracemalloc,
    .name = "tracemalloc",
    .description = "a snapshot of Python's tracemalloc: TSV of tracemalloc_bytes, tracemalloc_blocks, depth, stack",
    .values = values,
    .recognize = recognize,
    .parse = parse);

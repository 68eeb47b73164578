/* ClickHouse's table system.trace_log, as a query prints it: TSVWithNames (also ...AndTypes) or JSONEachRow.
 *
 * Columns are found by name, in any order, others are ignored:
 *   trace       addresses, leaf first            symbols   names of the same frames, where the server has resolved them
 *   lines       FILE:LINE of the same frames     trace_type   what the row is a sample of (CPU, Real, Memory, ...)
 *   size        bytes allocated, below 0 freed   count()   how many samples the row stands for (default 1)
 * trace or symbols must be there. Trace types differ as events do: one is folded. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "format.h"
#include "json.h"
#include "report.h"

enum column { TRACE, SYMBOLS, LINES, TYPE, SIZE, COUNT, COLUMNS };
static const struct {
  const char *name;
  enum column column;
} column_names[] = {
    {"trace", TRACE},   {"symbols", SYMBOLS}, {"lines", LINES},   {"trace_type", TYPE}, {"size", SIZE},
    {"sum(size)", SIZE}, {"count()", COUNT},   {"count", COUNT}, {"samples", COUNT},
};
enum { COLUMN_NAMES = sizeof column_names / sizeof *column_names };

static const char samples_value[] = "samples", bytes_value[] = "bytes", freed_value[] = "freed";
static const char *const values[] = {samples_value, bytes_value, freed_value, NULL};

struct span {
  const char *bytes;
  size_t length;
};

struct list {
  struct span *spans;
  size_t count, capacity;
};

struct log {
  struct input *input;
  struct sums *sums;
  struct text type;  /* the trace type that is folded */
  bool started;      /* type and value are known */
  const char *value; /* one of the three */

  /* The header row of TSV. */
  size_t fields, position[COLUMNS]; /* SIZE_MAX: there is none */

  /* The present row; spans are valid until the next. */
  bool has[COLUMNS];
  struct list arrays[LINES + 1]; /* trace, symbols, lines */
  struct span row_type;
  uint64_t count, size; /* size without its sign */
  bool is_freed;
  struct text frame;
};

static bool is_word(const char *bytes, size_t length, const char *word) {
  return strlen(word) == length && memcmp(bytes, word, length) == 0;
}

/* The column of this name, or COLUMNS. */
static enum column column_of(const char *name, size_t length) {
  for (int i = 0; i < COLUMN_NAMES; i++)
    if (is_word(name, length, column_names[i].name)) return column_names[i].column;
  return COLUMNS;
}

static _Noreturn void fail_column(const struct log *log, enum column column, const char *wrong) {
  const char *name = "";
  for (int i = COLUMN_NAMES - 1; i >= 0; i--)
    if (column_names[i].column == column) name = column_names[i].name;
  fail_at(input_name(log->input), input_line_number(log->input), "%s %s", name, wrong);
}

static void start_row(struct log *log) {
  for (int column = 0; column < COLUMNS; column++) log->has[column] = false;
  for (int column = 0; column <= LINES; column++) log->arrays[column].count = 0;
  log->row_type = (struct span){"", 0};
  log->count = 1;
  log->size = 0;
  log->is_freed = false;
}

static void add_span(struct list *list, const char *bytes, size_t length) {
  grow(&list->spans, &list->capacity, list->count + 1, sizeof *list->spans);
  list->spans[list->count++] = (struct span){bytes, length};
}

static void set_number(struct log *log, enum column column, const char *digits, size_t length) {
  bool is_negative = column == SIZE && length > 0 && *digits == '-';
  uint64_t number;
  const char *wrong = read_count(digits + is_negative, length - is_negative, &number);
  if (wrong) fail_column(log, column, wrong);
  log->has[column] = true;
  if (column == COUNT) log->count = number;
  else log->size = number, log->is_freed = is_negative;
}

/* ---- a row that was read ---- */

static bool is_memory(const struct span *type) {
  return (type->length >= 6 && memcmp(type->bytes, "Memory", 6) == 0) ||
         (type->length >= 8 && memcmp(type->bytes, "Jemalloc", 8) == 0);
}

/* The first row decides on what was not asked for: its trace type; bytes where that is of memory. */
static void start(struct log *log) {
  struct sums *sums = log->sums;
  const char *event = sums->folding->event;
  if (event) text_append_string(&log->type, event);
  else text_append(&log->type, log->row_type.bytes, log->row_type.length);
  struct span type = {log->type.bytes, log->type.length};
  bool by_size = log->has[SIZE] && (is_memory(&type) || !log->has[TYPE]);
  log->value = sums->value ? NULL : by_size ? bytes_value : samples_value;
  for (int i = 0; values[i] && !log->value; i++)
    if (strcmp(values[i], sums->value) == 0) log->value = values[i];
  sums->value = log->value;
  log->started = true;
}

/* What the row counts; false where it counts nothing. */
static bool value_of(struct log *log, uint64_t *value) {
  if (log->value == samples_value) {
    *value = log->count;
    return true;
  }
  if (!log->has[SIZE]) fail_column(log, SIZE, "is missing; without it only --value samples can be folded");
  *value = log->size;
  return log->size > 0 && log->is_freed == (log->value == freed_value);
}

/* A trace of CPU or Real begins with the instruction that was interrupted; all other addresses are where a call
 * returns to. */
static void address_frame(struct log *log, size_t index) {
  const struct span *span = &log->arrays[TRACE].spans[index];
  uint64_t address;
  const char *wrong = read_count(span->bytes, span->length, &address);
  if (wrong) fail_column(log, TRACE, wrong);
  bool is_exact = index == 0 && (is_word(log->row_type.bytes, log->row_type.length, "CPU") ||
                                 is_word(log->row_type.bytes, log->row_type.length, "Real"));
  static const struct address_space nothing_mapped;
  address_space_append_frame(&nothing_mapped, &log->sums->modules, is_exact || address == 0 ? address : address - 1,
                             &log->frame);
}

static void hand_on_frame(struct log *log, size_t index) {
  const struct list *symbols = &log->arrays[SYMBOLS], *lines = &log->arrays[LINES], *trace = &log->arrays[TRACE];
  text_clear(&log->frame);
  if (index < symbols->count && symbols->spans[index].length > 0) {
    text_append(&log->frame, symbols->spans[index].bytes, symbols->spans[index].length);
    if (log->sums->folding->context && index < lines->count && lines->spans[index].length > 0) {
      text_append_string(&log->frame, " (");
      text_append(&log->frame, lines->spans[index].bytes, lines->spans[index].length);
      text_append_char(&log->frame, ')');
    }
  } else if (index < trace->count) {
    address_frame(log, index);
  } else {
    text_append_string(&log->frame, "[unknown]");
  }
  sums_frame(log->sums, log->frame.bytes, log->frame.length);
}

static void fold_row(struct log *log) {
  if (!log->has[TRACE] && !log->has[SYMBOLS]) fail_column(log, TRACE, "and symbols are missing; one of them is needed");
  if (!log->started) start(log);
  struct sums *sums = log->sums;
  bool is_wanted = log->row_type.length == log->type.length &&
                   memcmp(log->row_type.bytes, log->type.bytes, log->type.length) == 0;
  if (log->has[TYPE] && !is_wanted) { /* its value may be of another kind */
    sums_drop(sums, DROP_OTHER_EVENT, 0);
    return;
  }
  uint64_t value;
  size_t depth = log->arrays[SYMBOLS].count > 0 ? log->arrays[SYMBOLS].count : log->arrays[TRACE].count;
  if (!value_of(log, &value)) {
    sums_drop(sums, DROP_NO_VALUE, 0);
  } else if (depth == 0) {
    sums_drop(sums, DROP_NO_FRAMES, value);
  } else {
    for (size_t i = 0; i < depth; i++) hand_on_frame(log, i);
    sums_end(sums, LEAF_FIRST, false, value);
  }
}

/* ---- TSV ---- */

static int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character behind a backslash at *from, which moves to its last byte. */
static char unescape(const char **from, const char *end) {
  switch (**from) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '0': return '\0';
    case 'a': return '\a';
    case 'v': return '\v';
    case 'x': break;
    default: return **from;
  }
  if (end - *from < 3 || hexadecimal_digit((*from)[1]) < 0 || hexadecimal_digit((*from)[2]) < 0) return **from;
  *from += 2;
  return (char)(hexadecimal_digit((*from)[-1]) * 16 + hexadecimal_digit((*from)[0]));
}

/* The string whose opening quote is behind at, unescaped in place; where it ends, behind the closing quote. */
static char *take_quoted(struct log *log, enum column column, char *at, const char *end) {
  char *to = at, *start = at;
  for (const char *from = at; from < end; from++) {
    if (*from == '\'') {
      add_span(&log->arrays[column], start, (size_t)(to - start));
      return start + (from + 1 - start);
    }
    char c = *from;
    if (c == '\\' && from + 1 < end) {
      from++;
      c = unescape(&from, end);
    }
    *to++ = c;
  }
  fail_column(log, column, "has a string without its closing quote");
}

/* An array: [1,2,3] or ['one','two']. */
static void take_array_field(struct log *log, enum column column, char *at, char *end) {
  if (at == end || *at != '[' || end[-1] != ']') fail_column(log, column, "is no array; [...] is expected");
  log->has[column] = true;
  at++;
  end--;
  while (at < end) {
    if (*at == '\'') {
      at = take_quoted(log, column, at + 1, end);
    } else {
      char *comma = memchr(at, ',', (size_t)(end - at));
      if (!comma) comma = end;
      add_span(&log->arrays[column], at, (size_t)(comma - at));
      at = comma;
    }
    if (at == end) return;
    if (*at != ',' || at + 1 == end) fail_column(log, column, "is no array; ',' and another element are expected in it");
    at++;
  }
}

static void take_field(struct log *log, enum column column, char *field, size_t length) {
  if (is_word(field, length, "\\N")) return; /* NULL */
  switch (column) {
    case TRACE:
    case SYMBOLS:
    case LINES: take_array_field(log, column, field, field + length); break;
    case TYPE:
      log->has[TYPE] = true;
      log->row_type = (struct span){field, length};
      break;
    case SIZE:
    case COUNT: set_number(log, column, field, length); break;
    case COLUMNS: break;
  }
}

static void read_header(struct log *log, char *line, size_t length) {
  for (int column = 0; column < COLUMNS; column++) log->position[column] = SIZE_MAX;
  log->fields = 0;
  for (char *field = line, *end = line + length, *tab; field; field = tab ? tab + 1 : NULL, log->fields++) {
    tab = memchr(field, '\t', (size_t)(end - field));
    enum column column = column_of(field, (size_t)((tab ? tab : end) - field));
    if (column == COLUMNS) continue;
    if (log->position[column] != SIZE_MAX) fail_column(log, column, "is named twice in the header row");
    log->position[column] = log->fields;
  }
  if (log->position[TRACE] == SIZE_MAX && log->position[SYMBOLS] == SIZE_MAX)
    fail_column(log, TRACE, "and symbols are missing in the header row; one of them is needed");
}

/* Whether the row below the header names the columns' types. */
static bool is_types(const struct log *log, const char *line, size_t length) {
  size_t wanted = log->position[log->position[TRACE] != SIZE_MAX ? TRACE : SYMBOLS], fields = 0;
  for (const char *field = line, *end = line + length; field; fields++) {
    if (fields == wanted) return end - field >= 6 && memcmp(field, "Array(", 6) == 0;
    const char *tab = memchr(field, '\t', (size_t)(end - field));
    field = tab ? tab + 1 : NULL;
  }
  return false;
}

static void take_row(struct log *log, char *line, size_t length) {
  size_t fields = 0;
  start_row(log);
  for (char *field = line, *end = line + length, *tab; field; field = tab ? tab + 1 : NULL, fields++) {
    tab = memchr(field, '\t', (size_t)(end - field));
    size_t field_length = (size_t)((tab ? tab : end) - field);
    for (int column = 0; column < COLUMNS; column++)
      if (log->position[column] == fields) take_field(log, (enum column)column, field, field_length);
  }
  if (fields != log->fields)
    fail_at(input_name(log->input), input_line_number(log->input), "has %zu field%s; the header row has %zu", fields,
            fields == 1 ? "" : "s", log->fields);
  fold_row(log);
}

/* Behind an empty line stand totals and extremes, which are no rows of the table. */
static void parse_tsv(struct log *log) {
  char *line;
  size_t length;
  bool has_header = false, is_behind = false;
  while (input_line(log->input, &line, &length)) {
    if (!input_line_ended(log->input)) {
      sums_cut_off(log->sums, log->input, "a row");
      return;
    }
    if (!has_header) {
      read_header(log, line, length);
      has_header = true;
      continue;
    }
    if (input_line_number(log->input) == 2 && is_types(log, line, length)) continue;
    if (is_behind) log->sums->other_lines++;
    else if (length == 0) is_behind = true;
    else take_row(log, line, length);
  }
}

/* ---- JSONEachRow ---- */

/* An integer, which older servers write in quotes. */
static struct span take_json_scalar(struct json_cursor *cursor) {
  char *bytes;
  size_t length;
  if (json_string_is_next(cursor)) bytes = json_string(cursor, &length);
  else json_value(cursor, &bytes, &length);
  return (struct span){bytes, length};
}

static void take_json_array(struct log *log, enum column column, struct json_cursor *cursor) {
  if (!json_next_is(cursor, '[')) fail_column(log, column, "is no array");
  log->has[column] = true;
  if (json_next_is(cursor, ']')) return;
  do {
    if (column != TRACE && !json_string_is_next(cursor)) fail_column(log, column, "holds what is no string");
    struct span element = take_json_scalar(cursor);
    add_span(&log->arrays[column], element.bytes, element.length);
  } while (json_next_is(cursor, ','));
  json_expect(cursor, ']', "',' or ']'");
}

static bool take_null(struct json_cursor *cursor) {
  if (json_string_is_next(cursor) || cursor->end - cursor->at < 4 || memcmp(cursor->at, "null", 4) != 0) return false;
  cursor->at += 4;
  return true;
}

static void take_json_column(struct log *log, enum column column, struct json_cursor *cursor) {
  if (take_null(cursor)) return;
  struct span value;
  switch (column) {
    case TRACE:
    case SYMBOLS:
    case LINES: take_json_array(log, column, cursor); break;
    case TYPE:
      if (!json_string_is_next(cursor)) fail_column(log, column, "is no string");
      log->has[TYPE] = true;
      log->row_type = take_json_scalar(cursor);
      break;
    case SIZE:
    case COUNT:
      value = take_json_scalar(cursor);
      set_number(log, column, value.bytes, value.length);
      break;
    case COLUMNS: take_json_scalar(cursor); break;
  }
}

static void take_json_row(struct log *log, struct json_cursor *cursor) {
  start_row(log);
  json_expect(cursor, '{', "'{'");
  if (!json_next_is(cursor, '}')) {
    do {
      size_t length;
      const char *name = json_string(cursor, &length);
      enum column column = column_of(name, length);
      if (column != COLUMNS && log->has[column]) fail_column(log, column, "stands twice in a row");
      json_expect(cursor, ':', "':'");
      take_json_column(log, column, cursor);
    } while (json_next_is(cursor, ','));
    json_expect(cursor, '}', "',' or '}'");
  }
  if (json_string_is_next(cursor) || cursor->at < cursor->end) json_fail(cursor, "the end of the line");
  fold_row(log);
}

static bool is_space(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != ' ' && bytes[i] != '\t') return false;
  return true;
}

/* A last line without its end is whole where its object is. */
static void parse_json(struct log *log) {
  char *line;
  size_t length;
  while (input_line(log->input, &line, &length)) {
    if (is_space(line, length)) continue;
    if (!input_line_ended(log->input) && !json_is_whole(line, length)) {
      sums_cut_off(log->sums, log->input, "a row");
      return;
    }
    struct json_cursor cursor = {
        .input = log->input, .what = "is no JSON object on a line of its own", .at = line, .end = line + length};
    take_json_row(log, &cursor);
  }
}

/* ---- */

/* "trace":[ or "symbols":[ on the first line. */
static bool is_json_row(const char *bytes, size_t length) {
  const char *end = memchr(bytes, '\n', length);
  if (!end) end = bytes + length;
  if (length < 2 || bytes[0] != '{') return false;
  static const char *const names[] = {"\"trace\":", "\"symbols\":"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *found = memmem(bytes, (size_t)(end - bytes), names[i], strlen(names[i]));
    if (!found) continue;
    found += strlen(names[i]);
    while (found < end && *found == ' ') found++;
    if (found < end && *found == '[') return true;
  }
  return false;
}

/* The field at this position of a line, or NULL. */
static const char *field_at(const char *line, const char *end, size_t position) {
  for (; position > 0; position--) {
    line = memchr(line, '\t', (size_t)(end - line));
    if (!line) return NULL;
    line++;
  }
  return line;
}

/* A header row with trace or symbols, and an array or its type below; or with trace_type too, and nothing below. */
static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  if (is_json_row(bytes, length)) return true;
  const char *end = bytes + length, *header_end = memchr(bytes, '\n', length);
  if (!header_end) return false;
  size_t position = 0, array = SIZE_MAX;
  bool has_type = false;
  const char *names_end = header_end > bytes && header_end[-1] == '\r' ? header_end - 1 : header_end;
  for (const char *field = bytes, *tab; field; field = tab ? tab + 1 : NULL, position++) {
    tab = memchr(field, '\t', (size_t)(names_end - field));
    enum column column = column_of(field, (size_t)((tab ? tab : names_end) - field));
    if (column == TRACE || column == SYMBOLS) array = position;
    has_type |= column == TYPE;
  }
  if (array == SIZE_MAX) return false;
  const char *row = header_end + 1, *row_end = row < end ? memchr(row, '\n', (size_t)(end - row)) : NULL;
  const char *field = row < end ? field_at(row, row_end ? row_end : end, array) : NULL;
  if (!field || field == end) return has_type;
  return *field == '[' || (end - field >= 6 && memcmp(field, "Array(", 6) == 0);
}

static void parse(struct input *input, struct sums *sums) {
  struct log log = {.input = input, .sums = sums};
  const char *bytes;
  size_t length = input_peek(input, &bytes, 1);
  if (length > 0 && *bytes == '{') parse_json(&log);
  else parse_tsv(&log);
  text_free(&log.type);
  text_free(&log.frame);
  for (int column = 0; column <= LINES; column++) free(log.arrays[column].spans);
}

FORMAT(trace_log,
    .name = "trace-log",
    .description = "system.trace_log of ClickHouse, as TSVWithNames or JSONEachRow",
    .values = values,
    .own_default = true,
    .recognize = recognize,
    .parse = parse);

#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "memory.h"
#include "report.h"
#include "stacks.h"

/* A row that waits for the end, since only then is known which fit. */
struct waiting {
  uint64_t worth;
  size_t number; /* in order of arrival */
  size_t length;
  char *bytes;
};

struct table {
  FILE *output;
  const char *name;
  const char *const *fields;
  size_t field_count;
  struct table_options options;
  struct text head;  /* all before the first row */
  struct text facts; /* of TSV: the lines behind the rows */
  struct text row;   /* the one being made */
  uint64_t worth;
  size_t field; /* of the row, the next */
  bool in_row, head_written;
  size_t row_count, written_count;
  struct waiting *waiting;
  size_t waiting_count, waiting_capacity, waiting_bytes;
  bool is_full; /* a row of worth full_at did not fit beside those of greater worth: so does none that is worth less */
  uint64_t full_at;
  uint64_t left_out, greatest_left_out;
};

enum { WORDS_OF_LAST_LINE = 160 }; /* more bytes than what is left out takes to say */

enum table_format table_format_of(const char *argument) {
  if (strcmp(argument, "tsv") == 0) return TABLE_TSV;
  if (strcmp(argument, "json") == 0) return TABLE_JSON;
  fail_usage("--format '%s' is neither tsv nor json", argument);
}

size_t table_budget_of(const char *argument) { return argument_count("--budget", argument, SIZE_MAX); }

static bool is_json(const struct table *table) { return table->options.format == TABLE_JSON; }

/* ---- values ---- */

static void append_count(struct text *text, uint64_t count) {
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRIu64, count);
  text_append_string(text, digits);
}

/* How many bytes at the start of bytes are one character of UTF-8 as RFC 3629 has it; 0: they are none. */
static size_t character_length(const unsigned char *bytes, size_t length) {
  unsigned char first = bytes[0];
  if (first < 0x80) return 1;
  size_t count = 0;
  if (first >= 0xc2 && first <= 0xdf) count = 2;
  if (first >= 0xe0 && first <= 0xef) count = 3;
  if (first >= 0xf0 && first <= 0xf4) count = 4;
  if (count == 0 || count > length) return 0;
  for (size_t i = 1; i < count; i++)
    if ((bytes[i] & 0xc0) != 0x80) return 0;
  bool too_small = (first == 0xe0 && bytes[1] < 0xa0) || (first == 0xf0 && bytes[1] < 0x90);
  bool surrogate = first == 0xed && bytes[1] > 0x9f, too_great = first == 0xf4 && bytes[1] > 0x8f;
  return too_small || surrogate || too_great ? 0 : count;
}

static void append_json_string(struct text *text, const char *bytes, size_t length) {
  text_append_char(text, '"');
  for (size_t i = 0, count; i < length; i += count) {
    unsigned char c = (unsigned char)bytes[i];
    count = character_length((const unsigned char *)bytes + i, length - i);
    if (count == 0) {
      text_append_string(text, "\xef\xbf\xbd");
      count = 1;
    } else if (c == '"' || c == '\\') {
      text_append_char(text, '\\');
      text_append_char(text, (char)c);
    } else if (c < ' ' || c == 127) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", c);
      text_append_string(text, escape);
    } else {
      text_append(text, bytes + i, count);
    }
  }
  text_append_char(text, '"');
}

void json_write_string(FILE *output, const char *bytes, size_t length) {
  struct text text = {0};
  append_json_string(&text, bytes, length);
  fwrite(text.bytes, 1, text.length, output);
  text_free(&text);
}

static void append_tsv(struct text *text, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    switch (bytes[i]) {
      case '\t': text_append_string(text, "\\t"); break;
      case '\n': text_append_string(text, "\\n"); break;
      case '\\': text_append_string(text, "\\\\"); break;
      default: text_append_char(text, bytes[i]);
    }
  }
}

/* What stands between the last value and the next one. */
static struct text *next_value(struct table *table) {
  struct text *row = &table->row;
  if (!table->in_row || table->field == table->field_count) fail("a row of %s has too many values", table->name);
  const char *name = table->fields[table->field];
  if (is_json(table)) {
    text_append_string(row, table->field == 0 ? "{" : ", ");
    append_json_string(row, name, strlen(name));
    text_append_string(row, ": ");
  } else if (table->field > 0) {
    text_append_char(row, '\t');
  }
  table->field++;
  return row;
}

void table_text(struct table *table, const char *bytes, size_t length) {
  struct text *row = next_value(table);
  if (is_json(table)) append_json_string(row, bytes, length);
  else append_tsv(row, bytes, length);
}

void table_stack(struct table *table, const char *bytes, size_t length) {
  if (!is_json(table)) {
    table_text(table, bytes, length);
    return;
  }
  struct text *row = next_value(table);
  text_append_char(row, '[');
  for (const char *frame = bytes, *end = bytes + length;;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    append_json_string(row, frame, (size_t)((semicolon ? semicolon : end) - frame));
    if (!semicolon) break;
    text_append_string(row, ", ");
    frame = semicolon + 1;
  }
  text_append_char(row, ']');
}

void table_count(struct table *table, uint64_t count) { append_count(next_value(table), count); }

void table_difference(struct table *table, uint64_t from, uint64_t to) {
  struct text *row = next_value(table);
  if (to < from) text_append_char(row, '-');
  if (to > from && !is_json(table)) text_append_char(row, '+');
  append_count(row, to < from ? from - to : to - from);
}

static void append_hundredths(struct text *text, uint64_t hundredths) {
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
  text_append_string(text, digits);
}

void table_hundredths(struct table *table, uint64_t hundredths) { append_hundredths(next_value(table), hundredths); }

void table_signed_hundredths(struct table *table, int64_t hundredths) {
  struct text *row = next_value(table);
  if (hundredths < 0) text_append_char(row, '-');
  if (hundredths > 0 && !is_json(table)) text_append_char(row, '+');
  append_hundredths(row, hundredths < 0 ? 0 - (uint64_t)hundredths : (uint64_t)hundredths);
}

void table_decimal(struct table *table, double number) {
  char digits[40];
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  text_append_string(next_value(table), digits);
}

void table_truth(struct table *table, bool truth) {
  text_append_string(next_value(table), is_json(table) ? (truth ? "true" : "false") : truth ? "1" : "0");
}

void table_missing(struct table *table) { text_append_string(next_value(table), is_json(table) ? "null" : "NA"); }

/* ---- the head ---- */

struct table *table_begin(FILE *output, const char *name, const char *const *fields, size_t field_count,
                          const struct table_options *options) {
  struct table *table = take(sizeof *table);
  *table = (struct table){
      .output = output, .name = name, .fields = fields, .field_count = field_count, .options = *options};
  if (is_json(table)) {
    text_append_string(&table->head, "{\"format\": ");
    append_json_string(&table->head, name, strlen(name));
    text_append_string(&table->head, ", \"version\": 1");
  } else {
    for (size_t i = 0; i < field_count; i++) {
      text_append_string(&table->head, fields[i]);
      text_append_char(&table->head, i + 1 < field_count ? '\t' : '\n');
    }
  }
  return table;
}

/* What stands before a fact's value; the text in which it goes. */
static struct text *next_fact(struct table *table, const char *name) {
  struct text *text = is_json(table) ? &table->head : &table->facts;
  text_append_string(text, is_json(table) ? ", " : "# ");
  if (is_json(table)) append_json_string(text, name, strlen(name));
  else text_append_string(text, name);
  text_append_string(text, ": ");
  return text;
}

void table_fact_text(struct table *table, const char *name, const char *value, bool shown) {
  if (!is_json(table) && !shown) return;
  struct text *text = next_fact(table, name);
  if (is_json(table)) {
    append_json_string(text, value, strlen(value));
  } else {
    append_tsv(text, value, strlen(value));
    text_append_char(text, '\n');
  }
}

void table_fact_count(struct table *table, const char *name, uint64_t count, bool shown) {
  if (!is_json(table) && !shown) return;
  struct text *text = next_fact(table, name);
  append_count(text, count);
  if (!is_json(table)) text_append_char(text, '\n');
}

static void write_head(struct table *table) {
  if (table->head_written) return;
  table->head_written = true;
  fwrite(table->head.bytes, 1, table->head.length, table->output);
  if (is_json(table)) fputs(", \"rows\": [", table->output);
}

/* ---- rows ---- */

static void write_row(struct table *table, const char *bytes, size_t length) {
  write_head(table);
  if (is_json(table)) fputs(table->written_count > 0 ? ",\n" : "\n", table->output);
  fwrite(bytes, 1, length, table->output);
  if (!is_json(table)) putc('\n', table->output);
  table->written_count++;
}

/* The bytes that a row takes with what stands around it. */
static size_t bytes_of(size_t row_length) { return sum_of(row_length, 2); }

/* The bytes that a budget leaves for rows. */
static size_t room(const struct table *table) {
  size_t taken = sum_of(sum_of(table->head.length, table->facts.length), WORDS_OF_LAST_LINE);
  return taken < table->options.budget ? table->options.budget - taken : 0;
}

void table_leave_out(struct table *table, uint64_t rows, uint64_t greatest) {
  table->left_out += rows;
  if (rows > 0 && greatest > table->greatest_left_out) table->greatest_left_out = greatest;
}

static int by_worth(const void *a, const void *b) {
  const struct waiting *left = a, *right = b;
  if (left->worth != right->worth) return left->worth > right->worth ? -1 : 1;
  return left->number < right->number ? -1 : 1;
}

static int by_arrival(const void *a, const void *b) {
  const struct waiting *left = a, *right = b;
  return left->number < right->number ? -1 : 1;
}

/* Keeps the rows of greatest worth that fit together. What comes later can only take more of them away: so it may be
 * done at any time. */
static void leave_out_what_does_not_fit(struct table *table) {
  if (table->waiting_bytes <= room(table)) return;
  qsort(table->waiting, table->waiting_count, sizeof *table->waiting, by_worth);
  size_t kept = 0, bytes = 0;
  while (kept < table->waiting_count && bytes + bytes_of(table->waiting[kept].length) <= room(table))
    bytes += bytes_of(table->waiting[kept++].length);
  table->is_full = true;
  table->full_at = table->waiting[kept].worth;
  table_leave_out(table, table->waiting_count - kept, table->full_at);
  for (size_t i = kept; i < table->waiting_count; i++) free(table->waiting[i].bytes);
  table->waiting_count = kept;
  table->waiting_bytes = bytes;
}

static void wait_with_row(struct table *table) {
  size_t bytes = bytes_of(table->row.length);
  if (bytes > room(table) || (table->is_full && table->worth <= table->full_at)) {
    table_leave_out(table, 1, table->worth);
    return;
  }
  grow(&table->waiting, &table->waiting_capacity, table->waiting_count + 1, sizeof *table->waiting);
  table->waiting[table->waiting_count++] = (struct waiting){.worth = table->worth,
                                                            .number = table->row_count,
                                                            .length = table->row.length,
                                                            .bytes = take_copy_of(table->row.bytes, table->row.length)};
  table->waiting_bytes += bytes;
  if (table->waiting_bytes / 2 > room(table)) leave_out_what_does_not_fit(table);
}

static void end_row(struct table *table) {
  if (!table->in_row) return;
  if (table->field < table->field_count) fail("a row of %s has too few values", table->name);
  if (is_json(table)) text_append_char(&table->row, '}');
  table->in_row = false;
  table->row_count++;
  if (table->options.budget > 0) wait_with_row(table);
  else write_row(table, table->row.bytes, table->row.length);
  text_clear(&table->row);
}

void table_row(struct table *table, uint64_t worth) {
  end_row(table);
  table->in_row = true;
  table->field = 0;
  table->worth = worth;
}

/* ---- the end ---- */

static void write_waiting(struct table *table) {
  if (table->waiting_count == 0) return;
  leave_out_what_does_not_fit(table);
  if (table->waiting_count > 0) qsort(table->waiting, table->waiting_count, sizeof *table->waiting, by_arrival);
  for (size_t i = 0; i < table->waiting_count; i++) {
    write_row(table, table->waiting[i].bytes, table->waiting[i].length);
    free(table->waiting[i].bytes);
  }
}

static void write_end(struct table *table) {
  write_head(table);
  if (is_json(table)) {
    fprintf(table->output, "%s], \"left_out\": {\"rows\": %" PRIu64 ", \"greatest\": %" PRIu64 "}}\n",
            table->written_count > 0 ? "\n" : "", table->left_out, table->greatest_left_out);
    return;
  }
  if (table->facts.length > 0) fwrite(table->facts.bytes, 1, table->facts.length, table->output);
  if (table->left_out > 0 && table->options.budget > 0)
    fprintf(table->output, "# left out: %" PRIu64 " row%s, the greatest of %" PRIu64 "\n", table->left_out,
            table->left_out == 1 ? "" : "s", table->greatest_left_out);
}

void table_end(struct table *table) {
  end_row(table);
  size_t budget = table->options.budget, least = sum_of(table->head.length, table->facts.length) + WORDS_OF_LAST_LINE;
  if (budget > 0 && least > budget)
    fail_usage("--budget %zu is too little for a table without rows, which takes %zu bytes", budget, least);
  write_waiting(table);
  write_end(table);
  free(table->waiting);
  text_free(&table->head);
  text_free(&table->facts);
  text_free(&table->row);
  free(table);
}

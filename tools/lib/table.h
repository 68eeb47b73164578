/* A table that a filter prints: rows of named fields, as TSV (tsv.h) or as one JSON object, whole or within a
 * number of bytes. What cannot be written shows in close_output().
 *
 * The JSON is {"format": NAME, "version": 1, FACTS..., "rows": [{FIELD: VALUE, ...}, ...], "left_out": {"rows": N,
 * "greatest": WORTH}}, one row a line. Numbers are written with all their digits, bytes that are no UTF-8 as
 * U+FFFD.
 *
 * Without a budget each row is written as soon as it is whole. With one, the rows of greatest worth are kept as
 * long as all of the output fits: first those that alone are too long are left out, then all from the first on that
 * does not fit beside those of greater worth. They are written in the order in which they came. What was left out
 * is said in a last line of TSV that begins with "# " (tsv_row() passes over it), and in JSON's "left_out". */
#ifndef ASSAY_TABLE_H
#define ASSAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum table_format { TABLE_TSV, TABLE_JSON };

/* What a user chose; {0} is TSV without a budget. */
struct table_options {
  enum table_format format;
  size_t budget; /* bytes; 0: no limit */
};

/* The arguments of --format and of --budget; what is none is fail_usage(). */
enum table_format table_format_of(const char *argument);
size_t table_budget_of(const char *argument);

struct table;

/* name is the JSON's "format", such as "assay.functions"; it and the fields' names stay the caller's and must live
 * until table_end. Nothing is written before the first row or the end. */
struct table *table_begin(FILE *output, const char *name, const char *const *fields, size_t field_count,
                          const struct table_options *options);

/* Facts of the whole table, before its first row; name as above. In JSON they are fields beside "rows"; in TSV a
 * fact is a line "# name: value" behind the rows if it is shown, else nothing. */
void table_fact_text(struct table *table, const char *name, const char *text, bool shown);
void table_fact_count(struct table *table, const char *name, uint64_t count, bool shown);

/* Begins a row; one value for each field follows, in their order. worth is what a budget chooses by. */
void table_row(struct table *table, uint64_t worth);
void table_text(struct table *table, const char *bytes, size_t length);
void table_stack(struct table *table, const char *bytes, size_t length); /* joined by ';'; in JSON an array */
void table_count(struct table *table, uint64_t count);
void table_difference(struct table *table, uint64_t from, uint64_t to); /* to - from, with a sign where not 0 */
void table_hundredths(struct table *table, uint64_t hundredths);        /* 12.34 */
void table_signed_hundredths(struct table *table, int64_t hundredths);  /* +12.34 in TSV, 12.34 in JSON; -12.34 */
void table_decimal(struct table *table, double number);                 /* finite; the shortest that reads as the same */
void table_truth(struct table *table, bool truth);                      /* 1 or 0 in TSV */
void table_missing(struct table *table);                                /* NA in TSV, null in JSON */

/* Rows that were never begun, since a limit of the caller's left them out; greatest is the worth of the worthiest. */
void table_leave_out(struct table *table, uint64_t rows, uint64_t greatest);

/* Writes what is not yet written, and frees. A budget in which not even the head and the last line fit is
 * fail_usage(). */
void table_end(struct table *table);

/* Writes a JSON string with its quotes. */
void json_write_string(FILE *output, const char *bytes, size_t length);

#endif

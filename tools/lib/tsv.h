/* TSV of this project: UTF-8, tab-separated, one header row of field names, no quoting; tab, newline and backslash in a
 * value are written \t, \n, \\. Fields are found by name; columns that nobody asks for are ignored. */
#ifndef ASSAY_TSV_H
#define ASSAY_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct tsv;

/* No such column. */
#define TSV_NO_FIELD ((size_t)-1)

/* Opens path ("-" is stdin) and reads its header row; an empty file, an empty or repeated field name is fail_at(). */
struct tsv *tsv_open(const char *path);

/* The column of name. Without it: tsv_field is fail_at(), tsv_find gives TSV_NO_FIELD. */
size_t tsv_field(struct tsv *tsv, const char *name);
size_t tsv_find(struct tsv *tsv, const char *name);

/* How many columns there are, and their names. */
size_t tsv_field_count(const struct tsv *tsv);
const char *tsv_field_name(const struct tsv *tsv, size_t field);

/* The next row; false at the end. Passed over: a line that begins with "# " and has no tab, in a table of several
 * fields, which speaks of the table (table.h). A row with another number of fields than the header, or a bad
 * escape, is fail_at(). */
bool tsv_row(struct tsv *tsv);

/* A value of the present row, its escapes undone; valid until the next tsv_row. A NUL in the input is fail_at(). */
const char *tsv_value(const struct tsv *tsv, size_t field);

/* Undoes the escapes of a value in place; false, and value half done, where one is none that is written. */
bool tsv_unescape(char *value);

/* Where the present row stands, for messages. */
const char *tsv_name(const struct tsv *tsv);
size_t tsv_line_number(const struct tsv *tsv);

void tsv_close(struct tsv *tsv);

/* Writes a value with its escapes. */
void tsv_write(FILE *output, const char *value);

#endif

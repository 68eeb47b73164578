/* Gathers the runs and values that the parser of a format finds, in any order, and makes samples of them.
 *
 * Lines are of the file that reader_file named last; they count from 1, and 0 stands for the file as a whole. Texts
 * that are given are copied where they are kept. */
#ifndef ABSTAT_READER_H
#define ABSTAT_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "samples.h"

struct reader;

/* metrics names those that are judged; it must outlive the reader. */
struct reader *reader_open(const char *const *metrics, size_t metric_count);

/* Begins a file. */
void reader_file(struct reader *reader, const char *name);

/* fail_at() of a line of the present file. */
_Noreturn void reader_fail(const struct reader *reader, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The status of this name; false where there is none. */
bool reader_status(const char *name, enum status *status);

/* The number that text is, NaN for NA and inf; what is none, and NA or inf where the status is STATUS_OK, is fail_at().
 */
double reader_number(const struct reader *reader, const char *text, enum status status, size_t line);

/* The index of an arm; a name that was not there becomes the next. */
unsigned reader_arm(struct reader *reader, const char *name);

/* The metrics that are judged, the primary first. */
size_t reader_metric_count(const struct reader *reader);
const char *reader_metric_name(const struct reader *reader, size_t metric);

/* The index of a metric that is judged; else NOT_JUDGED. reader_metric also notes the name, to offer it where no row
 * has a metric that was asked for. */
#define NOT_JUDGED ((size_t)-1)
size_t reader_find_metric(struct reader *reader, const char *name);
size_t reader_metric(struct reader *reader, const char *name);

struct value {
  const char *text; /* as it was written */
  double number;    /* the same, NaN for none */
  const char *unit; /* "-" or "" for none */
};

/* A value of a run of which all is known; of a metric that is NOT_JUDGED it only says that there was this run.
 * run->line is the value's line, run->file need not be set. A second unit of the metric is fail_at(). */
void reader_row(struct reader *reader, const struct run *run, size_t metric, const struct value *value);

/* For formats that tell one run after the other, without its block: begins a run, and ends the one before. */
void reader_begin_run(struct reader *reader, size_t number, const char *arm, size_t line);
void reader_end_run(struct reader *reader);

/* A value, or the status, of the run that has begun; false where none has. NA and inf are values of a run that turns
 * out not to be ok. What is no value is fail_at(); so is a second one of the metric, unless it is the same number. */
bool reader_value(struct reader *reader, size_t metric, const char *text, const char *unit, size_t line);
bool reader_run_status(struct reader *reader, enum status status);

/* Parts the runs, whose numbers are the order in which they ran, into blocks of runs_each runs of each arm. */
void reader_make_blocks(struct reader *reader, size_t runs_each);

/* Makes the samples, and frees the reader. base: the name of the base arm, NULL for the first. No runs, a value that
 * comes twice, rows of one run that disagree, a metric without values, a good run without one of the metrics, and a
 * base without runs beside two or more other arms, are fail_at(). */
void reader_close(struct reader *reader, const char *base, struct samples *samples);

#endif

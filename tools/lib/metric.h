/* What a metric's line and a row of samples.tsv may hold: names, decimal numbers, counts. */
#ifndef ASSAY_METRIC_H
#define ASSAY_METRIC_H

#include <stdbool.h>
#include <stddef.h>

/* The header row of samples.tsv, without its line end. */
#define SAMPLES_HEADER "block\torder\trun\tarm\tmetric\tvalue\tunit\trole\tstatus"

/* A metric's name: [A-Za-z_][A-Za-z0-9_.:/-]* */
bool metric_name_is_valid(const char *name);

/* An arm's name: one or more letters, digits, `.`, `_`, `-`. */
bool arm_name_is_valid(const char *name);

/* The roles that a row may have: primary, guard, control, equal, and `-` for none. */
bool metric_role_is_valid(const char *role);

/* The whole of text as a finite decimal number ([+-]digits[.digits][e[+-]digits]; no hexadecimal, nan or inf). false
 * when it is none, or when its magnitude is too large or too small for a double. */
bool metric_number(const char *text, double *value);

/* Whether two texts that metric_number accepts are the same number. Where a double no longer holds every integer (2^53
 * and above: checksums, counters) the texts must be the same. */
bool metric_same_number(const char *a, const char *b);

/* The whole of text as a percentage, as in `2.5%`; the value is the fraction 0.025. At least 0. */
bool metric_percentage(const char *text, double *fraction);

/* The whole of text as an integer from 1 to maximum, decimal digits only. */
bool metric_count(const char *text, size_t maximum, size_t *count);

#endif

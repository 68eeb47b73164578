/* The formats in which samples come. Each has a parser of its own, which hands runs and values to the reader. */
#ifndef ABSTAT_FORMAT_H
#define ABSTAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

struct reader;

enum format {
  FORMAT_SAMPLES,   /* samples.tsv: one row a value */
  FORMAT_GO,        /* Go benchmark results, one file an arm */
  FORMAT_HYPERFINE, /* JSON of hyperfine --export-json, one result an arm */
  FORMAT_LOG,       /* name=value lines, and arm=NAME where a run begins */
  FORMAT_COLUMNS,   /* lines of an arm and a value */
};

/* For messages. */
#define FORMAT_NAMES "samples, go, hyperfine, log or columns"

/* The format of a name; false where there is none. */
bool format_named(const char *name, enum format *format);

/* Whether the first arm that the format names is the base unless another is asked for. */
bool format_begins_with_base(enum format format);

/* Reads all files of a format. runs_each: runs of each arm in a block, where the format does not say. */
void format_read(enum format format, struct reader *reader, char *const *paths, size_t count, size_t runs_each);

/* The parsers, each of all files. */
void read_samples_tsv(struct reader *reader, char *const *paths, size_t count, size_t runs_each);
void read_go(struct reader *reader, char *const *paths, size_t count, size_t runs_each);
void read_hyperfine(struct reader *reader, char *const *paths, size_t count, size_t runs_each);
void read_log(struct reader *reader, char *const *paths, size_t count, size_t runs_each);
void read_columns(struct reader *reader, char *const *paths, size_t count, size_t runs_each);

#endif

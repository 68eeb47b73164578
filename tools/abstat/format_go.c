/* Go benchmark results (golang.org/design/14313-benchmark-format), one file for each arm, the base first.
 *
 * A result `BenchmarkName-8 iterations value unit [value unit]...` has a value of the metric Name/unit for each pair.
 * It is the next run of its arm; the arms' runs stand one after the other, since the files do not tell their order.
 * Where each part of them begins with a line `assay-order: N`, that part is the run N of the whole. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "input.h"
#include "metric.h"
#include "reader.h"
#include "report.h"

static const char PREFIX[] = "Benchmark", FAILURE[] = "--- FAIL: ", ORDER[] = "assay-order:", PACKAGE[] = "pkg:";

/* The benchmark that a metric's values come from. */
struct origin {
  char *name; /* with its suffix, NULL for none yet */
  char *package;
  const char *file;
  size_t line;
  size_t runs; /* of the present arm */
};

struct go {
  struct reader *reader;
  struct origin *origins;         /* of each metric */
  const char *file, *arm;         /* of the present file */
  char *package;                  /* of the results that follow */
  size_t runs_before;             /* runs of the arms before */
  size_t runs, failures;          /* of the present arm */
  bool is_ordered, is_sequential; /* whether results came with an order, and without */
  bool has_order;                 /* those that follow have one */
};

static bool begins_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* Adds a part of a metric's name; each character that no name may hold becomes `_`. */
static void append_name(struct text *name, const char *part) {
  for (; *part; part++) {
    if (((unsigned char)*part & 0xC0) == 0x80) continue; /* not the first byte of its character */
    bool allowed = isalnum((unsigned char)*part) || strchr("_.:/-", *part);
    if (name->length == 0 && !isalpha((unsigned char)*part) && *part != '_' && allowed) text_append_char(name, '_');
    text_append_char(name, allowed ? *part : '_');
  }
}

/* Bytes of a benchmark's name without the suffix -N, the number of processors. */
static size_t length_without_suffix(const char *name) {
  size_t end = strlen(name), digits = end;
  while (digits > 0 && isdigit((unsigned char)name[digits - 1])) digits--;
  return digits < end && digits > 1 && name[digits - 1] == '-' ? digits - 1 : end;
}

/* The name of a metric, or of all of a benchmark where there is no unit: Name/unit. The caller frees. */
static char *metric_of(const char *benchmark, size_t length, const char *unit) {
  struct text name = {0};
  char *part = take_copy_of(benchmark, length);
  append_name(&name, part);
  free(part);
  text_append_char(&name, name.length ? '/' : '_');
  append_name(&name, unit);
  return name.bytes;
}

/* With the suffix if it was asked for so, else without. */
static size_t find_metric(struct reader *reader, const char *benchmark, const char *unit) {
  char *full = metric_of(benchmark, strlen(benchmark), unit);
  char *name = metric_of(benchmark, length_without_suffix(benchmark), unit);
  size_t metric = reader_find_metric(reader, full);
  if (metric == NOT_JUDGED) metric = reader_metric(reader, name);
  free(full);
  free(name);
  return metric;
}

/* All values of a metric come from one benchmark: not from one of the same name in another package, or with another
 * number of processors. */
static void check_origin(struct go *go, size_t metric, const char *benchmark, size_t line) {
  struct origin *origin = &go->origins[metric];
  if (!origin->name) {
    *origin = (struct origin){take_copy(benchmark), take_copy(go->package), go->file, line, origin->runs};
    return;
  }
  const char *name = reader_metric_name(go->reader, metric);
  if (strcmp(origin->name, benchmark) != 0)
    reader_fail(go->reader, line,
                "'%s' stands for Benchmark%s here and for Benchmark%s in %s:%zu; ask for one of them by its whole name",
                name, benchmark, origin->name, origin->file, origin->line);
  if (strcmp(origin->package, go->package) != 0)
    reader_fail(go->reader, line, "'%s' is of the package '%s' here and of '%s' in %s:%zu; keep the results of one",
                name, go->package, origin->package, origin->file, origin->line);
}

/* A run of the present arm in a whole of which no blocks are known. */
static struct run sequential_run(const struct go *go, size_t number) {
  return (struct run){.number = number, .block = 1, .order = number, .arm = reader_arm(go->reader, go->arm)};
}

static void take_sequential(struct go *go, size_t metric, const struct value *value, size_t line) {
  size_t number = ++go->origins[metric].runs;
  if (number > go->runs) go->runs = number;
  number += go->runs_before;
  struct run run = sequential_run(go, number);
  run.line = line;
  reader_row(go->reader, &run, metric, value);
}

static void take_value(struct go *go, const char *benchmark, const char *text, const char *unit, size_t line) {
  size_t metric = find_metric(go->reader, benchmark, unit);
  struct value value = {text, reader_number(go->reader, text, STATUS_OK, line), unit};
  if (metric == NOT_JUDGED) return;
  check_origin(go, metric, benchmark, line);
  if (go->has_order) reader_value(go->reader, metric, text, unit, line);
  else go->is_sequential = true;
  if (go->is_ordered && go->is_sequential)
    reader_fail(go->reader, line, "the order of this result is not known, but that of others; "
                                  "a line 'assay-order: N' is expected before each or none");
  if (!go->has_order) take_sequential(go, metric, &value, line);
}

/* A line of a benchmark and no count is not a result: the name that `go test -v` prints first, or text. */
static void take_result(struct go *go, char *text, size_t line) {
  char *rest = text, *benchmark = next_field(&rest) + strlen(PREFIX), *iterations = next_field(&rest), *value, *unit;
  if (!iterations || iterations[strspn(iterations, "0123456789")] != '\0') return;
  size_t pairs = 0;
  for (; (value = next_field(&rest)); pairs++) {
    if (!(unit = next_field(&rest)))
      reader_fail(go->reader, line, "the value '%s' has no unit; pairs of a value and a unit are expected", value);
    take_value(go, benchmark, value, unit, line);
  }
  if (!pairs)
    reader_fail(go->reader, line, "Benchmark%s has no value; pairs of a value and a unit are expected", benchmark);
}

/* Whether a metric that is judged is of this benchmark, or of a part of it. */
static bool is_judged(const struct go *go, const char *benchmark, size_t length) {
  char *name = metric_of(benchmark, length, "");
  bool judged = false;
  for (size_t i = 0; i < reader_metric_count(go->reader); i++)
    judged = judged || begins_with(reader_metric_name(go->reader, i), name);
  free(name);
  return judged;
}

static void take_failure(struct go *go, char *text) {
  char *rest = text + strlen(FAILURE), *name = next_field(&rest);
  if (!name || !begins_with(name, PREFIX)) return;
  const char *benchmark = name + strlen(PREFIX);
  if (!is_judged(go, benchmark, strlen(benchmark)) && !is_judged(go, benchmark, length_without_suffix(benchmark)))
    return;
  if (go->has_order) reader_run_status(go->reader, STATUS_FAILED);
  else go->failures++;
}

static void take_order(struct go *go, const char *text, size_t line) {
  size_t number;
  text += strspn(text, " \t");
  if (!metric_count(text, SIZE_MAX, &number))
    reader_fail(go->reader, line, "assay-order '%s' is not a whole number from 1", text);
  go->is_ordered = go->has_order = true;
  reader_begin_run(go->reader, number, go->arm, line);
}

static void take_line(struct go *go, char *text, size_t length, size_t line) {
  bool is_result = begins_with(text, PREFIX);
  if (is_result && memchr(text, '\0', length)) reader_fail(go->reader, line, "holds a NUL byte; text is expected");
  while (length > 0 && isspace((unsigned char)text[length - 1])) text[--length] = '\0';
  if (is_result) take_result(go, text, line);
  else if (begins_with(text, FAILURE)) take_failure(go, text);
  else if (begins_with(text, ORDER)) take_order(go, text + strlen(ORDER), line);
  else if (begins_with(text, PACKAGE)) {
    free(go->package);
    go->package = take_copy(text + strlen(PACKAGE) + strspn(text + strlen(PACKAGE), " \t"));
  }
}

/* Failed benchmarks leave no result; they are further runs. */
static void end_arm(struct go *go) {
  reader_end_run(go->reader);
  for (size_t i = 0; i < go->failures; i++) {
    struct run run = sequential_run(go, go->runs_before + ++go->runs);
    run.status = STATUS_FAILED;
    reader_row(go->reader, &run, NOT_JUDGED, NULL);
  }
  go->runs_before += go->runs;
  go->runs = go->failures = 0;
  go->has_order = false;
  for (size_t i = 0; i < reader_metric_count(go->reader); i++) go->origins[i].runs = 0;
}

static void read_arm(struct go *go, const char *path, const char *arm) {
  struct input *input = input_open(path);
  reader_file(go->reader, input_name(input));
  free(go->package);
  go->package = take_copy("");
  go->file = path;
  go->arm = arm;
  reader_arm(go->reader, arm);
  char *text;
  size_t length;
  while (input_line(input, &text, &length)) take_line(go, text, length, input_line_number(input));
  end_arm(go);
  input_close(input);
}

static bool ends_with(const char *name, size_t length, const char *ending) {
  return length > strlen(ending) && strncmp(name + length - strlen(ending), ending, strlen(ending)) == 0;
}

/* The name of a file without its folder and extension. The caller frees. */
static char *stem_of(const char *path) {
  static const char *const compressed[] = {".gz", ".zst", ".xz", ".bz2", ".lz4"};
  if (strcmp(path, "-") == 0) return take_copy("stdin");
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof compressed / sizeof *compressed; i++)
    if (ends_with(name, length, compressed[i])) {
      length -= strlen(compressed[i]);
      break;
    }
  const char *dot = memrchr(name, '.', length);
  return take_copy_of(name, dot && dot > name ? (size_t)(dot - name) : length);
}

/* The arms' names: the files' stems, or where two are the same, their paths. */
static char **name_arms(struct reader *reader, char *const *paths, size_t count) {
  char **stems = take_array(count, sizeof *stems), **names = take_array(count, sizeof *names);
  for (size_t i = 0; i < count; i++) stems[i] = stem_of(paths[i]);
  for (size_t i = 0; i < count; i++) {
    bool unique = true;
    for (size_t j = 0; j < count; j++) {
      unique = unique && (i == j || strcmp(stems[i], stems[j]) != 0);
      if (j < i && strcmp(paths[i], paths[j]) == 0) {
        reader_file(reader, paths[i]);
        reader_fail(reader, 0, "is given twice; one file for each arm is expected");
      }
    }
    names[i] = take_copy(unique ? stems[i] : paths[i]);
  }
  for (size_t i = 0; i < count; i++) free(stems[i]);
  free(stems);
  return names;
}

void read_go(struct reader *reader, char *const *paths, size_t count, size_t runs_each) {
  if (count == 1)
    fail("the format go takes one file for each arm, the base first; there is only '%s'", paths[0]);
  struct go go = {.reader = reader, .origins = take_array(reader_metric_count(reader), sizeof *go.origins)};
  for (size_t i = 0; i < reader_metric_count(reader); i++) go.origins[i] = (struct origin){0};
  char **names = name_arms(reader, paths, count);
  for (size_t i = 0; i < count; i++) {
    read_arm(&go, paths[i], names[i]);
    free(names[i]);
  }
  if (go.is_ordered) reader_make_blocks(reader, runs_each);
  for (size_t i = 0; i < reader_metric_count(reader); i++) {
    free(go.origins[i].name);
    free(go.origins[i].package);
  }
  free(names);
  free(go.origins);
  free(go.package);
}

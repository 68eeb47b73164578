#include "samples.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "report.h"
#include "tsv.h"

#define NOT_JUDGED SIZE_MAX

struct row {
  struct run run; /* its arm is an index of reader.arms until the arms are known */
  size_t metric;
  double value;
  const char *text;
};

struct reader {
  struct samples *samples;
  struct row *rows;
  size_t row_count, row_capacity;
  const char **files;
  size_t file_count, file_capacity;
  const char **arms; /* in the order of their first row */
  size_t arm_count, arm_capacity;
  const char *const *metrics;
  size_t metric_count;
  struct tsv *tsv;
  size_t block, order, run, arm, metric, value, unit, role, status; /* the fields' columns in the present file */
};

static const char *const STATUS_NAMES[] = {"ok", "failed", "timeout"};

static void open_file(struct reader *reader, const char *path) {
  struct tsv *tsv = reader->tsv = tsv_open(path);
  reader->block = tsv_field(tsv, "block");
  reader->order = tsv_field(tsv, "order");
  reader->run = tsv_field(tsv, "run");
  reader->arm = tsv_field(tsv, "arm");
  reader->metric = tsv_field(tsv, "metric");
  reader->value = tsv_field(tsv, "value");
  reader->unit = tsv_field(tsv, "unit");
  reader->role = tsv_field(tsv, "role");
  reader->status = tsv_field(tsv, "status");
  grow(&reader->files, &reader->file_capacity, reader->file_count + 1, sizeof *reader->files);
  const char *name = tsv_name(tsv);
  reader->files[reader->file_count++] = arena_copy(&reader->samples->arena, name, strlen(name));
}

/* fail_at() of the present row. */
#define FAIL_ROW(reader, ...) fail_at(tsv_name((reader)->tsv), tsv_line_number((reader)->tsv), __VA_ARGS__)

static size_t read_count(struct reader *reader, size_t field, const char *name) {
  size_t count;
  const char *text = tsv_value(reader->tsv, field);
  if (!metric_count(text, SIZE_MAX, &count)) FAIL_ROW(reader, "%s '%s' is not a whole number from 1", name, text);
  return count;
}

static enum status read_status(struct reader *reader) {
  const char *text = tsv_value(reader->tsv, reader->status);
  for (size_t i = 0; i < sizeof STATUS_NAMES / sizeof *STATUS_NAMES; i++)
    if (strcmp(text, STATUS_NAMES[i]) == 0) return (enum status)i;
  FAIL_ROW(reader, "the status '%s' is unknown; ok, failed or timeout is expected", text);
}

static double read_value(struct reader *reader, enum status status) {
  double value;
  const char *text = tsv_value(reader->tsv, reader->value);
  if (metric_number(text, &value)) return status == STATUS_OK ? value : NAN;
  bool stands_for_none = strcmp(text, "NA") == 0 || strcmp(text, "inf") == 0;
  if (!stands_for_none) FAIL_ROW(reader, "the value '%s' is not a finite decimal number", text);
  if (status == STATUS_OK)
    FAIL_ROW(reader, "the value is %s and the status ok; only a failed run or a timeout may have it", text);
  return NAN;
}

static size_t find_metric(const struct reader *reader, const char *name) {
  for (size_t i = 0; i < reader->metric_count; i++)
    if (strcmp(name, reader->metrics[i]) == 0) return i;
  return NOT_JUDGED;
}

static size_t find_arm(struct reader *reader) {
  const char *name = tsv_value(reader->tsv, reader->arm);
  for (size_t i = 0; i < reader->arm_count; i++)
    if (strcmp(name, reader->arms[i]) == 0) return i;
  if (!*name) FAIL_ROW(reader, "the arm has no name");
  if (reader->arm_count == ARM_COUNT)
    FAIL_ROW(reader, "a third arm '%s' beside '%s' and '%s'; two arms are expected, select their rows first", name,
             reader->arms[0], reader->arms[1]);
  grow(&reader->arms, &reader->arm_capacity, reader->arm_count + 1, sizeof *reader->arms);
  reader->arms[reader->arm_count] = arena_copy(&reader->samples->arena, name, strlen(name));
  return reader->arm_count++;
}

static void check_unit(struct reader *reader, size_t metric) {
  const char *unit = tsv_value(reader->tsv, reader->unit), *known = reader->samples->units[metric];
  if (!*unit || strcmp(unit, "-") == 0) return;
  if (strcmp(known, "-") == 0)
    reader->samples->units[metric] = arena_copy(&reader->samples->arena, unit, strlen(unit));
  else if (strcmp(unit, known) != 0)
    FAIL_ROW(reader, "the unit of '%s' is '%s' here and '%s' before", reader->metrics[metric], unit, known);
}

static bool same_run(const struct run *a, const struct run *b) { return a->number == b->number && a->arm == b->arm; }

static bool same_facts(const struct run *a, const struct run *b) {
  return a->block == b->block && a->order == b->order && a->status == b->status;
}

static void take_row(struct reader *reader) {
  const char *role = tsv_value(reader->tsv, reader->role);
  if (!metric_role_is_valid(role))
    FAIL_ROW(reader, "the role '%s' is unknown; primary, guard, control, equal or - is expected", role);
  struct row row = {.metric = find_metric(reader, tsv_value(reader->tsv, reader->metric))};
  row.run = (struct run){.number = read_count(reader, reader->run, "run"),
                         .block = read_count(reader, reader->block, "block"),
                         .order = read_count(reader, reader->order, "order"),
                         .arm = (enum arm)find_arm(reader),
                         .status = read_status(reader),
                         .file = reader->file_count - 1,
                         .line = tsv_line_number(reader->tsv)};
  row.value = read_value(reader, row.run.status);
  if (row.metric != NOT_JUDGED) {
    const char *text = tsv_value(reader->tsv, reader->value);
    check_unit(reader, row.metric);
    row.text = arena_copy(&reader->samples->arena, text, strlen(text));
  }
  grow(&reader->rows, &reader->row_capacity, reader->row_count + 1, sizeof *reader->rows);
  reader->rows[reader->row_count++] = row;
}

/* The base arm becomes BASE, whichever came first. */
static void name_arms(struct reader *reader, const char *base) {
  struct samples *samples = reader->samples;
  bool base_is_first = strcmp(reader->arms[0], base) == 0;
  bool base_is_second = reader->arm_count > 1 && strcmp(reader->arms[1], base) == 0;
  if (reader->arm_count == 2 && !base_is_first && !base_is_second)
    fail_at(reader->files[0], 0, "the base arm '%s' has no rows; the arms are '%s' and '%s' (--base names it)", base,
            reader->arms[0], reader->arms[1]);
  samples->arm_names[BASE] = base;
  if (base_is_first) samples->arm_names[CHANGED] = reader->arm_count > 1 ? reader->arms[1] : NULL;
  else samples->arm_names[CHANGED] = reader->arms[0];
  if (!base_is_first)
    for (size_t i = 0; i < reader->row_count; i++)
      reader->rows[i].run.arm = reader->rows[i].run.arm == BASE ? CHANGED : BASE;
}

static int compare_counts(size_t a, size_t b) { return a < b ? -1 : a > b; }

static int compare_rows(const void *a_pointer, const void *b_pointer) {
  const struct row *a = a_pointer, *b = b_pointer;
  int order = compare_counts(a->run.number, b->run.number);
  if (!order) order = compare_counts(a->run.arm, b->run.arm);
  if (!order) order = compare_counts(a->metric, b->metric);
  if (!order) order = compare_counts(a->run.file, b->run.file);
  return order ? order : compare_counts(a->run.line, b->run.line);
}

static _Noreturn void fail_disagreeing(const struct reader *reader, const struct run *run, const struct run *before) {
  fail_at(reader->files[run->file], run->line,
          "run %zu of arm %s is in block %zu, order %zu, status %s; %s:%zu says block %zu, order %zu, status %s",
          run->number, reader->samples->arm_names[run->arm], run->block, run->order, STATUS_NAMES[run->status],
          reader->files[before->file], before->line, before->block, before->order, STATUS_NAMES[before->status]);
}

/* Makes runs of the sorted rows, and has each row's run number become the index of its run. */
static void make_runs(struct reader *reader) {
  struct samples *samples = reader->samples;
  samples->runs = take_array(reader->row_count, sizeof *samples->runs);
  for (size_t i = 0; i < reader->row_count; i++) {
    struct row *row = &reader->rows[i];
    struct run *last = samples->run_count ? &samples->runs[samples->run_count - 1] : NULL;
    if (!last || !same_run(last, &row->run)) samples->runs[samples->run_count++] = row->run;
    else if (!same_facts(last, &row->run)) fail_disagreeing(reader, &row->run, last);
    else if (row->metric != NOT_JUDGED && row->metric == reader->rows[i - 1].metric)
      fail_at(reader->files[row->run.file], row->run.line,
              "the metric '%s' of run %zu of arm %s comes twice; %s:%zu has it too", reader->metrics[row->metric],
              row->run.number, samples->arm_names[row->run.arm], reader->files[reader->rows[i - 1].run.file],
              reader->rows[i - 1].run.line);
  }
}

static void check_metrics(const struct reader *reader) {
  const struct samples *samples = reader->samples;
  for (size_t metric = 0; metric < samples->metric_count; metric++) {
    const char **texts = samples->texts + metric * samples->run_count;
    size_t missing = 0;
    while (missing < samples->run_count && !texts[missing]) missing++;
    if (missing == samples->run_count)
      fail_at(reader->files[0], 0, "no row has the metric '%s'", reader->metrics[metric]);
    for (size_t i = 0; i < samples->run_count; i++) {
      const struct run *run = &samples->runs[i];
      if (!texts[i] && run->status == STATUS_OK)
        fail_at(reader->files[run->file], run->line, "run %zu of arm %s is ok and has no row of the metric '%s'",
                run->number, samples->arm_names[run->arm], reader->metrics[metric]);
    }
  }
}

static void fill_values(struct reader *reader) {
  struct samples *samples = reader->samples;
  size_t count = product_of(samples->metric_count, samples->run_count);
  double *values = take_array(count, sizeof *values);
  samples->texts = take_array(count, sizeof *samples->texts);
  for (size_t i = 0; i < count; i++) values[i] = NAN, samples->texts[i] = NULL;
  size_t run = 0;
  for (size_t i = 0; i < reader->row_count; i++) {
    const struct row *row = &reader->rows[i];
    if (!same_run(&samples->runs[run], &row->run)) run++;
    if (row->metric == NOT_JUDGED) continue;
    values[row->metric * samples->run_count + run] = row->value;
    samples->texts[row->metric * samples->run_count + run] = row->text;
  }
  samples->values = values;
}

void samples_read(struct samples *samples, char *const *files, size_t file_count, const char *const *metrics,
                  size_t metric_count, const char *base) {
  struct reader reader = {.samples = samples, .metrics = metrics, .metric_count = metric_count};
  *samples = (struct samples){.metric_count = metric_count};
  samples->units = take_array(metric_count, sizeof *samples->units);
  for (size_t i = 0; i < metric_count; i++) samples->units[i] = "-";
  for (size_t i = 0; i < (file_count ? file_count : 1); i++) {
    open_file(&reader, file_count ? files[i] : "-");
    while (tsv_row(reader.tsv)) take_row(&reader);
    tsv_close(reader.tsv);
  }
  if (reader.row_count == 0) fail_at(reader.files[0], 0, "has no rows below its header; nothing was measured");
  name_arms(&reader, base);
  qsort(reader.rows, reader.row_count, sizeof *reader.rows, compare_rows);
  make_runs(&reader);
  fill_values(&reader);
  check_metrics(&reader);
  free(reader.rows);
  free(reader.files);
  free(reader.arms);
}

void samples_free(struct samples *samples) {
  free(samples->runs);
  free((void *)(uintptr_t)samples->values);
  free(samples->texts);
  free(samples->units);
  arena_free(&samples->arena);
}

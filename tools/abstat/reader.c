#include "reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "order.h"
#include "report.h"

enum { OTHERS_MAX = 4, NAMED_MAX = 6 };

/* A value; of a metric that is not judged it says only that there was this run. */
struct row {
  struct run run; /* its arm is an index of reader.arms until the samples' arms are named */
  size_t metric;
  double number;
  const char *text;
};

/* What the run that has begun has of a metric. */
struct cell {
  const char *text; /* NULL for nothing yet */
  double number;
  const char *unit;
  size_t line;
};

struct reader {
  const char *const *metrics;
  size_t metric_count;
  size_t last_metric; /* the last that was looked for and is judged */
  const char **units;
  const char *others[OTHERS_MAX]; /* the first metrics that are not judged */
  size_t other_count;
  const char **files;
  size_t file_count, file_capacity;
  const char **arms; /* in the order in which they came */
  size_t arm_count, arm_capacity;
  unsigned last_arm;
  struct row *rows;
  size_t row_count, row_capacity;
  bool has_begun; /* a run, which is this one */
  struct run run;
  struct cell *cells; /* of each metric */
  struct arena arena; /* becomes that of the samples */
};

static const char *const STATUS_NAMES[] = {"ok", "failed", "timeout"};

static const char *keep(struct reader *reader, const char *text) {
  return arena_copy(&reader->arena, text, strlen(text));
}

struct reader *reader_open(const char *const *metrics, size_t metric_count) {
  struct reader *reader = take(sizeof *reader);
  *reader = (struct reader){.metrics = metrics, .metric_count = metric_count};
  reader->cells = take_array(metric_count, sizeof *reader->cells);
  reader->units = arena_take(&reader->arena, product_of(metric_count, sizeof *reader->units));
  for (size_t i = 0; i < metric_count; i++) reader->units[i] = "-";
  return reader;
}

void reader_file(struct reader *reader, const char *name) {
  grow(&reader->files, &reader->file_capacity, reader->file_count + 1, sizeof *reader->files);
  reader->files[reader->file_count++] = keep(reader, name);
}

void reader_fail(const struct reader *reader, size_t line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *message;
  if (vasprintf(&message, format, arguments) < 0) fail("out of memory");
  va_end(arguments);
  fail_at(reader->files[reader->file_count - 1], line, "%s", message);
}

bool reader_status(const char *name, enum status *status) {
  for (size_t i = 0; i < sizeof STATUS_NAMES / sizeof *STATUS_NAMES; i++)
    if (strcmp(name, STATUS_NAMES[i]) == 0) {
      *status = (enum status)i;
      return true;
    }
  return false;
}

static _Noreturn void fail_no_value(const struct reader *reader, const char *text, size_t line) {
  reader_fail(reader, line, "the value is %s and the status ok; only a failed run or a timeout may have it", text);
}

double reader_number(const struct reader *reader, const char *text, enum status status, size_t line) {
  double number;
  if (metric_number(text, &number)) return number;
  if (strcmp(text, "NA") != 0 && strcmp(text, "inf") != 0)
    reader_fail(reader, line, "the value '%s' is not a finite decimal number", text);
  if (status == STATUS_OK) fail_no_value(reader, text, line);
  return NAN;
}

unsigned reader_arm(struct reader *reader, const char *name) {
  if (reader->arm_count && strcmp(name, reader->arms[reader->last_arm]) == 0) return reader->last_arm;
  size_t arm = 0;
  while (arm < reader->arm_count && strcmp(name, reader->arms[arm]) != 0) arm++;
  if (arm == reader->arm_count) {
    if (arm == UINT32_MAX) fail("more than %zu arms", arm);
    grow(&reader->arms, &reader->arm_capacity, arm + 1, sizeof *reader->arms);
    reader->arms[reader->arm_count++] = keep(reader, name);
  }
  return reader->last_arm = (unsigned)arm;
}

size_t reader_metric_count(const struct reader *reader) { return reader->metric_count; }
const char *reader_metric_name(const struct reader *reader, size_t metric) { return reader->metrics[metric]; }

/* Most often the metrics of each run come in the same order. */
size_t reader_find_metric(struct reader *reader, const char *name) {
  size_t metric = reader->last_metric;
  for (size_t i = 0; i < reader->metric_count; i++) {
    metric = metric + 1 < reader->metric_count ? metric + 1 : 0;
    if (strcmp(name, reader->metrics[metric]) == 0) return reader->last_metric = metric;
  }
  return NOT_JUDGED;
}

static void note_other(struct reader *reader, const char *name) {
  for (size_t i = 0; i < reader->other_count; i++)
    if (strcmp(name, reader->others[i]) == 0) return;
  reader->others[reader->other_count++] = keep(reader, name);
}

size_t reader_metric(struct reader *reader, const char *name) {
  size_t metric = reader_find_metric(reader, name);
  if (metric == NOT_JUDGED && reader->other_count < OTHERS_MAX) note_other(reader, name);
  return metric;
}

static void take_unit(struct reader *reader, size_t metric, const char *unit, size_t line) {
  const char *known = reader->units[metric];
  if (!*unit || strcmp(unit, "-") == 0 || strcmp(unit, known) == 0) return;
  if (strcmp(known, "-") != 0)
    reader_fail(reader, line, "the unit of '%s' is '%s' here and '%s' before", reader->metrics[metric], unit, known);
  reader->units[metric] = keep(reader, unit);
}

static bool same_run(const struct run *a, const struct run *b) { return a->number == b->number && a->arm == b->arm; }

static void check_facts(const struct reader *reader, const char *const *arms, const struct run *run,
                        const struct run *before) {
  if (run->block == before->block && run->order == before->order && run->status == before->status) return;
  fail_at(reader->files[run->file], run->line,
          "run %zu of arm %s is in block %zu, order %zu, status %s; %s:%zu says block %zu, order %zu, status %s",
          run->number, arms[run->arm], run->block, run->order, STATUS_NAMES[run->status],
          reader->files[before->file], before->line, before->block, before->order, STATUS_NAMES[before->status]);
}

/* Whether the row before tells all that a row without a judged value would. */
static bool is_known(const struct reader *reader, const struct run *run) {
  if (reader->row_count == 0) return false;
  const struct run *before = &reader->rows[reader->row_count - 1].run;
  if (!same_run(run, before)) return false;
  check_facts(reader, reader->arms, run, before);
  return true;
}

void reader_row(struct reader *reader, const struct run *run, size_t metric, const struct value *value) {
  struct row row = {.run = *run, .metric = metric};
  row.run.file = reader->file_count - 1;
  if (metric != NOT_JUDGED) {
    take_unit(reader, metric, value->unit, run->line);
    row.number = run->status == STATUS_OK ? value->number : NAN;
    row.text = keep(reader, value->text);
  } else if (is_known(reader, &row.run)) return;
  grow(&reader->rows, &reader->row_capacity, reader->row_count + 1, sizeof *reader->rows);
  reader->rows[reader->row_count++] = row;
}

void reader_end_run(struct reader *reader) {
  if (!reader->has_begun) return;
  reader->has_begun = false;
  struct run run = reader->run;
  reader_row(reader, &run, NOT_JUDGED, NULL); /* also where it has no value at all */
  for (size_t i = 0; i < reader->metric_count; i++) {
    const struct cell *cell = &reader->cells[i];
    if (!cell->text) continue;
    run.line = cell->line;
    if (run.status == STATUS_OK && isnan(cell->number)) fail_no_value(reader, cell->text, cell->line);
    reader_row(reader, &run, i, &(struct value){cell->text, cell->number, cell->unit});
  }
}

void reader_begin_run(struct reader *reader, size_t number, const char *arm, size_t line) {
  reader_end_run(reader);
  for (size_t i = 0; i < reader->metric_count; i++) reader->cells[i].text = NULL;
  reader->has_begun = true;
  reader->run = (struct run){.number = number, .arm = reader_arm(reader, arm), .line = line};
}

bool reader_value(struct reader *reader, size_t metric, const char *text, const char *unit, size_t line) {
  if (!reader->has_begun) return false;
  struct cell *cell = &reader->cells[metric];
  double number = reader_number(reader, text, STATUS_FAILED, line);
  if (cell->text && !metric_same_number(cell->text, text))
    reader_fail(reader, line,
                "the metric '%s' of run %zu of arm %s is %s here and %s in line %zu; one value is expected",
                reader->metrics[metric], reader->run.number, reader->arms[reader->run.arm], text, cell->text,
                cell->line);
  if (!cell->text) *cell = (struct cell){keep(reader, text), number, keep(reader, unit), line};
  return true;
}

bool reader_run_status(struct reader *reader, enum status status) {
  if (reader->has_begun) reader->run.status = status;
  return reader->has_begun;
}

void reader_make_blocks(struct reader *reader, size_t runs_each) {
  size_t length = product_of(reader->arm_count > ARM_COUNT ? reader->arm_count : ARM_COUNT, runs_each);
  for (size_t i = 0; i < reader->row_count; i++) {
    struct run *run = &reader->rows[i].run;
    run->block = (run->number - 1) / length + 1;
    run->order = (run->number - 1) % length + 1;
  }
}

/* 'a', 'b' and 'c' */
static char *list_names(const char *const *names, size_t count, size_t named_max) {
  struct text list = {0};
  for (size_t i = 0; i < count && i < named_max; i++) {
    if (i > 0) text_append_string(&list, i + 1 == count ? " and " : ", ");
    text_append_char(&list, '\'');
    text_append_string(&list, names[i]);
    text_append_char(&list, '\'');
  }
  if (count > named_max) text_append_string(&list, " and others");
  return list.bytes;
}

/* Names the samples' arms, the base first, and has the rows' runs name theirs so. */
static void name_arms(struct reader *reader, const char *base, struct samples *samples) {
  size_t count = reader->arm_count, base_index = 0;
  while (base && base_index < count && strcmp(reader->arms[base_index], base) != 0) base_index++;
  bool base_ran = base_index < count;
  if (!base_ran && count > 1)
    fail_at(reader->files[0], 0, "the base arm '%s' has no rows; the arms are %s (--base names it)", base,
            list_names(reader->arms, count, NAMED_MAX));
  samples->arm_count = count > ARM_COUNT ? count : ARM_COUNT;
  samples->arm_names = arena_take(&reader->arena, product_of(samples->arm_count, sizeof *samples->arm_names));
  for (size_t i = 0; i < samples->arm_count; i++) samples->arm_names[i] = NULL;
  samples->arm_names[BASE] = base_ran ? reader->arms[base_index] : keep(reader, base);
  unsigned *renamed = take_array(count, sizeof *renamed), next = CHANGED;
  for (size_t i = 0; i < count; i++) {
    renamed[i] = i == base_index ? BASE : next++;
    if (i != base_index) samples->arm_names[renamed[i]] = reader->arms[i];
  }
  for (size_t i = 0; i < reader->row_count; i++) reader->rows[i].run.arm = renamed[reader->rows[i].run.arm];
  free(renamed);
}

/* The rows in the order of their runs, those of one run as they came. */
static struct place *order_rows(const struct reader *reader) {
  struct place *places = take_array(reader->row_count, sizeof *places);
  for (size_t i = 0; i < reader->row_count; i++)
    places[i] = (struct place){reader->rows[i].run.number, reader->rows[i].run.arm, i};
  places_order(&places, reader->row_count);
  return places;
}

static bool begins_run(const struct place *places, size_t i) {
  return i == 0 || places[i].number != places[i - 1].number || places[i].arm != places[i - 1].arm;
}

static size_t count_runs(const struct place *places, size_t count) {
  size_t runs = 0;
  for (size_t i = 0; i < count; i++) runs += begins_run(places, i);
  return runs;
}

/* The row at this place has a metric that an earlier one of its run has too. */
static _Noreturn void fail_twice(const struct reader *reader, const struct place *places, size_t place,
                                 const struct samples *samples) {
  const struct row *row = &reader->rows[places[place].index], *before;
  do before = &reader->rows[places[--place].index];
  while (before->metric != row->metric);
  fail_at(reader->files[row->run.file], row->run.line,
          "the metric '%s' of run %zu of arm %s comes twice; %s:%zu has it too", reader->metrics[row->metric],
          row->run.number, samples->arm_names[row->run.arm], reader->files[before->run.file], before->run.line);
}

static void fill(struct reader *reader, const struct place *places, struct samples *samples) {
  size_t runs = samples->run_count, count = product_of(runs, samples->metric_count);
  samples->runs = arena_take(&reader->arena, product_of(runs, sizeof *samples->runs));
  samples->texts = arena_take(&reader->arena, product_of(count, sizeof *samples->texts));
  double *values = arena_take(&reader->arena, product_of(count, sizeof *values));
  for (size_t i = 0; i < count; i++) values[i] = NAN, samples->texts[i] = NULL;
  struct run *run = samples->runs;
  for (size_t i = 0; i < reader->row_count; i++) {
    const struct row *row = &reader->rows[places[i].index];
    if (!begins_run(places, i)) check_facts(reader, samples->arm_names, &row->run, run);
    else {
      run = i == 0 ? run : run + 1;
      *run = row->run;
    }
    if (row->metric == NOT_JUDGED) continue;
    size_t cell = row->metric * runs + (size_t)(run - samples->runs);
    if (samples->texts[cell]) fail_twice(reader, places, i, samples);
    values[cell] = row->number;
    samples->texts[cell] = row->text;
  }
  samples->values = values;
}

static void fail_without(const struct reader *reader, size_t metric) {
  if (reader->other_count)
    fail_at(reader->files[0], 0, "no row has the metric '%s'; there is %s", reader->metrics[metric],
            list_names(reader->others, reader->other_count, OTHERS_MAX - 1));
  fail_at(reader->files[0], 0, "no row has the metric '%s'", reader->metrics[metric]);
}

/* Every metric has a value, and every good run has one of every metric. */
static void check_metrics(const struct reader *reader, const struct samples *samples) {
  for (size_t metric = 0; metric < samples->metric_count; metric++) {
    const char **texts = samples->texts + metric * samples->run_count;
    size_t missing = 0;
    while (missing < samples->run_count && !texts[missing]) missing++;
    if (missing == samples->run_count) fail_without(reader, metric);
    for (size_t i = 0; i < samples->run_count; i++) {
      const struct run *run = &samples->runs[i];
      if (!texts[i] && run->status == STATUS_OK)
        fail_at(reader->files[run->file], run->line, "run %zu of arm %s is ok and has no row of the metric '%s'",
                run->number, samples->arm_names[run->arm], reader->metrics[metric]);
    }
  }
}

void reader_close(struct reader *reader, const char *base, struct samples *samples) {
  if (reader->row_count == 0 && reader->other_count) fail_without(reader, 0);
  if (reader->row_count == 0) fail_at(reader->files[0], 0, "has no rows of a run; nothing was measured");
  *samples = (struct samples){.metric_count = reader->metric_count};
  name_arms(reader, base, samples);
  struct place *places = order_rows(reader);
  samples->run_count = count_runs(places, reader->row_count);
  fill(reader, places, samples);
  check_metrics(reader, samples);
  samples->units = reader->units;
  samples->arena = reader->arena;
  free(places);
  free(reader->cells);
  free(reader->rows);
  free(reader->arms);
  free(reader->files);
  free(reader);
}

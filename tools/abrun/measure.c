#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_rng.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "export.h"
#include "file.h"
#include "interrupt.h"
#include "memory.h"
#include "report.h"
#include "schedule.h"

enum { BASE = 0, CONFIRMING_BLOCKS = 2, EXIT_SIGNAL = 128 };

struct measurement {
  const struct options *options;
  int starter; /* -1 once it has ended */
  struct outlets outlets;
  struct series series, confirmation;
  struct readings expected; /* of the first good run: every other prints the same metrics */
  char *expected_of;        /* which run that was; NULL before it */
  double begin;             /* s, on the clock of now() */
};

/* The blocks of one series: which arms take part, and in what order with what padding they run. */
struct plan {
  struct series *series;
  struct schedule *schedule;
  gsl_rng *paddings;
  size_t *arms; /* indices of commands, the base first */
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

__attribute__((format(printf, 2, 3))) static void say(const struct measurement *measurement, const char *format, ...) {
  if (measurement->options->quiet) return;
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
}

static void say_duration(const struct measurement *measurement, double seconds) {
  if (seconds < 0.1) say(measurement, "less than 0.1 s");
  else if (seconds < 10) say(measurement, "about %.1f s", seconds);
  else if (seconds < 120) say(measurement, "about %.0f s", seconds);
  else say(measurement, "about %.0f min", seconds / 60);
}

static struct text samples_of(const struct measurement *measurement, const struct series *series) {
  const struct options *options = measurement->options;
  struct layout layout = {options->commands.arms, &measurement->expected, &options->questions};
  struct text text = {0};
  FILE *stream = open_memstream(&text.bytes, &text.length);
  if (!stream) fail("out of memory (samples)");
  series_write_samples(series, &layout, stream);
  if (fclose(stream) != 0) fail("out of memory (samples)");
  text.capacity = text.length + 1;
  return text;
}

/* Writes the samples so far where they are asked for; those of the confirmation go to a file of their own. */
static void write_samples(const struct measurement *measurement, const struct series *series) {
  const char *path = measurement->options->samples;
  if (!path) return;
  struct text samples = samples_of(measurement, series), name = {0};
  text_append_string(&name, path);
  if (series == &measurement->confirmation) text_append_string(&name, ".confirm");
  file_write(name.bytes, &samples);
  text_free(&name);
  text_free(&samples);
}

static void print_samples(const struct measurement *measurement) {
  struct text samples = samples_of(measurement, &measurement->series);
  fwrite(samples.bytes, 1, samples.length, stdout);
  text_free(&samples);
}

static void say_what_is_kept(const struct measurement *measurement, int number) {
  bool confirming = measurement->confirmation.count > 0;
  const struct series *series = confirming ? &measurement->confirmation : &measurement->series;
  size_t whole = series->count ? series->count / series->block_length : 0;
  size_t rest = series->count ? series->count % series->block_length : 0;
  const char *signal = number == SIGINT ? "INT" : number == SIGTERM ? "TERM" : "HUP";
  const char *samples = measurement->options->samples;
  report_warning("ended by SIG%s: %zu whole block%s%s and %zu further run%s were measured%s%s", signal, whole,
                 whole == 1 ? "" : "s", confirming ? " of the confirmation" : "", rest, rest == 1 ? "" : "s",
                 samples ? "; they are in " : "", samples ? samples : "");
}

/* Ends abrun by a signal that has arrived; what was measured is kept. */
_Noreturn static void stop(const struct measurement *measurement, int number) {
  if (measurement->starter >= 0) starter_close(measurement->starter);
  write_samples(measurement, &measurement->series);
  if (measurement->confirmation.count) write_samples(measurement, &measurement->confirmation);
  if (measurement->options->tsv) print_samples(measurement);
  say_what_is_kept(measurement, number);
  fflush(stdout);
  exit(EXIT_SIGNAL + number);
}

static void stop_if_interrupted(const struct measurement *measurement) {
  int number = interrupt_signal();
  if (number) stop(measurement, number);
}

static void prepare(const struct measurement *measurement) {
  const struct options *options = measurement->options;
  if (!options->prepare) return;
  struct start start = {.command = options->commands.count, .leave_others = true};
  struct ended ended = run_command(measurement->starter, &start, &measurement->outlets, NULL);
  stop_if_interrupted(measurement);
  if (ended.error) fail("--prepare: /bin/sh cannot be run: %s", strerror(ended.error));
  if (ended.exit_code != 0)
    fail("--prepare '%s' ended with exit status %d; 0 is expected (--show-output shows what it says)",
         options->prepare, ended.exit_code);
}

/* One run of an arm, prepared. */
static struct ended run_arm(const struct measurement *measurement, size_t arm, size_t padding,
                            struct readings *readings) {
  const struct options *options = measurement->options;
  prepare(measurement);
  struct start start = {.command = arm, .padding = padding, .limit = options->timeout};
  struct ended ended = run_command(measurement->starter, &start, &measurement->outlets, readings);
  stop_if_interrupted(measurement);
  if (ended.error) fail("'%s' cannot be run: %s", options->commands.list[arm].path, strerror(ended.error));
  return ended;
}

static enum status status_of(const struct options *options, const struct ended *ended) {
  if (ended->timed_out) return STATUS_TIMEOUT;
  if (ended->by_signal) return STATUS_FAILED;
  return ended->exit_code == 0 || options->ignore_failure ? STATUS_OK : STATUS_FAILED;
}

/* Says how a run of an arm failed; for the base arm that is the end. */
static void report_failure(const struct measurement *measurement, size_t arm, const char *which, enum status status,
                           const struct ended *ended) {
  const struct options *options = measurement->options;
  char how[64]; /* for fixed words and a number */
  if (status == STATUS_TIMEOUT) snprintf(how, sizeof how, "passed the limit of %g s", options->timeout);
  else if (ended->by_signal) snprintf(how, sizeof how, "was ended by signal %d", ended->exit_code - EXIT_SIGNAL);
  else snprintf(how, sizeof how, "ended with exit status %d", ended->exit_code);
  if (arm == BASE)
    fail("%s %s; nothing can be compared with a base arm that fails (--show-output shows what it says)", which, how);
  if (!options->quiet) report_warning("%s %s", which, how);
}

static void check_asked(const struct measurement *measurement) {
  const struct questions *questions = &measurement->options->questions;
  for (size_t i = 0; i < questions->count; i++) {
    const char *metric = questions->list[i].metric;
    if (!metric_is_measured(metric) && !readings_find(&measurement->expected, metric))
      fail("--%s: there is no metric '%s': %s printed no line 'METRIC %s=VALUE'", questions->list[i].role, metric,
           measurement->expected_of, metric);
  }
}

/* The first good run tells which metrics the commands print. */
static void expect(struct measurement *measurement, const char *which, const struct readings *readings) {
  for (size_t i = 0; i < readings->count; i++) {
    const char *name = readings->list[i].name;
    if (metric_is_measured(name))
      fail("%s printed the metric '%s', which is measured by abrun; another name is expected", which, name);
    grow(&measurement->expected.list, &measurement->expected.capacity, i + 1, sizeof *measurement->expected.list);
    measurement->expected.list[i] = (struct reading){take_copy(name), take_copy(readings->list[i].value)};
    measurement->expected.count = i + 1;
  }
  measurement->expected_of = take_copy(which);
  check_asked(measurement);
}

static void require(const struct readings *readings, const char *of, const struct readings *other, const char *which) {
  for (size_t i = 0; i < readings->count; i++)
    if (!readings_find(other, readings->list[i].name))
      fail("%s printed no METRIC '%s', as %s did; every run of every command has to print the same metrics", which,
           readings->list[i].name, of);
}

/* The metrics of a good run are there, and numbers. */
static void check_readings(struct measurement *measurement, const char *which, const struct readings *readings) {
  if (readings->fault) fail("%s printed %s (--metrics-from says where metrics are)", which, readings->fault);
  if (!measurement->expected_of) expect(measurement, which, readings);
  require(&measurement->expected, measurement->expected_of, readings, which);
  require(readings, which, &measurement->expected, measurement->expected_of);
}

/* Checks a run that has ended; which names it in messages. */
static void check_run(struct measurement *measurement, size_t arm, const char *which, const struct ended *ended,
                      const struct readings *readings) {
  enum status status = status_of(measurement->options, ended);
  if (status == STATUS_OK) check_readings(measurement, which, readings);
  else report_failure(measurement, arm, which, status, ended);
}

static char *name_of_run(const struct measurement *measurement, size_t arm, size_t number) {
  struct text text = {0};
  char digits[32]; /* for a size_t */
  snprintf(digits, sizeof digits, "run %zu", number);
  text_append_string(&text, number ? digits : "the warm-up");
  text_append_string(&text, " of arm ");
  text_append_string(&text, measurement->options->commands.arms[arm]);
  return text.bytes;
}

static void warm_up(struct measurement *measurement) {
  const struct options *options = measurement->options;
  double begin = now();
  for (size_t i = 0; i < options->warmup; i++) {
    for (size_t arm = 0; arm < options->commands.count; arm++) {
      struct readings readings = {0};
      struct ended ended = run_arm(measurement, arm, 0, &readings);
      char *which = name_of_run(measurement, arm, 0);
      check_run(measurement, arm, which, &ended, &readings);
      free(which);
      readings_free(&readings);
    }
  }
  if (options->warmup == 0) return;
  say(measurement, "warmed up; a block takes ");
  say_duration(measurement, (now() - begin) / (double)options->warmup * (double)options->runs);
  say(measurement, "\n");
}

static struct plan plan_open(struct series *series, unsigned long seed, const size_t *arms, size_t arm_count,
                             size_t runs) {
  struct plan plan = {.series = series};
  series->seed = seed;
  series->block_length = product_of(arm_count, runs);
  plan.schedule = schedule_open(seed, arm_count, runs);
  plan.paddings = gsl_rng_alloc(gsl_rng_mt19937);
  if (!plan.paddings) fail("out of memory (random number generator)");
  /* A stream of its own, so that the order is what abplan prints; a seed of 0 would be the generator's default. */
  unsigned long other = (seed ^ 0x9e3779b9UL) & 0xffffffffUL;
  gsl_rng_set(plan.paddings, other ? other : 1);
  plan.arms = take_array(arm_count, sizeof *plan.arms);
  memcpy(plan.arms, arms, arm_count * sizeof *arms);
  return plan;
}

static void plan_close(struct plan *plan) {
  schedule_close(plan->schedule);
  gsl_rng_free(plan->paddings);
  free(plan->arms);
}

/* One run of the plan, recorded before it is judged: also one that ends the measurement. */
static void measure_run(struct measurement *measurement, struct series *series, struct run run) {
  run.number = series->count + 1;
  run.ended = run_arm(measurement, run.arm, run.padding, &run.readings);
  run.status = status_of(measurement->options, &run.ended);
  *series_add(series) = run;
  if (run.arm == BASE && run.status != STATUS_OK) write_samples(measurement, series);
  char *which = name_of_run(measurement, run.arm, run.number);
  check_run(measurement, run.arm, which, &run.ended, &run.readings);
  free(which);
}

static void measure_block(struct measurement *measurement, struct plan *plan, size_t block) {
  const size_t *order = schedule_next(plan->schedule);
  for (size_t i = 0; i < plan->series->block_length; i++) {
    size_t padding = gsl_rng_uniform_int(plan->paddings, PADDING_MAX + 1);
    struct run run = {.block = block, .order = i + 1, .arm = plan->arms[order[i]], .padding = padding};
    measure_run(measurement, plan->series, run);
  }
  write_samples(measurement, plan->series);
}

/* abstat's options for a series. The caller frees. */
static struct words words_for(const struct measurement *measurement, const struct series *series) {
  struct words words = {0};
  const struct words *common = &measurement->options->abstat;
  for (size_t i = 0; i < common->count; i++) words_add(&words, common->list[i], NULL);
  char digits[32]; /* for an unsigned long */
  snprintf(digits, sizeof digits, "%lu", series->seed);
  words_add(&words, "--seed", digits);
  if (series == &measurement->confirmation) words_add(&words, "--confirm", NULL);
  return words;
}

static struct answer ask(const struct measurement *measurement, const struct series *series) {
  struct words words = words_for(measurement, series);
  struct text samples = samples_of(measurement, series);
  struct answer answer = judge_ask(&words, &samples);
  words_free(&words);
  text_free(&samples);
  stop_if_interrupted(measurement);
  return answer;
}

static void say_answer(const struct measurement *measurement, const struct answer *answer) {
  if (!measurement->options->quiet) answer_print(answer, stderr);
}

/* Whether abstat wants another block and there may be one; says what is known, and what the next costs. */
static bool goes_on(const struct measurement *measurement, const struct answer *answer, size_t block, double duration) {
  const struct options *options = measurement->options;
  say(measurement, "block %zu of %zu: ", block, options->max_blocks);
  say_answer(measurement, answer);
  bool wanted = answer->next > 0 && block < options->max_blocks;
  bool in_time = options->max_time <= 0 || now() - measurement->begin + duration <= options->max_time;
  if (wanted) {
    say(measurement, "; the next block takes ");
    say_duration(measurement, duration);
    if (!in_time) say(measurement, ", more than is left of --max-time");
  }
  say(measurement, "\n");
  return wanted && in_time;
}

/* Blocks until abstat can decide; its last answer. */
static struct answer measure_series(struct measurement *measurement, const size_t *arms) {
  const struct options *options = measurement->options;
  struct plan plan = plan_open(&measurement->series, options->seed, arms, options->commands.count, options->runs);
  double begin = now();
  for (size_t block = 1;; block++) {
    measure_block(measurement, &plan, block);
    struct answer answer = ask(measurement, &measurement->series);
    if (!goes_on(measurement, &answer, block, (now() - begin) / (double)block)) {
      plan_close(&plan);
      return answer;
    }
    answer_free(&answer);
  }
}

/* The base arm and those that the answer keeps; their number. arms has room for all. */
static size_t kept_arms(const struct measurement *measurement, const struct answer *answer, size_t *arms) {
  const struct commands *commands = &measurement->options->commands;
  size_t count = 1;
  arms[0] = BASE;
  for (size_t arm = 1; arm < commands->count; arm++) {
    for (size_t i = 0; i < answer->count; i++) {
      const struct finding *finding = &answer->list[i];
      bool is_of_arm = finding_is_primary(finding) && (!finding->arm || strcmp(finding->arm, commands->arms[arm]) == 0);
      if (!is_of_arm || !answer_keeps(answer, finding)) continue;
      arms[count++] = arm;
      break;
    }
  }
  return count;
}

static void confirm(struct measurement *measurement, const size_t *arms, size_t arm_count) {
  const struct options *options = measurement->options;
  unsigned long seed = options->seed == SCHEDULE_SEED_MAX ? 1 : options->seed + 1;
  say(measurement, "confirming with %d fresh blocks, seed %lu\n", CONFIRMING_BLOCKS, seed);
  struct plan plan = plan_open(&measurement->confirmation, seed, arms, arm_count, options->runs);
  for (size_t block = 1; block <= CONFIRMING_BLOCKS; block++) measure_block(measurement, &plan, block);
  plan_close(&plan);
  struct answer answer = ask(measurement, &measurement->confirmation);
  say(measurement, "confirmation: ");
  say_answer(measurement, &answer);
  say(measurement, "\n");
  answer_free(&answer);
}

static void write_results(const struct measurement *measurement, const struct series *series) {
  const struct options *options = measurement->options;
  if (!options->json) return;
  struct text text = {0};
  FILE *stream = open_memstream(&text.bytes, &text.length);
  if (!stream) fail("out of memory (results)");
  export_json(series, options->commands.list, options->commands.count, options->shell, stream);
  if (fclose(stream) != 0) fail("out of memory (results)");
  file_write(options->json, &text);
  free(text.bytes);
}

static int report(const struct measurement *measurement, const struct series *series) {
  const struct options *options = measurement->options;
  bool print = !options->tsv && !options->quiet;
  if (options->tsv) print_samples(measurement);
  if (!print && !options->exit_code) return 0;
  struct words words = words_for(measurement, series);
  struct text samples = samples_of(measurement, series);
  words_add(&words, "--report", NULL);
  if (options->exit_code) words_add(&words, "--exit-code", NULL);
  int status = judge_report(&words, &samples, print);
  words_free(&words);
  text_free(&samples);
  stop_if_interrupted(measurement);
  return status;
}

/* A descriptor above those of the standard streams, for output that goes nowhere else. */
static int open_output(const char *path, int flags) {
  int descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
  if (descriptor < 0) fail_at(path, 0, "cannot be opened: %s", strerror(errno));
  return descriptor;
}

static struct outlets open_outlets(const struct options *options) {
  struct outlets outlets = {.metrics_from = options->metrics_from};
  int null = open_output("/dev/null", 0);
  outlets.output_is_dropped = !options->output && !options->show_output;
  outlets.errors_are_dropped = !options->show_output;
  outlets.errors = options->show_output ? STDERR_FILENO : null;
  outlets.output = outlets.errors;
  if (options->output) outlets.output = open_output(options->output, O_CREAT | O_TRUNC | O_APPEND);
  return outlets;
}

int measure(const struct options *options, int starter) {
  struct measurement measurement = {
      .options = options, .starter = starter, .outlets = open_outlets(options), .begin = now()};
  struct measurement *this = &measurement;
  size_t arm_count = options->commands.count, *arms = take_array(arm_count, sizeof *arms);
  for (size_t arm = 0; arm < arm_count; arm++) arms[arm] = arm;
  judge_check(&options->abstat, &options->questions, options->commands.arms, arm_count);
  say(this, "seed %lu; at most %zu block%s of %zu run%s of each of %zu commands\n", options->seed, options->max_blocks,
      options->max_blocks == 1 ? "" : "s", options->runs, options->runs == 1 ? "" : "s", arm_count);
  warm_up(this);
  struct answer answer = measure_series(this, arms);
  const struct series *series = &measurement.series;
  if (options->confirm && (arm_count = kept_arms(this, &answer, arms)) > 1) {
    confirm(this, arms, arm_count);
    series = &measurement.confirmation;
  }
  starter_close(starter);
  measurement.starter = -1;
  write_results(this, series);
  int status = report(this, series);
  answer_free(&answer);
  series_free(&measurement.series);
  series_free(&measurement.confirmation);
  readings_free(&measurement.expected);
  free(measurement.expected_of);
  free(arms);
  return status;
}

#include "simulation.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abstat/decision.h"
#include "report.h"
#include "schedule.h"

/* Runs of a sequential experiment, half of them of each arm: as many as at the first look that may keep. */
enum { SEQUENTIAL_RUNS = 12 };

/* The runs of one experiment: all that may be made, and when the measurer looks. */
struct course {
  struct run *runs;
  double *values;
  size_t length;  /* of runs and values */
  size_t between; /* runs from one look to the next */
};

static struct course course_of(const struct cell *cell) {
  size_t block = ARM_COUNT * cell->policy.runs_each;
  struct course course = {.length = block * cell->policy.max_blocks, .between = block};
  if (cell->order == ORDER_SEQUENTIAL) course.length = course.between = SEQUENTIAL_RUNS;
  course.runs = take_array(course.length, sizeof *course.runs);
  course.values = take_array(course.length, sizeof *course.values);
  for (size_t i = 0; i < course.length; i++)
    course.runs[i] = (struct run){.number = i + 1,
                                  .block = i / course.between + 1,
                                  .order = i % course.between + 1,
                                  .arm = i < course.length / 2 ? BASE : CHANGED,
                                  .status = STATUS_OK};
  return course;
}

static void course_free(struct course *course) {
  free(course->runs);
  free(course->values);
}

static void plan_order(struct course *course, const struct cell *cell, unsigned long seed) {
  if (cell->order == ORDER_SEQUENTIAL) return;
  struct schedule *schedule = schedule_open(seed, ARM_COUNT, cell->policy.runs_each);
  const size_t *arms = NULL;
  for (size_t i = 0; i < course->length; i++) {
    if (i % course->between == 0) arms = schedule_next(schedule);
    course->runs[i].arm = arms[i % course->between] == 0 ? BASE : CHANGED;
  }
  schedule_close(schedule);
}

static void measure(struct course *course, const struct cell *cell, gsl_rng *generator) {
  noise_draw(cell->noise, cell->cv, generator, course->values, course->length);
  for (size_t i = 0; i < course->length; i++)
    if (course->runs[i].arm == CHANGED) course->values[i] *= 1 - cell->effect;
}

/* The engine's decision on the first runs of a course; whether it asks for more of them. */
static bool look(const struct course *course, size_t run_count, const struct cell *cell, unsigned long seed,
                 enum verdict *verdict) {
  struct question question = {.metric = "time", .role = ROLE_PRIMARY, .direction = LOWER_IS_BETTER};
  struct questions questions = {.list = &question, .count = 1};
  const char *arm_names[ARM_COUNT] = {"A", "B"}, *units[] = {"-"}, **texts = take_array(run_count, sizeof *texts);
  for (size_t i = 0; i < run_count; i++) texts[i] = NULL;
  struct samples samples = {.runs = course->runs,
                            .run_count = run_count,
                            .arm_names = arm_names,
                            .arm_count = ARM_COUNT,
                            .metric_count = 1,
                            .values = course->values,
                            .texts = texts,
                            .units = units};
  struct design design = design_recognize(&samples, seed, samples.arm_count);
  struct decision decision = decide(&samples, &design, &questions, &cell->policy, 1);
  bool wants_more = false;
  for (size_t i = 0; i < decision.count; i++) wants_more = wants_more || decision.findings[i].judgement.next > 0;
  *verdict = decision.verdict;
  decision_free(&decision);
  design_free(&design);
  free(texts);
  return wants_more;
}

static void add_experiment(struct tally *tally, const struct course *course, const struct cell *cell,
                           unsigned long seed) {
  enum verdict verdict;
  size_t run_count = course->between;
  while (look(course, run_count, cell, seed, &verdict) && run_count < course->length) run_count += course->between;
  tally->experiments++;
  tally->results[verdict == VERDICT_KEEP ? RESULT_KEEP : verdict == VERDICT_DISCARD ? RESULT_DISCARD
                                                                                   : RESULT_INCONCLUSIVE]++;
  tally->runs += (double)run_count;
  tally->runs_squared += (double)run_count * (double)run_count;
}

/* Fowler, Noll and Vo's hash 1a, which is 32 bits wide as the generator's seed. */
gsl_rng *generator_of(unsigned long seed, const char *name) {
  uint32_t hash = 2166136261U;
  for (size_t i = 0; i < sizeof seed; i++) hash = (hash ^ (unsigned char)(seed >> 8 * i)) * 16777619U;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619U;
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  if (!generator) fail("out of memory (random number generator)");
  gsl_rng_set(generator, hash ? hash : 1);
  return generator;
}

struct tally simulate(const struct cell *cell, size_t experiments, unsigned long seed) {
  struct tally tally = {0};
  struct course course = course_of(cell);
  gsl_rng *generator = generator_of(seed, cell->name);
  for (size_t i = 0; i < experiments; i++) {
    unsigned long plan_seed = 1 + gsl_rng_uniform_int(generator, SCHEDULE_SEED_MAX - 1);
    plan_order(&course, cell, plan_seed);
    measure(&course, cell, generator);
    add_experiment(&tally, &course, cell, plan_seed);
  }
  gsl_rng_free(generator);
  course_free(&course);
  return tally;
}

/* What the processes share: the next cell that none has taken, and the results. */
struct board {
  atomic_size_t next;
  struct tally tallies[];
};

static void work(struct board *board, const struct cells *cells, size_t experiments, unsigned long seed) {
  for (size_t i; (i = atomic_fetch_add(&board->next, 1)) < cells->count;)
    board->tallies[i] = simulate(&cells->list[i], experiments, seed);
}

static struct board *board_of(size_t count) {
  size_t size = sum_of(sizeof(struct board), product_of(count, sizeof(struct tally)));
  struct board *board = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (board == MAP_FAILED) fail("out of memory (%zu cells)", count);
  return board;
}

/* A process more to work; it ends with this one. */
static void start_worker(struct board *board, const struct cells *cells, size_t experiments, unsigned long seed) {
  pid_t parent = getpid(), worker = fork();
  if (worker < 0) fail("cannot start a process: %s", strerror(errno));
  if (worker > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) work(board, cells, experiments, seed);
  _exit(0);
}

struct tally *simulate_cells(const struct cells *cells, size_t experiments, unsigned long seed, size_t jobs) {
  struct board *board = board_of(cells->count);
  for (size_t i = 1; i < jobs; i++) start_worker(board, cells, experiments, seed);
  work(board, cells, experiments, seed);
  for (int status; wait(&status) > 0;)
    if (status != 0) fail("a process ended before its cells were done");
  struct tally *tallies = take_array(cells->count, sizeof *tallies);
  for (size_t i = 0; i < cells->count; i++) tallies[i] = board->tallies[i];
  munmap(board, sizeof *board + cells->count * sizeof(struct tally));
  return tallies;
}

double tally_percent(const struct tally *tally, enum result result) {
  return 100 * (double)tally->results[result] / (double)tally->experiments;
}

double tally_mean_runs(const struct tally *tally) { return tally->runs / (double)tally->experiments; }

double tally_sd_of_runs(const struct tally *tally) {
  double count = (double)tally->experiments, mean = tally_mean_runs(tally);
  return sqrt(fmax(0, tally->runs_squared - count * mean * mean) / (count - 1));
}

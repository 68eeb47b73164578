#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"
#include "metric.h"
#include "report.h"

extern char **environ;

enum { EXIT_DISCARD = 3, EXIT_INCONCLUSIVE = 4, EXIT_SIGNAL = 128 };

void words_add(struct words *words, const char *option, const char *value) {
  struct text word = {0};
  text_append_string(&word, option);
  if (value) {
    text_append_char(&word, '=');
    text_append_string(&word, value);
  }
  grow(&words->list, &words->capacity, words->count + 1, sizeof *words->list);
  words->list[words->count++] = word.bytes;
}

void words_free(struct words *words) {
  for (size_t i = 0; i < words->count; i++) free(words->list[i]);
  free(words->list);
  *words = (struct words){0};
}

/* The abstat that was built with this abrun, else the one in PATH. The caller frees. */
static char *find_abstat(void) {
  size_t capacity = 0;
  char *path = NULL;
  for (ssize_t length = 0; (size_t)length == capacity;) {
    grow(&path, &capacity, capacity + 1, 1);
    length = readlink("/proc/self/exe", path, capacity);
    if (length < 0) length = 0;
    if ((size_t)length < capacity) path[length] = '\0';
  }
  struct text text = {0};
  char *slash = strrchr(path, '/');
  if (slash) text_append(&text, path, (size_t)(slash - path) + 1);
  text_append_string(&text, "abstat");
  free(path);
  if (slash && access(text.bytes, X_OK) == 0) return text.bytes;
  text_free(&text);
  return take_copy("abstat");
}

static int file_in_memory(const struct text *content) {
  int file = memfd_create("abrun", MFD_CLOEXEC);
  if (file < 0) fail("cannot make a file in memory: %s", strerror(errno));
  for (size_t done = 0; content && done < content->length;) {
    ssize_t written = write(file, content->bytes + done, content->length - done);
    if (written < 0) fail("cannot write a file in memory: %s", strerror(errno));
    done += (size_t)written;
  }
  lseek(file, 0, SEEK_SET);
  return file;
}

/* Runs abstat on the samples; the caller gives where its output and messages go. Its exit status, as a shell's. */
static int run_abstat(const struct words *options, const struct text *samples, int output, int messages) {
  char *abstat = find_abstat();
  char **arguments = take_array(options->count + 2, sizeof *arguments);
  arguments[0] = abstat;
  memcpy(arguments + 1, options->list, options->count * sizeof *arguments);
  arguments[options->count + 1] = NULL;
  int input = file_in_memory(samples);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, messages, STDERR_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, interrupt_mask());
  pid_t process;
  fflush(stdout);
  int error = posix_spawnp(&process, abstat, &files, &attributes, arguments, environ);
  if (error) fail("%s cannot be run: %s; it is expected beside abrun or in PATH", abstat, strerror(error));
  int status;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(input);
  free(arguments);
  free(abstat);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
}

/* The value under name in a row of TSV; NULL without such a column. The caller frees.
 *
 * Not by tsv.h, since that reads compressed files too: the libraries for that would stand in the memory from which
 * every command is started. abstat writes neither escapes nor NULs. */
static char *value_of(const char *header, const char *row, const char *name) {
  for (;;) {
    size_t name_length = strcspn(header, "\t\n"), length = strcspn(row, "\t\n");
    if (name_length == strlen(name) && memcmp(header, name, name_length) == 0) return take_copy_of(row, length);
    if (header[name_length] != '\t' || row[length] != '\t') return NULL;
    header += name_length + 1;
    row += length + 1;
  }
}

static char *text_of(const char *header, const char *row, const char *name) {
  char *value = value_of(header, row, name);
  if (!value) fail("abstat's answer has no field '%s'; an abstat of this version is expected beside abrun", name);
  return value;
}

static double number_of(const char *header, const char *row, const char *name) {
  double number;
  char *value = text_of(header, row, name);
  if (!metric_number(value, &number)) number = NAN;
  free(value);
  return number;
}

static void read_row(const char *header, const char *row, struct answer *answer) {
  double next = number_of(header, row, "next");
  struct finding finding = {
      .metric = text_of(header, row, "metric"),
      .role = text_of(header, row, "role"),
      .verdict = text_of(header, row, "verdict"),
      .reason = text_of(header, row, "reason"),
      .arm = value_of(header, row, "arm"),
      .estimate = number_of(header, row, "estimate"),
      .low = number_of(header, row, "ci_low"),
      .high = number_of(header, row, "ci_high"),
      .p = number_of(header, row, "p"),
      .next = next > 0 ? (size_t)next : 0,
  };
  if (finding.next > answer->next) answer->next = finding.next;
  grow(&answer->list, &answer->capacity, answer->count + 1, sizeof *answer->list);
  answer->list[answer->count++] = finding;
}

static struct text read_file(int file) {
  struct text text = {0};
  char buffer[4096];
  lseek(file, 0, SEEK_SET);
  text_append(&text, "", 0);
  for (ssize_t length; (length = read(file, buffer, sizeof buffer)) > 0;) text_append(&text, buffer, (size_t)length);
  return text;
}

static struct answer read_answer(int file) {
  struct answer answer = {0};
  struct text text = read_file(file);
  for (const char *row = text.bytes; (row = strchr(row, '\n')) && *++row;) read_row(text.bytes, row, &answer);
  text_free(&text);
  for (size_t i = 0; i < answer.count; i++)
    if (finding_is_primary(&answer.list[i])) return answer;
  fail("abstat judges no primary metric; an abstat of this version is expected beside abrun");
}

/* Asks; the exit status and, in *file, the answer. */
static int ask(const struct words *options, const struct text *samples, int *file) {
  int messages = file_in_memory(NULL);
  *file = file_in_memory(NULL);
  int status = run_abstat(options, samples, *file, messages);
  if (status == EXIT_BAD_USAGE || status == EXIT_BAD_INPUT) {
    struct text said = read_file(messages);
    fputs(said.bytes, stderr);
    exit(status);
  }
  close(messages);
  return status;
}

void judge_check(const struct words *options, const struct questions *questions, char *const *arms, size_t arm_count) {
  enum { RUNS = 3 };
  struct text samples = {0};
  FILE *stream = open_memstream(&samples.bytes, &samples.length);
  if (!stream) fail("out of memory (samples)");
  fputs(SAMPLES_HEADER "\n", stream);
  for (size_t i = 0; i < RUNS * arm_count; i++)
    for (size_t j = 0; j < questions->count; j++)
      fprintf(stream, "1\t%zu\t%zu\t%s\t%s\t1\t-\t%s\tok\n", i + 1, i + 1, arms[i % arm_count],
              questions->list[j].metric, questions->list[j].role);
  if (fclose(stream) != 0) fail("out of memory (samples)");
  int file;
  ask(options, &samples, &file);
  close(file);
  free(samples.bytes);
}

struct answer judge_ask(const struct words *options, const struct text *samples) {
  int file, status = ask(options, samples, &file);
  struct answer answer = {0};
  if (status == 0) answer = read_answer(file);
  else if (!interrupt_signal()) fail("abstat ended with exit status %d; 0 is expected", status);
  close(file);
  return answer;
}

void answer_free(struct answer *answer) {
  for (struct finding *finding = answer->list; finding < answer->list + answer->count; finding++) {
    free(finding->metric);
    free(finding->role);
    free(finding->verdict);
    free(finding->reason);
    free(finding->arm);
  }
  free(answer->list);
  *answer = (struct answer){0};
}

bool finding_is_primary(const struct finding *finding) { return strcmp(finding->role, "primary") == 0; }

/* A row of the same variant, of a guard, an equal or a control metric, that did not pass. */
static bool objects(const struct finding *finding, const struct finding *primary) {
  bool same_arm = !finding->arm || !primary->arm || strcmp(finding->arm, primary->arm) == 0;
  return same_arm && !finding_is_primary(finding) && strcmp(finding->verdict, "PASS") != 0;
}

bool answer_keeps(const struct answer *answer, const struct finding *primary) {
  if (strcmp(primary->verdict, "KEEP") != 0) return false;
  for (size_t i = 0; i < answer->count; i++)
    if (objects(&answer->list[i], primary)) return false;
  return true;
}

static void print_finding(const struct finding *finding, bool name_arm, FILE *output) {
  if (name_arm && finding->arm) fprintf(output, "%s ", finding->arm);
  fputs(finding->metric, output);
  if (!isnan(finding->estimate)) fprintf(output, " %+.2f %%", 100 * finding->estimate);
  if (!isnan(finding->low) && !isnan(finding->high))
    fprintf(output, " (interval %+.2f to %+.2f %%)", 100 * finding->low, 100 * finding->high);
  if (!isnan(finding->p)) fprintf(output, ", p %.2g", finding->p);
  if (finding->next > 0 && strcmp(finding->reason, "more-data") == 0) fputs(": more data", output);
  else if (finding->next > 0) fprintf(output, ": more data (%s)", finding->reason);
  else if (strcmp(finding->verdict, "KEEP") == 0) fputs(": KEEP", output);
  else fprintf(output, ": %s (%s)", finding->verdict, finding->reason);
}

void answer_print(const struct answer *answer, FILE *output) {
  size_t primaries = 0, printed = 0;
  for (size_t i = 0; i < answer->count; i++) primaries += finding_is_primary(&answer->list[i]);
  for (size_t i = 0; i < answer->count; i++) {
    const struct finding *primary = &answer->list[i];
    if (!finding_is_primary(primary)) continue;
    if (printed++ > 0) fputs("; ", output);
    print_finding(primary, primaries > 1, output);
    for (size_t j = 0; j < answer->count; j++) {
      const struct finding *finding = &answer->list[j];
      if (objects(finding, primary))
        fprintf(output, ", %s %s %s (%s)", finding->role, finding->metric, finding->verdict, finding->reason);
    }
  }
}

int judge_report(const struct words *options, const struct text *samples, bool print) {
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null < 0) fail_at("/dev/null", 0, "cannot be opened: %s", strerror(errno));
  int status = run_abstat(options, samples, print ? STDOUT_FILENO : null, STDERR_FILENO);
  close(null);
  if (status != 0 && status != EXIT_DISCARD && status != EXIT_INCONCLUSIVE) {
    if (status == EXIT_BAD_USAGE || status == EXIT_BAD_INPUT) exit(EXIT_BAD_INPUT);
    fail("abstat ended with exit status %d; its report is missing", status);
  }
  return status;
}

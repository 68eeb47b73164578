/* hyperfine --export-json: each result is an arm, named by its command, and each of its times a run; the arms ran one
 * after the other. Metrics: wall_s, and memory_bytes where there is memory_usage_byte. jq(1) reads the JSON. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "input.h"
#include "reader.h"
#include "report.h"

extern char **environ;

/* Rows of: index of the result, command, time in seconds, exit code (null for a signal), memory in bytes or "-".
 * Control characters of a command become blanks, so that the rows need no escapes. */
static char PROGRAM[] =
    "def clean: explode | map(if . < 32 or . == 127 then 32 else . end) | implode;\n"
    "def list($name; $count): if type == \"array\" and length == $count then .\n"
    "  else error(\"\\($name) is no list of \\($count) values, as many as times\") end;\n"
    "if length != 1 or (.[0] | type) != \"object\" then error(\"one JSON object is expected\") else .[0] end |\n"
    "if (.results | type) != \"array\" then error(\"it has no list results\") else .results end |\n"
    "to_entries[] | .key as $index | .value |\n"
    "if type != \"object\" then error(\"results[\\($index)] is no object\") else . end |\n"
    "if (.command | type) != \"string\" then error(\"results[\\($index)] has no command\") else . end |\n"
    "if (.times | type) != \"array\" then error(\"results[\\($index)] has no list times\") else . end |\n"
    "(.command | clean) as $command | (.times | length) as $count |\n"
    "(.exit_codes // [range($count) | 0] | list(\"results[\\($index)].exit_codes\"; $count)) as $codes |\n"
    "(.memory_usage_byte // [range($count) | \"-\"] |\n"
    "  list(\"results[\\($index)].memory_usage_byte\"; $count)) as $memory |\n"
    "range($count) as $i |\n"
    "\"\\($index)\\t\\($command)\\t\\(.times[$i] | tostring | clean)\\t\\($codes[$i] | tostring | clean)\" +\n"
    "\"\\t\\($memory[$i] | tostring | clean)\"\n";

enum { INDEX, COMMAND, TIME, CODE, MEMORY, FIELD_COUNT };

struct export {
  struct reader *reader;
  size_t runs;
  char **arms; /* of the results so far */
  size_t arm_count, arm_capacity;
  struct text index; /* of the present result */
};

static int anonymous_file(const char *name) {
  int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) fail("cannot make a file in memory: %s", strerror(errno));
  return file;
}

/* The whole of path, decompressed, as a file that stands at its begin. */
static int decompressed(const char *path) {
  size_t length, written = 0;
  char *bytes = input_whole(path, &length);
  int file = anonymous_file("hyperfine.json");
  while (written < length) {
    ssize_t count = write(file, bytes + written, length - written);
    if (count < 0 && errno != EINTR) fail("cannot write a file in memory: %s", strerror(errno));
    if (count > 0) written += (size_t)count;
  }
  if (lseek(file, 0, SEEK_SET) != 0) fail("cannot rewind a file in memory: %s", strerror(errno));
  free(bytes);
  return file;
}

struct jq {
  pid_t process;
  int output, errors;
};

/* The file goes in as standard input, so that no name of one is ever an option. */
static struct jq start_jq(int json) {
  struct jq jq = {.errors = anonymous_file("jq.errors")};
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) fail("cannot make a pipe: %s", strerror(errno));
  static char name[] = "jq", slurp[] = "-s", raw[] = "-r";
  char *arguments[] = {name, slurp, raw, PROGRAM, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, json, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, jq.errors, STDERR_FILENO);
  signal(SIGCHLD, SIG_DFL); /* where a parent ignored it, no status could be waited for */
  int problem = posix_spawnp(&jq.process, name, &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem) fail("jq cannot be started, which reads the format hyperfine: %s; install jq", strerror(problem));
  close(json);
  close(pipe_ends[1]);
  jq.output = pipe_ends[0];
  return jq;
}

/* What jq said first. */
static const char *complaint_of(const struct jq *jq, char *line, size_t size) {
  ssize_t length = pread(jq->errors, line, size - 1, 0);
  line[length > 0 ? length : 0] = '\0';
  line[strcspn(line, "\n")] = '\0';
  return *line ? line : "jq failed";
}

static void finish_jq(struct jq *jq, const struct reader *reader) {
  int status;
  while (waitpid(jq->process, &status, 0) < 0)
    if (errno != EINTR) fail("cannot wait for jq: %s", strerror(errno));
  char line[256];
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    reader_fail(reader, 0, "is not what hyperfine --export-json writes: %s", complaint_of(jq, line, sizeof line));
  close(jq->errors);
}

static bool is_arm(const struct export *export, const char *name) {
  for (size_t i = 0; i < export->arm_count; i++)
    if (strcmp(name, export->arms[i]) == 0) return true;
  return false;
}

/* A command that comes a second time is an arm "command #2". */
static void begin_result(struct export *export, const char *index, const char *command) {
  text_clear(&export->index);
  text_append_string(&export->index, index);
  char *name = take_copy(command);
  for (size_t i = 2; is_arm(export, name); i++) {
    free(name);
    if (asprintf(&name, "%s #%zu", command, i) < 0) fail("out of memory");
  }
  grow(&export->arms, &export->arm_capacity, export->arm_count + 1, sizeof *export->arms);
  export->arms[export->arm_count++] = name;
}

static void take_value(struct export *export, const struct run *run, const char *metric, const char *text,
                       const char *unit) {
  struct value value = {text, reader_number(export->reader, text, run->status, 0), unit};
  reader_row(export->reader, run, reader_metric(export->reader, metric), &value);
}

static void take_run(struct export *export, char *const *fields) {
  if (!export->index.length || strcmp(export->index.bytes, fields[INDEX]) != 0)
    begin_result(export, fields[INDEX], fields[COMMAND]);
  size_t number = ++export->runs;
  struct run run = {.number = number,
                    .block = 1,
                    .order = number,
                    .arm = reader_arm(export->reader, export->arms[export->arm_count - 1]),
                    .status = strcmp(fields[CODE], "0") == 0 ? STATUS_OK : STATUS_FAILED};
  take_value(export, &run, "wall_s", fields[TIME], "s");
  if (strcmp(fields[MEMORY], "-") != 0) take_value(export, &run, "memory_bytes", fields[MEMORY], "B");
}

static void split(const struct reader *reader, char *line, char **fields) {
  size_t count = 0;
  for (char *field = line; field && count < FIELD_COUNT; count++) {
    fields[count] = field;
    field = strchr(field, '\t');
    if (field) *field++ = '\0';
  }
  if (count != FIELD_COUNT) reader_fail(reader, 0, "jq wrote '%s', which is no row of a run", line);
}

static void read_export(struct export *export, const char *path) {
  reader_file(export->reader, strcmp(path, "-") == 0 ? "<stdin>" : path);
  struct jq jq = start_jq(decompressed(path));
  struct input *rows = input_open_descriptor(jq.output, "jq");
  char *line, *fields[FIELD_COUNT];
  size_t length;
  while (input_line(rows, &line, &length)) {
    split(export->reader, line, fields);
    take_run(export, fields);
  }
  input_close(rows);
  finish_jq(&jq, export->reader);
  text_clear(&export->index);
}

void read_hyperfine(struct reader *reader, char *const *paths, size_t count, size_t runs_each) {
  (void)runs_each; /* nothing is known of blocks */
  struct export export = {.reader = reader};
  for (size_t i = 0; i < count; i++) read_export(&export, paths[i]);
  for (size_t i = 0; i < export.arm_count; i++) free(export.arms[i]);
  free(export.arms);
  text_free(&export.index);
}

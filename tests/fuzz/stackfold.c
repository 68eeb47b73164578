/* The fuzz target of stackfold's parsers, all of them in one program:
 *
 *   stackfold                  the names of the formats, one a line
 *   stackfold FORMAT           under afl-fuzz: parse each input as FORMAT
 *   stackfold FORMAT FILE...   parse each FILE once, as afl-fuzz would have had it parsed
 *
 * Everything but main and the options is stackfold's own code: the input through libarchive, the parser, the sums, the
 * account, the output. What was accepted must add up. An input that is refused would end the process, as it ends
 * stackfold; a new process for each of them is slow, so that exit (linked with --wrap=exit) goes on with the next
 * input instead, and what the parser had allocated is lost until afl-fuzz starts a fresh process 500 inputs later. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "input.h"
#include "report.h"
#include "stackfold/format.h"

enum { RECOGNIZE_BYTES = 1 << 16, MOST_MEMORY_KB = 1 << 20 };

extern const struct format *const __start_formats[], *const __stop_formats[];

static const struct format *format_of_name(const char *name) {
  for (const struct format *const *format = __start_formats; format < __stop_formats; format++)
    if (strcmp((*format)->name, name) == 0) return *format;
  fail_usage("there is no format '%s'", name);
}

static void list_formats(void) {
  for (const struct format *const *format = __start_formats; format < __stop_formats; format++) puts((*format)->name);
  close_output();
}

/* Options come from the length of the input: a seed is a profile as it stands, and a mutation may change them. */
static struct folding folding_of(size_t length) {
  return (struct folding){
      .pid = length & 1,
      .tid = length & 2,
      .kernel = length & 4,
      .jit = length & 8,
      .addrs = length & 16,
      .inlined = length & 32,
      .context = length & 64,
      .compat = (enum compat)(length / 128 % 3),
      .threads = 1 + (unsigned)(length / 384 % 2),
  };
}

static const char *value_of(const struct format *format, size_t length) {
  size_t count = 0;
  while (format->values && format->values[count]) count++;
  return count > 0 ? format->values[length % count] : NULL;
}

static void expect(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "unexpected: %s\n", what);
  abort();
}

/* Every record is kept or dropped, and the output holds what was kept. */
static void check_conservation(const struct sums *sums) {
  size_t records = sums->kept, position = 0;
  for (int i = 0; i < DROP_KINDS; i++) records += sums->dropped[i];
  expect(records == sums->read, "records read are not those kept and dropped");
  uint64_t value = 0;
  for (const struct stack *stack; (stack = stacks_next(&sums->stacks, &position));) value += stack->value;
  expect(value == sums->value_out, "the stacks' values do not add up to the value kept");
  expect(sums->value_out <= sums->value_in, "more value is kept than was read");
}

/* afl-fuzz's inputs are of 1 MB at most. */
static void check_memory(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  expect(usage.ru_maxrss < MOST_MEMORY_KB, "memory: more than 1 GB for a small input");
}

/* On a copy of just these bytes, so that a look behind them is seen. */
static void recognize(const struct format *format, struct input *input) {
  const char *bytes;
  size_t length = input_peek(input, &bytes, RECOGNIZE_BYTES);
  char *copy = take(length);
  memcpy(copy, bytes, length);
  format->recognize(copy, length, length < RECOGNIZE_BYTES);
  unread_format(copy, length);
  free(copy);
}

static void fold(const struct format *format, struct input *input, size_t length, FILE *output) {
  struct folding folding = folding_of(length);
  struct sums sums = {.folding = &folding, .value = value_of(format, length)};
  recognize(format, input);
  format->parse(input, &sums);
  input_close(input);
  check_conservation(&sums);
  check_memory();
  sums_report(&sums);
  stacks_write(&sums.stacks, output);
  modules_write(&sums.modules, output);
  sums_free(&sums);
}

static void fold_file(const struct format *format, const char *path, FILE *output) {
  size_t length;
  FILE *file = fopen(path, "rb");
  if (!file) fail_at(path, 0, "cannot be opened: %s", strerror(errno));
  fseek(file, 0, SEEK_END);
  length = (size_t)ftell(file);
  fclose(file);
  fold(format, input_open(path), length, output);
}

#ifdef __AFL_COMPILER
__AFL_FUZZ_INIT();

static jmp_buf next_input;
static bool in_fold;      /* next_input is set */
static pthread_t folding; /* the thread that set it; another cannot go there, and ends the process */

_Noreturn void __real_exit(int status);
_Noreturn void __wrap_exit(int status);
void __wrap_exit(int status) {
  if (in_fold && pthread_equal(folding, pthread_self())) longjmp(next_input, 1);
  __real_exit(status);
}

static void fold_bytes(const struct format *format, const unsigned char *bytes, size_t length, FILE *output) {
  int descriptor = memfd_create("fuzzed", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, bytes, length) != (ssize_t)length || lseek(descriptor, 0, SEEK_SET) != 0)
    fail("no memory for the input: %s", strerror(errno));
  folding = pthread_self();
  in_fold = true;
  if (setjmp(next_input) == 0) fold(format, input_open_descriptor(descriptor, "fuzzed"), length, output);
  else close(descriptor);
  in_fold = false;
}

static void fold_fuzzed(const struct format *format, FILE *output) {
  __AFL_INIT();
  const unsigned char *bytes = __AFL_FUZZ_TESTCASE_BUF;
  while (__AFL_LOOP(500)) {
    size_t length = (size_t)(__AFL_FUZZ_TESTCASE_LEN);
    fold_bytes(format, bytes, length, output);
  }
}
#else
static void fold_fuzzed(const struct format *format, FILE *output) {
  (void)format, (void)output;
  fail_usage("built without afl-cc, it reads FILEs alone");
}
#endif

int main(int argc, char **argv) {
  report_tool("stackfold");
  if (argc < 2) {
    list_formats();
    return 0;
  }
  const struct format *format = format_of_name(argv[1]);
  FILE *output = fopen("/dev/null", "w");
  if (!output) fail_at("/dev/null", 0, "cannot be opened: %s", strerror(errno));
  if (argc == 2) fold_fuzzed(format, output);
  for (int i = 2; i < argc; i++) fold_file(format, argv[i], output);
  fclose(output);
  return 0;
}

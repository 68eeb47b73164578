/* Names for outputs of known profilers that stackfold does not read: who feeds it one learns what the file is, and
 * which tool folds, converts or shows it. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "format.h"
#include "row.h"

#define CALLGRIND "a callgrind profile (callgrind_annotate shows it; it holds calls, not stacks)"
#define INSTRUMENTS "a copy from Instruments (stackcollapse-instruments.pl folds it)"
#define VTUNE "a report of VTune (stackcollapse-vtune.pl or inferno-collapse-vtune folds it)"
#define VSPROF "a call tree of Visual Studio (stackcollapse-vsprof.pl or inferno-collapse-vsprof folds it)"

static const struct {
  const char *start, *what;
} known_starts[] = {
    {"# callgrind format", CALLGRIND},
    {"--- symbol", "a profile with its symbols, of google-pprof --raw (google-pprof --collapsed converts it)"},
    {"--- heapz", "a heap profile of Java in pprof's old form (pprof -proto converts it)"},
    {"--- growthz", "a heap profile of Java in pprof's old form (pprof -proto converts it)"},
    {"JAVA PROFILE ", "an hprof profile (gprof2dot -f hprof draws it)"},
    {"Analysis of sampling ", "a report of macOS sample (stackcollapse-sample.awk or inferno-collapse-sample folds it)"},
    {"CPU     ID ", "output of DTrace (stackcollapse.pl or inferno-collapse-dtrace folds it)"},
    {"Weight\tSelf Weight", INSTRUMENTS},
    {"Running Time\tSelf", INSTRUMENTS},
    {"Function Stack,", VTUNE},
    {"war:Column filter is ON.", VTUNE},
    {"Level,Function Name,", VSPROF},
    {"\xEF\xBB\xBFLevel,Function Name,", VSPROF},
    {"FLR\0", "a recording of Java Flight Recorder (jfrconv of async-profiler folds it)"},
    {"\x7F" "ELF", "a program, library or core file (ELF)"},
    {"\xFE\xFF", "text in UTF-16 (iconv converts it)"},
    {"\xFF\xFE", "text in UTF-16 (iconv converts it)"},
};

/* Whether some line of the beginning starts so. */
static bool has_line(const char *bytes, size_t length, const char *start) {
  for (const char *line = bytes, *end = bytes + length; line && line < end;) {
    if (row_starts_with(line, (size_t)(end - line), start)) return true;
    line = memchr(line, '\n', (size_t)(end - line));
    if (line) line++;
  }
  return false;
}

/* Callgrind's comment line is optional. */
static bool is_callgrind(const char *bytes, size_t length) {
  return has_line(bytes, length, "events: ") &&
         (has_line(bytes, length, "fn=") || has_line(bytes, length, "creator: "));
}

static bool is_massif(const char *bytes, size_t length) {
  return row_starts_with(bytes, length, "desc: ") && has_line(bytes, length, "cmd: ") &&
         has_line(bytes, length, "time_unit: ");
}

/* As gperftools' CPU profiles, but for the third word; names of functions follow. */
static bool is_java_cpu_profile(const char *bytes, size_t length) {
  static const uint32_t narrow[3] = {0, 3, 1};
  static const uint64_t wide[3] = {0, 3, 1};
  return (length > sizeof narrow && memcmp(bytes, narrow, sizeof narrow) == 0) ||
         (length > sizeof wide && memcmp(bytes, wide, sizeof wide) == 0);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static bool contains(const char *bytes, size_t length, const char *piece) {
  return memmem(bytes, length, piece, strlen(piece)) != NULL;
}

static bool is_object(const char *bytes, size_t length) { return row_starts_with(bytes, length, "{"); }

static bool is_speedscope(const char *bytes, size_t length) {
  return is_object(bytes, length) && contains(bytes, length, "speedscope.app/file-format-schema");
}

static bool is_stackprof(const char *bytes, size_t length) {
  return is_object(bytes, length) && contains(bytes, length, "\"missed_samples\":") &&
         contains(bytes, length, "\"gc_samples\":");
}

static bool is_v8(const char *bytes, size_t length) {
  return is_object(bytes, length) && contains(bytes, length, "\"callFrame\":") && contains(bytes, length, "\"nodes\":");
}

static bool is_chrome_trace(const char *bytes, size_t length) {
  return (is_object(bytes, length) || row_starts_with(bytes, length, "[")) && contains(bytes, length, "\"ph\":") &&
         contains(bytes, length, "\"ts\":");
}

static bool is_hyperfine(const char *bytes, size_t length) {
  return is_object(bytes, length) && contains(bytes, length, "\"results\":") && contains(bytes, length, "\"stddev\":");
}

static bool is_experiments(const char *bytes, size_t length) {
  return is_object(bytes, length) && contains(bytes, length, "\"metricName\":");
}

static bool is_xctrace(const char *bytes, size_t length) {
  return row_starts_with(bytes, length, "<?xml") && contains(bytes, length, "<trace-query-result>");
}

static bool is_ghc(const char *bytes, size_t length) {
  const char *end = memchr(bytes, '\n', length);
  return contains(bytes, end ? (size_t)(end - bytes) : length, " Time and Allocation Profiling Report ");
}

/* "@ EVENT [COUNT samples]". */
static bool is_pmcstat(const char *bytes, size_t length) {
  const char *end = memchr(bytes, '\n', length);
  return row_starts_with(bytes, length, "@ ") && contains(bytes, end ? (size_t)(end - bytes) : length, " samples]");
}

static size_t digits_of(const char *bytes, size_t length, const char *digits) {
  size_t count = 0;
  while (count < length && bytes[count] && strchr(digits, bytes[count])) count++;
  return count;
}

static const char decimal[] = "0123456789", hexadecimal[] = "0123456789abcdef";

/* "BenchmarkNAME COUNT VALUE UNIT ...". */
static bool is_benchmark(const char *line, size_t length) {
  if (!row_starts_with(line, length, "Benchmark") || memchr(line, ';', length)) return false;
  size_t at = 0;
  while (at < length && !is_blank(line[at])) at++;
  while (at < length && is_blank(line[at])) at++;
  size_t digits = digits_of(line + at, length - at, decimal);
  at += digits;
  if (digits == 0 || at == length || !is_blank(line[at])) return false;
  while (at < length && is_blank(line[at])) at++;
  digits = digits_of(line + at, length - at, "0123456789.");
  at += digits;
  return digits > 0 && at + 1 < length && is_blank(line[at]);
}

/* "ADDRESS T NAME". */
static bool is_symbol(const char *line, size_t length) {
  size_t digits = digits_of(line, length, hexadecimal);
  return digits >= 8 && digits + 3 < length && line[digits] == ' ' && line[digits + 2] == ' ' &&
         !memchr(line, ';', length);
}

/* "BUILD_ID PATH ...", in hexadecimal digits. */
static bool is_build_id(const char *line, size_t length) {
  size_t digits = digits_of(line, length, hexadecimal);
  return digits == 40 && digits < length && is_blank(line[digits]);
}

static bool is_address(const char *line, size_t length) {
  size_t start = row_starts_with(line, length, "0x") ? 2 : 0;
  size_t digits = digits_of(line + start, length - start, hexadecimal);
  return digits > 0 && start + digits == length;
}

/* "FRAME;FRAME NUMBER NUMBER". */
static bool ends_with_two_numbers(const char *line, size_t length) {
  size_t at = length;
  for (int number = 0; number < 2; number++) {
    size_t end = at;
    while (at > 0 && line[at - 1] >= '0' && line[at - 1] <= '9') at--;
    if (at == end || at == 0 || line[at - 1] != ' ') return false;
    at--;
  }
  return at > 0 && memchr(line, ';', at);
}

enum { LINES_TO_JUDGE = 20 };

/* Whether the first lines, at least two of them, are all so. */
static bool all_lines(const char *bytes, size_t length, bool (*test)(const char *line, size_t length)) {
  int lines = 0;
  for (const char *line = bytes, *end = bytes + length, *line_end; line < end && lines < LINES_TO_JUDGE; line = line_end + 1) {
    line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) break;
    size_t line_length = (size_t)(line_end - line);
    if (line_length > 0 && line_end[-1] == '\r') line_length--;
    if (line_length > 0 && !test(line, line_length)) return false;
    lines += line_length > 0;
  }
  return lines >= 2;
}

/* Settings may stand above the first result. */
static bool is_benchmarks(const char *bytes, size_t length) {
  for (const char *line = bytes, *end = bytes + length, *line_end; line < end; line = line_end + 1) {
    line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) line_end = end;
    if (is_benchmark(line, (size_t)(line_end - line))) return true;
  }
  return false;
}

static bool is_symbols(const char *bytes, size_t length) { return all_lines(bytes, length, is_symbol); }
static bool is_build_ids(const char *bytes, size_t length) { return all_lines(bytes, length, is_build_id); }
static bool is_addresses(const char *bytes, size_t length) { return all_lines(bytes, length, is_address); }
static bool is_two_columns(const char *bytes, size_t length) { return all_lines(bytes, length, ends_with_two_numbers); }

static const struct {
  bool (*test)(const char *bytes, size_t length);
  const char *what;
} known_shapes[] = {
    {is_callgrind, CALLGRIND},
    {is_massif, "a massif profile (ms_print shows it)"},
    {is_java_cpu_profile, "a CPU profile of Java in pprof's old form (pprof -proto converts it)"},
    {is_speedscope, "a file of speedscope (which shows it)"},
    {is_stackprof, "a stackprof profile as JSON (speedscope shows it; stackprof --stackcollapse folds its dump)"},
    {is_v8, "a CPU profile of V8 (speedscope or Chrome shows it)"},
    {is_chrome_trace, "a trace of Chrome (stackcollapse-chrome-tracing.py folds it)"},
    {is_hyperfine, "results of hyperfine (abstat reads them)"},
    {is_experiments, "a log of experiments (abstat reads it)"},
    {is_xctrace, "an export of xctrace (inferno-collapse-xctrace folds it)"},
    {is_ghc, "a profile of a GHC program (inferno-collapse-ghcprof folds it)"},
    {is_pmcstat, "a call graph of pmcstat (stackcollapse-pmc.pl folds it)"},
    {is_benchmarks, "benchmark results of Go (abstat reads them)"},
    {is_symbols, "a list of symbols (as in /proc/kallsyms)"},
    {is_build_ids, "a list of build ids"},
    {is_addresses, "a list of addresses"},
    {is_two_columns, "folded stacks of two profiles (as difffolded.pl writes them; -f folded takes the second number)"},
};

const char *unread_format(const char *bytes, size_t length) {
  for (size_t i = 0; i < sizeof known_starts / sizeof *known_starts; i++)
    if (row_starts_with(bytes, length, known_starts[i].start)) return known_starts[i].what;
  for (size_t i = 0; i < sizeof known_shapes / sizeof *known_shapes; i++)
    if (known_shapes[i].test(bytes, length)) return known_shapes[i].what;
  return NULL;
}

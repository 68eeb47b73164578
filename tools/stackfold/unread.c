/* Names for outputs of known profilers that stackfold does not read: who feeds it one learns what the file is. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "format.h"

static bool starts_with(const char *bytes, size_t length, const char *start) {
  return length >= strlen(start) && memcmp(bytes, start, strlen(start)) == 0;
}

static const struct {
  const char *start, *what;
} known_starts[] = {
    {"PERFILE2", "perf.data of perf record"},
    {"# callgrind format", "a callgrind profile"},
    {"heap profile:", "a heap profile of gperftools"},
    {"heap_v2/", "a heap profile of jemalloc"},
    {"--- heapz", "a pprof profile in an old text form"},
    {"--- growthz", "a pprof profile in an old text form"},
    {"--- threadz", "a pprof profile in an old text form"},
    {"--- contentionz", "a pprof profile in an old text form"},
    {"{\"dhatFileVersion\"", "a DHAT profile"},
    {"JAVA PROFILE ", "an hprof profile"},
    {"Analysis of sampling ", "a report of macOS sample"},
    {"CPU     ID ", "output of DTrace"},
    {"\xFE\xFF", "text in UTF-16 (iconv converts it)"},
    {"\xFF\xFE", "text in UTF-16 (iconv converts it)"},
};

/* Whether some line of the beginning starts so. */
static bool has_line(const char *bytes, size_t length, const char *start) {
  for (const char *line = bytes, *end = bytes + length; line && line < end;) {
    if (starts_with(line, (size_t)(end - line), start)) return true;
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
  return starts_with(bytes, length, "desc: ") && has_line(bytes, length, "cmd: ") &&
         has_line(bytes, length, "time_unit: ");
}

/* "v VERSION FORMAT", then the command line. */
static bool is_heaptrack(const char *bytes, size_t length) {
  return starts_with(bytes, length, "v ") && has_line(bytes, length, "X ");
}

static bool is_bpftrace(const char *bytes, size_t length) {
  return starts_with(bytes, length, "Attaching ") && has_line(bytes, length, "@");
}

/* Reads a varint of a protobuf; its length in bytes, 0 when there is none. */
static size_t read_varint(const char *bytes, size_t length, uint64_t *value) {
  *value = 0;
  for (size_t i = 0; i < length && i < 10; i++) {
    *value |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
    if (!(bytes[i] & 0x80)) return i + 1;
  }
  return 0;
}

/* The message Profile: fields 1 to 6 and 11 are messages or strings (wire type 2), the others numbers (0), 13 a packed
 * list of them too. One of its sample types (field 1), which begin with a tag that no text holds, must be there. */
static bool is_pprof(const char *bytes, size_t length) {
  bool has_sample_type = false;
  for (size_t at = 0; at < length;) {
    uint64_t tag, value;
    size_t size = read_varint(bytes + at, length - at, &tag);
    at += size;
    size_t value_size = read_varint(bytes + at, length - at, &value);
    if (size == 0 || value_size == 0) break;
    at += value_size;
    uint64_t field = tag >> 3, wire = tag & 7;
    bool is_message = (field >= 1 && field <= 6) || field == 11;
    if (field < 1 || field > 15 || (wire != (is_message ? 2 : 0) && !(field == 13 && wire == 2))) return false;
    if (wire != 2) continue;
    if (field == 1 && value > 0 && at < length && bytes[at] != 0x08 && bytes[at] != 0x10) return false;
    has_sample_type |= field == 1 && value > 0;
    if (value > length - at) break; /* goes on behind what was looked at */
    at += (size_t)value;
  }
  return has_sample_type;
}

/* The header of a CPU profile of gperftools: the words 0, 3, 0, the sampling period, 0, of 4 or 8 bytes each. */
static bool is_cpu_profile(const char *bytes, size_t length) {
  uint32_t narrow[5];
  uint64_t wide[5];
  if (length < sizeof wide) return false;
  memcpy(narrow, bytes, sizeof narrow);
  memcpy(wide, bytes, sizeof wide);
  return (narrow[0] == 0 && narrow[1] == 3 && narrow[2] == 0 && narrow[4] == 0) ||
         (wide[0] == 0 && wide[1] == 3 && wide[2] == 0 && wide[4] == 0);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* "    ADDRESS SYMBOL (MODULE)". */
static bool is_perf_frame(const char *line, size_t length) {
  size_t start = 0;
  while (start < length && is_blank(line[start])) start++;
  size_t digits = 0;
  while (start + digits < length && strchr("0123456789abcdef", line[start + digits]) && line[start + digits]) digits++;
  return start > 0 && digits > 0 && start + digits < length && line[start + digits] == ' ' && line[length - 1] == ')';
}

/* An event of perf script begins with "COMMAND PID ... TIME: ... EVENT:" at the margin; its frames are indented. */
static bool is_perf_script(const char *bytes, size_t length) {
  if (has_line(bytes, length, "# cmdline : ") && has_line(bytes, length, "# captured on")) return true;
  bool in_event = false;
  for (const char *line = bytes, *end = bytes + length; line < end;) {
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) return false;
    size_t line_length = (size_t)(line_end - line);
    if (in_event && line_length > 0 && is_perf_frame(line, line_length)) return true;
    in_event = line_length > 0 && !is_blank(*line) && memchr(line, ':', line_length);
    line = line_end + 1;
  }
  return false;
}

static const struct {
  bool (*test)(const char *bytes, size_t length);
  const char *what;
} known_shapes[] = {
    {is_callgrind, "a callgrind profile"},
    {is_massif, "a massif profile"},
    {is_heaptrack, "a heaptrack recording"},
    {is_pprof, "a pprof profile (protobuf)"},
    {is_cpu_profile, "a CPU profile of gperftools"},
    {is_perf_script, "output of perf script"},
    {is_bpftrace, "output of bpftrace"},
};

const char *unread_format(const char *bytes, size_t length) {
  for (size_t i = 0; i < sizeof known_starts / sizeof *known_starts; i++)
    if (starts_with(bytes, length, known_starts[i].start)) return known_starts[i].what;
  for (size_t i = 0; i < sizeof known_shapes / sizeof *known_shapes; i++)
    if (known_shapes[i].test(bytes, length)) return known_shapes[i].what;
  return NULL;
}

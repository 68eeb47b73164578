#include "fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "input.h"
#include "metric.h"
#include "report.h"

enum {
  LONGEST_LIMIT = 86400,      /* seconds */
  DEEPEST_CLONE = 1000000000, /* commits */
};

typedef bool check_function(const struct target *target, const char *value);

static check_function is_name, is_text, is_source, is_commit, is_sha256, is_depth, is_submodules, is_packages, is_readiness, is_metric_list,
    is_single_metric, is_any, is_paths, is_share, is_limit, is_answer;

static const struct rule {
  const char *name;
  const char *otherwise; /* the value of a field that is not given; NULL when it must be */
  check_function *check;
  const char *allowed;
} RULES[FIELD_COUNT] = {
    [NAME] = {"name", NULL, is_name, "letters, digits and . _ -, equal to the name of the folder"},
    [DESCRIPTION] = {"description", NULL, is_text, "one line of text"},
    [SOURCE] = {"source", NULL, is_source,
                "folder:PATH, an existing folder in the target's (no '..'), git:URL (no '-' in front), or "
                "debian:PACKAGE=VERSION"},
    [COMMIT] = {"commit", "", is_commit, "40 hexadecimal digits, where source is git:URL"},
    [SHA256] = {"sha256", "", is_sha256, "64 hexadecimal digits, where source is debian:PACKAGE=VERSION"},
    [DEPTH] = {"depth", "1", is_depth, "a positive integer or 'full', where source is git:URL"},
    [SUBMODULES] = {"submodules", "none", is_submodules,
                    "none, all, or relative paths separated by blanks, where source is git:URL"},
    [PACKAGES] = {"packages", "", is_packages, "names of the distribution's packages, separated by blanks"},
    [BUILD] = {"build", NULL, is_text, "a command (words separated by blanks, run without a shell) or 'none'"},
    [BUILD_SYMBOLS] = {"build_symbols", "same", is_text,
                       "a command (words separated by blanks, run without a shell), 'none', or 'same'"},
    [START] = {"start", NULL, is_text, "a command (words separated by blanks, run without a shell)"},
    [READY] = {"ready", "tcp", is_readiness, "tcp, or http /PATH"},
    [PRIMARY] = {"primary", NULL, is_single_metric, "METRIC lower|higher UNIT, as in 'peak_rss_mb lower MiB'"},
    [SECONDARY] = {"secondary", "", is_metric_list,
                   "METRIC lower|higher UNIT, ..., as in 'latency_p50_ms lower ms, throughput_qps higher req/s'"},
    [GUARDS] = {"guards", "", is_any, "METRIC +N% or METRIC max=N, ..., as in 'latency_p99_ms +10%, error_rate max=0'"},
    [EQUAL] = {"equal", "", is_any, "METRIC, ..., none of which is the primary, a secondary or a guard"},
    [CONTROL] = {"control", "", is_any, "METRIC, ..., none of which is named by another field: what no change can move"},
    [DETERMINISTIC] = {"deterministic", "", is_any, "METRIC, ..., each the primary or a secondary one"},
    [EDITABLE] =
        {"editable", NULL, is_paths,
         "relative paths in the source separated by blanks (no '..', no comma), a folder's with '/' at its end"},
    [PROFILERS] = {"profilers", NULL, is_any,
                   "METRIC=PIPELINE, ..., default=PIPELINE, also=PIPELINE, exercised=PIPELINE, as in "
                   "'peak_rss_mb=tracemalloc, default=python-cpu, also=smaps'"},
    [PROFILER_SETTINGS] = {"profiler_settings", "", is_any,
                           "PIPELINE.SETTING=VALUE, ..., each PIPELINE named by profilers, as in "
                           "'perf-cpu.unwind=dwarf, perf-cpu.hz=499'"},
    [EVIDENCE_MIN] = {"evidence_min", "5%", is_share, "a share from 0% to 100%"},
    [IMPACT_MIN] = {"impact_min", "50 MiB or 10%", is_text, "one line of text, as in '50 MiB or 10%'"},
    [LIMIT_BUILD] = {"limit_build", "300", is_limit, "whole seconds, from 1 to 86400"},
    [LIMIT_DEPLOY] = {"limit_deploy", "30", is_limit, "whole seconds, from 1 to 86400"},
    [LIMIT_WORKLOAD] = {"limit_workload", "120", is_limit, "whole seconds, from 1 to 86400"},
    [LIMIT_PROFILE] = {"limit_profile", "300", is_limit, "whole seconds, from 1 to 86400"},
    [LIMIT_VALIDATE] = {"limit_validate", "60", is_limit, "whole seconds, from 1 to 86400"},
    [CCACHE] = {"ccache", "no", is_answer, "yes or no"},
};

static const char BLANKS[] = " \t";

/* ---- errors ---- */

/* length bytes as a string that a terminal can show. */
static const char *shown(struct arena *arena, const char *bytes, size_t length) {
  char *text = arena_copy(arena, bytes, length);
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) text[i] = '?';
  return text;
}

_Noreturn void field_fail(const struct target *target, enum field field, const char *found, const char *allowed) {
  fail_at(target->file, target->lines[field], "field '%s': found '%s', allowed: %s", RULES[field].name, found, allowed);
}

/* ---- the pieces of values ---- */

char *next_word(char **rest) {
  char *word = *rest + strspn(*rest, BLANKS);
  if (!*word) return NULL;
  char *end = word + strcspn(word, BLANKS);
  *rest = *end ? end + 1 : end;
  *end = '\0';
  return word;
}

char *trim(char *text) {
  text += strspn(text, BLANKS);
  size_t length = strlen(text);
  while (length > 0 && strchr(BLANKS, text[length - 1])) length--;
  text[length] = '\0';
  return text;
}

char *next_item(char **rest) {
  if (!*rest || !**rest) return NULL;
  char *item = *rest, *comma = strchr(item, ',');
  *rest = NULL;
  if (comma) {
    *comma = '\0';
    /* Behind a last comma stands an empty item: one blank, since an empty rest is no item. */
    static char nothing[] = " ";
    *rest = comma[1] ? comma + 1 : nothing;
  }
  return trim(item);
}

char *field_copy(struct target *target, enum field field) {
  return arena_copy(&target->arena, target->values[field], strlen(target->values[field]));
}

/* Relative, and no part of it empty, `.` or `..`; a slash at the end only with folder_too. */
static bool is_path(const char *path, bool folder_too) {
  if (!*path) return false;
  for (const char *part = path;;) {
    size_t length = strcspn(part, "/");
    if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
      return false;
    if (!part[length]) return true;
    part += length + 1;
    if (!*part) return folder_too;
  }
}

/* ---- the checks of single fields ---- */

static bool is_any(const struct target *target, const char *value) {
  (void)target, (void)value;
  return true;
}

static bool is_text(const struct target *target, const char *value) {
  (void)target;
  return *value != '\0';
}

static bool is_name(const struct target *target, const char *value) {
  const char *slash = strrchr(target->folder, '/'), *last = slash ? slash + 1 : target->folder;
  char *real = NULL;
  if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
    real = realpath(target->folder, NULL);
    if (!real) fail_at(target->folder, 0, "cannot be examined: %s", strerror(errno));
    last = strrchr(real, '/') + 1;
  }
  bool good = arm_name_is_valid(value) && strcmp(value, last) == 0;
  free(real);
  return good;
}

static bool is_git(const struct target *target) { return strncmp(target->values[SOURCE], "git:", 4) == 0; }
static bool is_debian(const struct target *target) { return strncmp(target->values[SOURCE], "debian:", 7) == 0; }

static const char LOWER_ALPHANUMERIC[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* The length of a package's name that text begins with, by Debian's policy; 0 when it begins with none. */
static size_t package_length(const char *text) {
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
  return length >= 2 && strchr(LOWER_ALPHANUMERIC, *text) ? length : 0;
}

/* `PACKAGE=VERSION`. */
static bool is_pinned_package(const char *text) {
  size_t length = package_length(text);
  if (length == 0 || text[length] != '=') return false;
  const char *version = text + length + 1;
  size_t rest = strspn(version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-~:");
  return *version >= '0' && *version <= '9' && !version[rest];
}

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_source(const struct target *target, const char *value) {
  if (is_git(target)) return value[4] && value[4] != '-' && !strchr(BLANKS, value[4]);
  if (is_debian(target)) return is_pinned_package(value + 7);
  if (strncmp(value, "folder:", 7) != 0 || !is_path(value + 7, true)) return false;
  struct text path = {0};
  text_append_string(&path, target->folder);
  text_append_char(&path, '/');
  text_append_string(&path, value + 7);
  bool good = is_folder(path.bytes);
  text_free(&path);
  return good;
}

static bool is_digest(const char *value, size_t digits) {
  return strlen(value) == digits && strspn(value, "0123456789abcdefABCDEF") == digits;
}

static bool is_commit(const struct target *target, const char *value) {
  return is_git(target) && is_digest(value, 40);
}

static bool is_sha256(const struct target *target, const char *value) {
  return is_debian(target) && is_digest(value, 64);
}

static bool is_depth(const struct target *target, const char *value) {
  size_t depth;
  return is_git(target) && (strcmp(value, "full") == 0 || metric_count(value, DEEPEST_CLONE, &depth));
}

static bool is_paths(const struct target *target, const char *value) {
  (void)target;
  char *copy = take_copy(value), *rest = copy;
  bool good = *value && !strchr(value, ',');
  for (const char *path; good && (path = next_word(&rest));) good = is_path(path, true);
  free(copy);
  return good;
}

static bool is_submodules(const struct target *target, const char *value) {
  return is_git(target) && is_paths(target, value);
}

static bool is_packages(const struct target *target, const char *value) {
  (void)target;
  char *copy = take_copy(value), *rest = copy;
  bool good = true;
  for (const char *name; good && (name = next_word(&rest));) good = package_length(name) == strlen(name);
  free(copy);
  return good;
}

static bool is_readiness(const struct target *target, const char *value) {
  (void)target;
  if (strcmp(value, "tcp") == 0) return true;
  if (strncmp(value, "http", 4) != 0 || !value[4] || !strchr(BLANKS, value[4])) return false;
  const char *path = value + 4 + strspn(value + 4, BLANKS);
  for (const char *c = path; *c; c++)
    if (*c <= ' ' || *c >= 0x7f) return false;
  return *path == '/';
}

bool cut_metric(char *item, const char **name, const char **direction, const char **unit) {
  *name = next_word(&item), *direction = next_word(&item), *unit = next_word(&item);
  if (!*unit || next_word(&item)) return false;
  return metric_name_is_valid(*name) && (strcmp(*direction, "lower") == 0 || strcmp(*direction, "higher") == 0);
}

static bool is_metric_list(const struct target *target, const char *value) {
  (void)target;
  char *copy = take_copy(value), *rest = copy;
  bool good = true;
  const char *name, *direction, *unit;
  for (char *item; good && (item = next_item(&rest));) good = cut_metric(item, &name, &direction, &unit);
  free(copy);
  return good;
}

static bool is_single_metric(const struct target *target, const char *value) {
  return *value && !strchr(value, ',') && is_metric_list(target, value);
}

static bool is_share(const struct target *target, const char *value) {
  (void)target;
  double share;
  return metric_percentage(value, &share) && share <= 1;
}

static bool is_limit(const struct target *target, const char *value) {
  (void)target;
  size_t seconds;
  return metric_count(value, LONGEST_LIMIT, &seconds);
}

static bool is_answer(const struct target *target, const char *value) {
  (void)target;
  return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
}

/* ---- reading target.mk ---- */

/* The length of the UTF-8 character of a printable kind that text begins with; 0 when it begins with none. */
static size_t printable_length(const char *text) {
  const unsigned char *byte = (const unsigned char *)text;
  if (byte[0] < 0x80) return byte[0] >= 0x20 && byte[0] != 0x7f;
  size_t length = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
  if (byte[0] < 0xc2 || byte[0] > 0xf4) return 0;
  for (size_t i = 1; i < length; i++)
    if ((byte[i] & 0xc0) != 0x80) return 0;
  bool overlong = (byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xf0 && byte[1] < 0x90);
  bool surrogate = byte[0] == 0xed && byte[1] >= 0xa0, beyond = byte[0] == 0xf4 && byte[1] >= 0x90;
  bool control = byte[0] == 0xc2 && byte[1] < 0xa0;
  return overlong || surrogate || beyond || control ? 0 : length;
}

static bool is_printable(const char *text) {
  while (*text) {
    size_t length = printable_length(text);
    if (length == 0) return false;
    text += length;
  }
  return true;
}

static const char *all_fields(struct target *target) {
  struct text names = {0};
  for (size_t i = 0; i < FIELD_COUNT; i++) {
    if (i > 0) text_append_string(&names, ", ");
    text_append_string(&names, RULES[i].name);
  }
  const char *copy = arena_copy(&target->arena, names.bytes, names.length);
  text_free(&names);
  return copy;
}

const char *field_name(enum field field) { return RULES[field].name; }
const char *field_allowed(enum field field) { return RULES[field].allowed; }

enum field field_find(const char *name) {
  enum field field = 0;
  while (field < FIELD_COUNT && strcmp(RULES[field].name, name) != 0) field++;
  return field;
}

/* Takes one line in. */
static void read_line(struct target *target, char *line, size_t length, size_t number) {
  const char *whole = shown(&target->arena, line, length);
  if (memchr(line, '\0', length))
    fail_at(target->file, number, "found '%s', allowed: printable text without control characters", whole);
  char *text = trim(line), *sign = strstr(text, ":=");
  if (!*text || *text == '#') return;
  if (!sign) fail_at(target->file, number, "found '%s', allowed: field := value, # comment, or a blank line", whole);
  *sign = '\0';
  char *name = trim(text), *value = trim(sign + 2);
  enum field field = field_find(name);
  if (field == FIELD_COUNT)
    fail_at(target->file, number, "field '%s' is unknown, allowed: %s", shown(&target->arena, name, strlen(name)),
            all_fields(target));
  if (target->lines[field])
    fail_at(target->file, number, "field '%s' is given again (first in line %zu), allowed: once", name,
            target->lines[field]);
  target->lines[field] = number;
  target->values[field] = arena_copy(&target->arena, value, strlen(value));
  if (!is_printable(value))
    field_fail(target, field, shown(&target->arena, value, strlen(value)),
               "printable text in UTF-8 without control characters");
}

static void read_fields(struct target *target) {
  struct input *input = input_open(target->file);
  char *line;
  size_t length;
  while (input_line(input, &line, &length)) read_line(target, line, length, input_line_number(input));
  input_close(input);
}

/* Every field that must be there is, and each says what it may. */
static void check_fields(struct target *target) {
  for (enum field field = 0; field < FIELD_COUNT; field++) {
    const struct rule *rule = &RULES[field];
    bool required =
        !rule->otherwise || (field == COMMIT && is_git(target)) || (field == SHA256 && is_debian(target));
    if (!target->lines[field] && required)
      fail_at(target->file, 0, "field '%s' is missing; allowed: %s", rule->name, rule->allowed);
    if (!target->lines[field])
      target->values[field] = arena_copy(&target->arena, rule->otherwise, strlen(rule->otherwise));
    else if (!rule->check(target, target->values[field]))
      field_fail(target, field, target->values[field], rule->allowed);
  }
}

struct target target_read(const char *folder) {
  struct target target = {0};
  size_t length = strlen(folder);
  while (length > 1 && folder[length - 1] == '/') length--;
  target.folder = arena_copy(&target.arena, folder, length);
  if (!is_folder(folder))
    fail_at(target.folder, 0, "is no folder; the folder of a target, as in targets/NAME, is expected");
  struct text file = {0};
  text_append(&file, folder, length);
  text_append_string(&file, "/target.mk");
  target.file = file.bytes;
  read_fields(&target);
  check_fields(&target);
  return target;
}

void target_free(struct target *target) {
  free(target->file);
  arena_free(&target->arena);
}


/* targetspec: reads what a target says about itself.
 *
 * In: a target's folder: its target.mk, lines `field := value`, and whether the files beside it are there. Out: TSV
 * `name value` of the fields, or TSV `metric direction unit role guard` of the metrics, or the pipelines that explain
 * them. Every field is checked, whatever is asked for. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "input.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "tsv.h"

static const char HELP[] =
    "Usage: targetspec [OPTION]... TARGET_FOLDER\n"
    "Check TARGET_FOLDER/target.mk and print its fields as TSV `name value`.\n"
    "\n"
    "  -f, --fields A,B,C       only these fields, in this order\n"
    "  -m, --metrics            instead, TSV `metric direction unit role guard`\n"
    "  -p, --primary METRIC     with --metrics: METRIC, the primary or a secondary\n"
    "                           metric, is the primary\n"
    "  -P, --profiler METRIC    instead, the name of the pipeline for METRIC\n"
    "  -l, --list-profilers     instead, TSV `metric profiler`\n"
    "  -h, --help               print this and exit\n"
    "  -V, --version            print the version and exit\n";

enum {
  LONGEST_LIMIT = 86400,      /* seconds */
  DEEPEST_CLONE = 1000000000, /* commits */
};

enum field {
  NAME, DESCRIPTION, SOURCE, COMMIT, DEPTH, SUBMODULES, BUILD, BUILD_SYMBOLS, START, READY, PRIMARY, SECONDARY, GUARDS,
  EQUAL, EDITABLE, PROFILERS, EVIDENCE_MIN, IMPACT_MIN, LIMIT_BUILD, LIMIT_DEPLOY, LIMIT_WORKLOAD, LIMIT_PROFILE,
  LIMIT_VALIDATE, CCACHE, FIELD_COUNT
};

struct target {
  const char *folder; /* without a slash at its end */
  char *file;         /* folder/target.mk */
  char *values[FIELD_COUNT];
  size_t lines[FIELD_COUNT]; /* where each stands; 0 for a default */
  struct arena arena;
};

/* A metric with what the fields say about it. */
struct metric {
  const char *name;
  const char *direction, *unit; /* NULL where nothing says it */
  const char *guard;            /* the limit, `+10%` or `max=0`; NULL without one */
  enum field field;             /* PRIMARY, SECONDARY, GUARDS or EQUAL: where it is introduced */
  bool printed;
};

struct metrics {
  struct metric *list; /* in the order of the fields */
  size_t count, capacity;
};

/* An entry of the field profilers; metric may be `default`. */
struct profiler {
  const char *metric, *pipeline;
};

struct profilers {
  struct profiler *list;
  size_t count, capacity;
};

typedef bool check_function(const struct target *target, const char *value);

static check_function is_name, is_text, is_source, is_commit, is_depth, is_submodules, is_readiness, is_metric_list,
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
                "folder:PATH, an existing folder in the target's (no '..'), or git:URL (no '-' in front)"},
    [COMMIT] = {"commit", "", is_commit, "40 hexadecimal digits, where source is git:URL"},
    [DEPTH] = {"depth", "1", is_depth, "a positive integer or 'full', where source is git:URL"},
    [SUBMODULES] = {"submodules", "none", is_submodules,
                    "none, all, or relative paths separated by blanks, where source is git:URL"},
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
    [EDITABLE] =
        {"editable", NULL, is_paths,
         "relative paths in the source separated by blanks (no '..', no comma), a folder's with '/' at its end"},
    [PROFILERS] = {"profilers", NULL, is_any,
                   "METRIC=PIPELINE, ..., default=PIPELINE, as in 'peak_rss_mb=tracemalloc, default=python-cpu'"},
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

_Noreturn static void fail_field(const struct target *target, enum field field, const char *found,
                                 const char *allowed) {
  fail_at(target->file, target->lines[field], "field '%s': found '%s', allowed: %s", RULES[field].name, found, allowed);
}

/* ---- the pieces of values ---- */

/* The next word of *rest (cut out of it in place); NULL when there is none. */
static char *next_word(char **rest) {
  char *word = *rest + strspn(*rest, BLANKS);
  if (!*word) return NULL;
  char *end = word + strcspn(word, BLANKS);
  *rest = *end ? end + 1 : end;
  *end = '\0';
  return word;
}

static char *trim(char *text) {
  text += strspn(text, BLANKS);
  size_t length = strlen(text);
  while (length > 0 && strchr(BLANKS, text[length - 1])) length--;
  text[length] = '\0';
  return text;
}

/* The next item of a list with commas, trimmed; NULL at the end. Start with *rest the list; an empty list has no items,
 * and an empty item is one. */
static char *next_item(char **rest) {
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

/* A copy of a value, to be cut up. */
static char *copy_value(struct target *target, enum field field) {
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

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_source(const struct target *target, const char *value) {
  if (is_git(target)) return value[4] && value[4] != '-' && !strchr(BLANKS, value[4]);
  if (strncmp(value, "folder:", 7) != 0 || !is_path(value + 7, true)) return false;
  struct text path = {0};
  text_append_string(&path, target->folder);
  text_append_char(&path, '/');
  text_append_string(&path, value + 7);
  bool good = is_folder(path.bytes);
  text_free(&path);
  return good;
}

static bool is_commit(const struct target *target, const char *value) {
  return is_git(target) && strlen(value) == 40 && strspn(value, "0123456789abcdefABCDEF") == 40;
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

static bool is_readiness(const struct target *target, const char *value) {
  (void)target;
  if (strcmp(value, "tcp") == 0) return true;
  if (strncmp(value, "http", 4) != 0 || !value[4] || !strchr(BLANKS, value[4])) return false;
  const char *path = value + 4 + strspn(value + 4, BLANKS);
  for (const char *c = path; *c; c++)
    if (*c <= ' ' || *c >= 0x7f) return false;
  return *path == '/';
}

/* Cuts `METRIC lower|higher UNIT`; false when it is none. */
static bool cut_metric(char *item, struct metric *metric) {
  const char *name = next_word(&item), *direction = next_word(&item), *unit = next_word(&item);
  if (!unit || next_word(&item)) return false;
  if (!metric_name_is_valid(name)) return false;
  if (strcmp(direction, "lower") != 0 && strcmp(direction, "higher") != 0) return false;
  *metric = (struct metric){.name = name, .direction = direction, .unit = unit};
  return true;
}

static bool is_metric_list(const struct target *target, const char *value) {
  (void)target;
  char *copy = take_copy(value), *rest = copy;
  bool good = true;
  struct metric metric;
  for (char *item; good && (item = next_item(&rest));) good = cut_metric(item, &metric);
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

/* The field called name; FIELD_COUNT when there is none. */
static enum field find_field(const char *name) {
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
  enum field field = find_field(name);
  if (field == FIELD_COUNT)
    fail_at(target->file, number, "field '%s' is unknown, allowed: %s", shown(&target->arena, name, strlen(name)),
            all_fields(target));
  if (target->lines[field])
    fail_at(target->file, number, "field '%s' is given again (first in line %zu), allowed: once", name,
            target->lines[field]);
  target->lines[field] = number;
  target->values[field] = arena_copy(&target->arena, value, strlen(value));
  if (!is_printable(value))
    fail_field(target, field, shown(&target->arena, value, strlen(value)),
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
    bool required = !rule->otherwise || (field == COMMIT && is_git(target));
    if (!target->lines[field] && required)
      fail_at(target->file, 0, "field '%s' is missing; allowed: %s", rule->name, rule->allowed);
    if (!target->lines[field])
      target->values[field] = arena_copy(&target->arena, rule->otherwise, strlen(rule->otherwise));
    else if (!rule->check(target, target->values[field]))
      fail_field(target, field, target->values[field], rule->allowed);
  }
}

/* ---- metrics and profilers ---- */

static struct metric *find_metric(const struct metrics *metrics, const char *name) {
  for (size_t i = 0; i < metrics->count; i++)
    if (strcmp(metrics->list[i].name, name) == 0) return &metrics->list[i];
  return NULL;
}

static struct metric *add_metric(struct metrics *metrics, struct metric metric, enum field field) {
  grow(&metrics->list, &metrics->capacity, metrics->count + 1, sizeof *metrics->list);
  metric.field = field;
  metrics->list[metrics->count] = metric;
  return &metrics->list[metrics->count++];
}

static void add_measured(struct target *target, struct metrics *metrics, enum field field) {
  char *rest = copy_value(target, field);
  for (char *item; (item = next_item(&rest));) {
    struct metric metric;
    if (!cut_metric(item, &metric)) fail_field(target, field, item, RULES[field].allowed);
    if (find_metric(metrics, metric.name))
      fail_field(target, field, metric.name, "each metric once in primary and secondary");
    add_metric(metrics, metric, field);
  }
}

/* A guard's limit: `+10%` or `max=0`. */
static bool is_guard_limit(const char *limit, bool *relative) {
  double number;
  *relative = *limit == '+';
  if (*relative) return limit[1] >= '0' && limit[1] <= '9' && metric_percentage(limit + 1, &number);
  return strncmp(limit, "max=", 4) == 0 && metric_number(limit + 4, &number);
}

static void add_guards(struct target *target, struct metrics *metrics) {
  char *rest = copy_value(target, GUARDS);
  for (char *item; (item = next_item(&rest));) {
    const char *whole = arena_copy(&target->arena, item, strlen(item));
    const char *name = next_word(&item), *limit = next_word(&item);
    bool relative;
    if (!limit || next_word(&item) || !metric_name_is_valid(name) || !is_guard_limit(limit, &relative))
      fail_field(target, GUARDS, whole, RULES[GUARDS].allowed);
    struct metric *metric = find_metric(metrics, name);
    if (metric && metric->guard) fail_field(target, GUARDS, whole, "one guard for each metric");
    if (!metric && relative)
      fail_field(target, GUARDS, whole, "+N% only for the primary or a secondary metric, which has a direction");
    if (!metric) metric = add_metric(metrics, (struct metric){.name = name, .direction = "lower"}, GUARDS);
    metric->guard = limit;
  }
}

static void add_equals(struct target *target, struct metrics *metrics) {
  char *rest = copy_value(target, EQUAL);
  for (char *item; (item = next_item(&rest));) {
    if (!metric_name_is_valid(item) || find_metric(metrics, item))
      fail_field(target, EQUAL, item, RULES[EQUAL].allowed);
    add_metric(metrics, (struct metric){.name = item}, EQUAL);
  }
}

static struct metrics read_metrics(struct target *target) {
  struct metrics metrics = {0};
  add_measured(target, &metrics, PRIMARY);
  add_measured(target, &metrics, SECONDARY);
  add_guards(target, &metrics);
  add_equals(target, &metrics);
  return metrics;
}

/* The pipeline for a metric; NULL without one. */
static const char *find_pipeline(const struct profilers *profilers, const char *metric) {
  const char *otherwise = NULL;
  for (size_t i = 0; i < profilers->count; i++) {
    if (strcmp(profilers->list[i].metric, metric) == 0) return profilers->list[i].pipeline;
    if (strcmp(profilers->list[i].metric, "default") == 0) otherwise = profilers->list[i].pipeline;
  }
  return otherwise;
}

_Noreturn static void fail_pipeline(const struct target *target, const char *metric) {
  fail_at(target->file, target->lines[PROFILERS],
          "field 'profilers': found '%s' without a pipeline for '%s', allowed: %s", target->values[PROFILERS], metric,
          RULES[PROFILERS].allowed);
}

static struct profilers read_profilers(struct target *target, const struct metrics *metrics) {
  struct profilers profilers = {0};
  char *rest = copy_value(target, PROFILERS);
  for (char *item; (item = next_item(&rest));) {
    const char *whole = arena_copy(&target->arena, item, strlen(item));
    char *equals = strchr(item, '=');
    if (!equals) fail_field(target, PROFILERS, whole, RULES[PROFILERS].allowed);
    *equals = '\0';
    const char *metric = trim(item), *pipeline = trim(equals + 1);
    if (!arm_name_is_valid(pipeline)) fail_field(target, PROFILERS, whole, RULES[PROFILERS].allowed);
    if (strcmp(metric, "default") != 0 && !find_metric(metrics, metric))
      fail_field(target, PROFILERS, whole, "a metric of primary, secondary, guards or equal, or 'default'");
    for (size_t i = 0; i < profilers.count; i++)
      if (strcmp(profilers.list[i].metric, metric) == 0)
        fail_field(target, PROFILERS, whole, "one pipeline for each metric");
    grow(&profilers.list, &profilers.capacity, profilers.count + 1, sizeof *profilers.list);
    profilers.list[profilers.count++] = (struct profiler){metric, pipeline};
  }
  for (size_t i = 0; i < metrics->count; i++) {
    const struct metric *metric = &metrics->list[i];
    if ((metric->field == PRIMARY || metric->field == SECONDARY) && !find_pipeline(&profilers, metric->name))
      fail_pipeline(target, metric->name);
  }
  return profilers;
}

/* ---- the files beside target.mk ---- */

static void check_files(const struct target *target) {
  static const char *const names[] = {"workload.sh", "profile_workload.sh", "validate.sh", "hints.md"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct text path = {0};
    text_append_string(&path, target->folder);
    text_append_char(&path, '/');
    text_append_string(&path, names[i]);
    struct stat status;
    bool is_there = stat(path.bytes, &status) == 0 && S_ISREG(status.st_mode);
    bool is_script = strcmp(names[i], "hints.md") != 0;
    if (!is_there && is_script) fail_at(path.bytes, 0, "is missing; every target has this script");
    if (!is_there)
      report_warning_at(path.bytes, 0, "is missing; it would tell known hot spots and what is not worth trying");
    text_free(&path);
  }
}

/* ---- output ---- */

static void print_field(const struct target *target, enum field field) {
  printf("%s\t", RULES[field].name);
  tsv_write(stdout, target->values[field]);
  putchar('\n');
}

static void print_fields(const struct target *target, const enum field *fields, size_t count) {
  puts("name\tvalue");
  for (size_t i = 0; i < count; i++) print_field(target, fields[i]);
}

/* Cuts the list of --fields. */
static enum field *read_field_list(char *list, size_t *count) {
  enum field *fields = NULL;
  size_t capacity = 0;
  *count = 0;
  for (char *name = list; name;) {
    char *comma = strchr(name, ',');
    if (comma) *comma = '\0';
    enum field field = find_field(name);
    if (field == FIELD_COUNT) fail_usage("--fields: there is no field '%s'", name);
    grow(&fields, &capacity, *count + 1, sizeof *fields);
    fields[(*count)++] = field;
    name = comma ? comma + 1 : NULL;
  }
  return fields;
}

static const char *or_none(const char *text) { return text ? text : "-"; }

static void print_metric(struct metric *metric, const char *role) {
  bool is_guard = strcmp(role, "guard") == 0;
  printf("%s\t%s\t", metric->name, or_none(metric->direction));
  tsv_write(stdout, or_none(metric->unit));
  printf("\t%s\t%s\n", role, is_guard ? metric->guard : "-");
  metric->printed = true;
}

/* Each metric once: the primary, guards, equals, the other secondary ones. */
static void print_metrics(const struct target *target, struct metrics *metrics, const char *primary_name) {
  struct metric *primary = primary_name ? find_metric(metrics, primary_name) : &metrics->list[0];
  if (!primary || (primary->field != PRIMARY && primary->field != SECONDARY))
    fail_at(target->file, target->lines[SECONDARY],
            "'%s' cannot be the primary metric; the metric of field 'primary' or one of field 'secondary' is expected",
            primary_name);
  puts("metric\tdirection\tunit\trole\tguard");
  print_metric(primary, "primary");
  for (size_t i = 0; i < metrics->count; i++)
    if (!metrics->list[i].printed && metrics->list[i].guard) print_metric(&metrics->list[i], "guard");
  for (size_t i = 0; i < metrics->count; i++)
    if (metrics->list[i].field == EQUAL) print_metric(&metrics->list[i], "equal");
  for (size_t i = 0; i < metrics->count; i++)
    if (!metrics->list[i].printed) print_metric(&metrics->list[i], "-");
}

static void print_pipeline(const struct target *target, const struct profilers *profilers, const char *metric) {
  const char *pipeline = find_pipeline(profilers, metric);
  if (!pipeline) fail_pipeline(target, metric);
  puts(pipeline);
}

static void print_profilers(const struct profilers *profilers) {
  puts("metric\tprofiler");
  for (size_t i = 0; i < profilers->count; i++)
    printf("%s\t%s\n", profilers->list[i].metric, profilers->list[i].pipeline);
}

/* The folder as given, without slashes at its end. */
static struct target open_target(const char *folder) {
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
  return target;
}

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"fields", required_argument, NULL, 'f'},   {"metrics", no_argument, NULL, 'm'},
      {"primary", required_argument, NULL, 'p'},  {"profiler", required_argument, NULL, 'P'},
      {"list-profilers", no_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},        {NULL, 0, NULL, 0},
  };
  report_tool("targetspec");
  char *field_list = NULL;
  const char *primary = NULL, *profiled = NULL;
  bool metrics_wanted = false, profilers_wanted = false;
  for (int option; (option = getopt_long(count, arguments, "f:mp:P:lhV", options, NULL)) != -1;) switch (option) {
      case 'f': field_list = optarg; break;
      case 'm': metrics_wanted = true; break;
      case 'p': primary = optarg; break;
      case 'P': profiled = optarg; break;
      case 'l': profilers_wanted = true; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_usage("the options cannot be understood");
    }
  if (optind + 1 != count) fail_usage("one target's folder is expected, and %d are given", count - optind);
  if ((field_list != NULL) + metrics_wanted + (profiled != NULL) + profilers_wanted > 1)
    fail_usage("only one of --fields, --metrics, --profiler and --list-profilers can be asked for");
  if (primary && !metrics_wanted) fail_usage("--primary is only for --metrics");

  size_t field_count = FIELD_COUNT;
  enum field every[FIELD_COUNT], *fields = every;
  for (enum field field = 0; field < FIELD_COUNT; field++) every[field] = field;
  if (field_list) fields = read_field_list(field_list, &field_count);

  struct target target = open_target(arguments[optind]);
  read_fields(&target);
  check_fields(&target);
  struct metrics metrics = read_metrics(&target);
  struct profilers profilers = read_profilers(&target, &metrics);
  check_files(&target);

  if (metrics_wanted) print_metrics(&target, &metrics, primary);
  else if (profiled) print_pipeline(&target, &profilers, profiled);
  else if (profilers_wanted) print_profilers(&profilers);
  else print_fields(&target, fields, field_count);
  if (fields != every) free(fields);
  free(metrics.list);
  free(profilers.list);
  free(target.file);
  arena_free(&target.arena);
  close_output();
  return 0;
}

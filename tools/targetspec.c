/* targetspec: reads what a target says about itself.
 *
 * In: a target's folder: its target.mk, lines `field := value`, and whether the files beside it are there. Out: TSV
 * `name value` of the fields, or TSV `metric direction unit role guard` of the metrics, or the pipelines that explain
 * them. Every field is checked, whatever is asked for. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "argument.h"
#include "memory.h"
#include "report.h"
#include "targetspec/fields.h"
#include "targetspec/metrics.h"
#include "tsv.h"

static const char HELP[] =
    "usage: targetspec [OPTION]... TARGET_FOLDER\n"
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

/* ---- the files beside target.mk ---- */

/* Hints are only missed where the whole target is shown, not at each question about it. */
static void check_files(const struct target *target, bool is_whole) {
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
    if (!is_there && is_whole)
      report_warning_at(path.bytes, 0, "is missing; it would tell known hot spots and what is not worth trying");
    text_free(&path);
  }
}

/* ---- output ---- */

static void print_field(const struct target *target, enum field field) {
  printf("%s\t", field_name(field));
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
    enum field field = field_find(name);
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
  printf("\t%s\t%s\t%s\n", role, is_guard ? metric->guard : "-", metric->deterministic ? "yes" : "-");
  metric->printed = true;
}

/* Each metric once: the primary, guards, equals, controls, the other secondary ones. */
static void print_metrics(const struct target *target, struct metrics *metrics, const char *primary_name) {
  struct metric *primary = primary_name ? metrics_find(metrics, primary_name) : &metrics->list[0];
  if (!primary || (primary->field != PRIMARY && primary->field != SECONDARY))
    fail_at(target->file, target->lines[SECONDARY],
            "'%s' cannot be the primary metric; the metric of field 'primary' or one of field 'secondary' is expected",
            primary_name);
  puts("metric\tdirection\tunit\trole\tguard\tdeterministic");
  print_metric(primary, "primary");
  for (size_t i = 0; i < metrics->count; i++)
    if (!metrics->list[i].printed && metrics->list[i].guard) print_metric(&metrics->list[i], "guard");
  for (size_t i = 0; i < metrics->count; i++)
    if (metrics->list[i].field == EQUAL) print_metric(&metrics->list[i], "equal");
  for (size_t i = 0; i < metrics->count; i++)
    if (metrics->list[i].field == CONTROL) print_metric(&metrics->list[i], "control");
  for (size_t i = 0; i < metrics->count; i++)
    if (!metrics->list[i].printed) print_metric(&metrics->list[i], "-");
}

static void print_profilers(const struct profilers *profilers) {
  puts("metric\tprofiler");
  for (size_t i = 0; i < profilers->count; i++)
    printf("%s\t%s\n", profilers->list[i].metric, profilers->list[i].pipeline);
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
      default: fail_option(arguments);
    }
  if (optind + 1 != count) fail_usage("one target's folder is expected, and %d are given", count - optind);
  if ((field_list != NULL) + metrics_wanted + (profiled != NULL) + profilers_wanted > 1)
    fail_usage("only one of --fields, --metrics, --profiler and --list-profilers can be asked for");
  if (primary && !metrics_wanted) fail_usage("--primary is only for --metrics");

  size_t field_count = FIELD_COUNT;
  enum field every[FIELD_COUNT], *fields = every;
  for (enum field field = 0; field < FIELD_COUNT; field++) every[field] = field;
  if (field_list) fields = read_field_list(field_list, &field_count);

  struct target target = target_read(arguments[optind]);
  struct metrics metrics = metrics_read(&target);
  struct profilers profilers = profilers_read(&target, &metrics);
  check_files(&target, !field_list && !metrics_wanted && !profiled && !profilers_wanted);

  if (metrics_wanted) print_metrics(&target, &metrics, primary);
  else if (profiled) puts(profilers_find(&target, &profilers, profiled));
  else if (profilers_wanted) print_profilers(&profilers);
  else print_fields(&target, fields, field_count);
  if (fields != every) free(fields);
  free(metrics.list);
  free(profilers.list);
  target_free(&target);
  close_output();
  return 0;
}

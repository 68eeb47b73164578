/* readmetrics: turns the metrics that one run printed into rows of samples.tsv.
 *
 * In: lines `name=value` or `METRIC name=value`, and a TSV `metric direction unit role` of the metrics to expect. Out:
 * TSV `block order run arm metric value unit role status` with a header row, one row a metric; the value stands as it
 * was written. A metric that a run should have and has not is an error, or NA where the run failed; never a 0. */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "input.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "tsv.h"

static const char HELP[] =
    "usage: readmetrics --block N --order N --run N --arm A [OPTION]... [FILE]...\n"
    "Turn the lines `name=value` (or `METRIC name=value`) that a run printed into rows\n"
    "of samples.tsv, with its header row. Without FILE, or where it is -, read stdin.\n"
    "\n"
    "  -b, --block N        block that the run belongs to, from 1\n"
    "  -o, --order N        position of the run in its block, from 1\n"
    "  -r, --run N          number of the run in the whole, from 1\n"
    "  -a, --arm A          arm that was run\n"
    "  -s, --status STATUS  ok, failed or timeout (ok)\n"
    "  -S, --spec FILE      TSV `metric direction unit role` of the metrics to expect:\n"
    "                       each must be there; if the run failed and has none, it is NA\n"
    "  -h, --help           print this and exit\n"
    "  -V, --version        print the version and exit\n";

struct metric {
  char *name, *unit, *role;
  char *value; /* NULL until it is read */
};

struct metrics {
  struct metric *list; /* those of the spec in its order, then others in the order of the input */
  size_t count, capacity;
  struct arena arena;
};

struct options {
  size_t block, order, run;
  const char *arm, *status, *spec;
};

static char *keep(struct metrics *metrics, const char *text) { return arena_copy(&metrics->arena, text, strlen(text)); }

static struct metric *find(struct metrics *metrics, const char *name) {
  for (size_t i = 0; i < metrics->count; i++)
    if (strcmp(metrics->list[i].name, name) == 0) return &metrics->list[i];
  return NULL;
}

static struct metric *add(struct metrics *metrics, const char *name, const char *unit, const char *role) {
  grow(&metrics->list, &metrics->capacity, metrics->count + 1, sizeof *metrics->list);
  struct metric *metric = &metrics->list[metrics->count++];
  *metric = (struct metric){.name = keep(metrics, name), .unit = keep(metrics, unit), .role = keep(metrics, role)};
  return metric;
}

static void check_name(const char *file, size_t line, const char *name) {
  if (!metric_name_is_valid(name))
    fail_at(file, line, "'%s' is no name of a metric; a letter or '_', then letters, digits and '_.:/-' are expected",
            name);
}

static void read_spec(struct metrics *metrics, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t name_field = tsv_field(tsv, "metric"), direction_field = tsv_field(tsv, "direction");
  size_t unit_field = tsv_field(tsv, "unit"), role_field = tsv_field(tsv, "role");
  while (tsv_row(tsv)) {
    const char *file = tsv_name(tsv), *name = tsv_value(tsv, name_field), *unit = tsv_value(tsv, unit_field);
    const char *direction = tsv_value(tsv, direction_field), *role = tsv_value(tsv, role_field);
    size_t line = tsv_line_number(tsv);
    check_name(file, line, name);
    if (find(metrics, name)) fail_at(file, line, "the metric '%s' is listed twice", name);
    if (strcmp(direction, "lower") != 0 && strcmp(direction, "higher") != 0 && strcmp(direction, "-") != 0)
      fail_at(file, line, "the direction '%s' is unknown; lower, higher or - is expected", direction);
    if (!metric_role_is_valid(role))
      fail_at(file, line, "the role '%s' is unknown; primary, guard, control, equal or - is expected", role);
    add(metrics, name, *unit ? unit : "-", role);
  }
  tsv_close(tsv);
}

static bool is_value(const struct options *options, const char *text) {
  double number;
  if (metric_number(text, &number)) return true;
  return strcmp(options->status, "ok") != 0 && (strcmp(text, "NA") == 0 || strcmp(text, "inf") == 0);
}

/* Takes one `name=value`, which it cuts at the `=`. */
static void take_line(struct metrics *metrics, const struct options *options, char *text, const char *file,
                      size_t line) {
  if (strncmp(text, "METRIC ", 7) == 0) text += 7;
  char *equals = strchr(text, '=');
  if (!equals) fail_at(file, line, "'%s' is not of the form name=value", text);
  *equals = '\0';
  const char *value = equals + 1;
  check_name(file, line, text);
  if (!is_value(options, value))
    fail_at(file, line, "the value '%s' of the metric '%s' is not a finite decimal number", value, text);
  struct metric *metric = find(metrics, text);
  if (!metric) metric = add(metrics, text, "-", "-");
  if (metric->value && !metric_same_number(metric->value, value))
    fail_at(file, line, "the metric '%s' is %s here and %s before; one value a run is expected", text, value,
            metric->value);
  if (!metric->value) metric->value = keep(metrics, value);
}

static void read_metrics(struct metrics *metrics, const struct options *options, const char *path) {
  struct input *input = input_open(path);
  char *text;
  size_t length;
  while (input_line(input, &text, &length)) {
    const char *file = input_name(input);
    size_t line = input_line_number(input);
    if (memchr(text, '\0', length)) fail_at(file, line, "holds a NUL byte; lines name=value are expected");
    if (text[strspn(text, " \t")]) take_line(metrics, options, text, file, line);
  }
  input_close(input);
}

/* Every metric of the spec has a value now, and there is at least one row to write. */
static void complete(struct metrics *metrics, const struct options *options) {
  bool ran = strcmp(options->status, "ok") == 0;
  for (size_t i = 0; i < metrics->count; i++) {
    struct metric *metric = &metrics->list[i];
    if (metric->value) continue;
    if (ran)
      fail_at(options->spec, 0, "lists the metric '%s', which run %zu of arm %s did not print", metric->name,
              options->run, options->arm);
    metric->value = keep(metrics, "NA");
  }
  if (metrics->count == 0)
    fail("no metric for run %zu of arm %s: it printed none%s", options->run, options->arm,
         options->spec ? ", and the spec lists none" : " (a failed run needs --spec for its rows of NA)");
}

static void print_rows(const struct metrics *metrics, const struct options *options) {
  puts(SAMPLES_HEADER);
  for (size_t i = 0; i < metrics->count; i++) {
    const struct metric *metric = &metrics->list[i];
    printf("%zu\t%zu\t%zu\t%s\t%s\t%s\t", options->block, options->order, options->run, options->arm, metric->name,
           metric->value);
    tsv_write(stdout, metric->unit);
    printf("\t%s\t%s\n", metric->role, options->status);
  }
}

static size_t read_count(const char *option, const char *text) {
  size_t count;
  if (!metric_count(text, SIZE_MAX, &count)) fail_usage("%s '%s' is not a whole number from 1", option, text);
  return count;
}

static const char *read_status(const char *text) {
  if (strcmp(text, "ok") != 0 && strcmp(text, "failed") != 0 && strcmp(text, "timeout") != 0)
    fail_usage("--status '%s' is unknown; ok, failed or timeout is expected", text);
  return text;
}

static struct options read_options(int count, char **arguments) {
  static const struct option known[] = {
      {"block", required_argument, NULL, 'b'},  {"order", required_argument, NULL, 'o'},
      {"run", required_argument, NULL, 'r'},    {"arm", required_argument, NULL, 'a'},
      {"status", required_argument, NULL, 's'}, {"spec", required_argument, NULL, 'S'},
      {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'},
      {NULL, 0, NULL, 0},
  };
  struct options options = {.status = "ok"};
  for (int option; (option = getopt_long(count, arguments, "b:o:r:a:s:S:hV", known, NULL)) != -1;) switch (option) {
      case 'b': options.block = read_count("--block", optarg); break;
      case 'o': options.order = read_count("--order", optarg); break;
      case 'r': options.run = read_count("--run", optarg); break;
      case 'a': options.arm = optarg; break;
      case 's': options.status = read_status(optarg); break;
      case 'S': options.spec = optarg; break;
      case 'h': show_help(HELP);
      case 'V': show_version();
      default: fail_option(arguments);
    }
  if (!options.block || !options.order || !options.run || !options.arm)
    fail_usage("--block, --order, --run and --arm are all needed");
  if (!arm_name_is_valid(options.arm))
    fail_usage("--arm '%s' is no name of an arm; letters, digits, '.', '_' and '-' are expected", options.arm);
  return options;
}

int main(int count, char **arguments) {
  report_tool("readmetrics");
  struct options options = read_options(count, arguments);
  struct metrics metrics = {0};
  if (options.spec) read_spec(&metrics, options.spec);
  if (optind == count) read_metrics(&metrics, &options, "-");
  for (int i = optind; i < count; i++) read_metrics(&metrics, &options, arguments[i]);
  complete(&metrics, &options);
  print_rows(&metrics, &options);
  free(metrics.list);
  arena_free(&metrics.arena);
  close_output();
  return 0;
}

/* verdict: the verdict on one experiment.
 *
 * In: the gate files of its phases (TSV `gate status value limit evidence`). Out: verdict.tsv, the same fields: every gate
 * of the methodology in its fixed order, one row each, then the gate `verdict`, whose value is the status of the
 * experiment and whose evidence is the reason. The first gate in that order that failed decides. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "memory.h"
#include "report.h"
#include "tsv.h"

static const char help[] =
    "usage: verdict GATE_FILE...\n"
    "\n"
    "Reads the gate files of an experiment's phases and writes verdict.tsv: one row a gate, then the gate `verdict` with\n"
    "the status keep, discard, inconclusive, constraint_violation, rejected, invalid, tampered, crash or timeout.\n"
    "\n"
    "  -x, --exit-code  exit 0 for keep, 4 for inconclusive, 3 for any other status\n"
    "  -h, --help       show this and exit\n"
    "  -V, --version    show the version and exit\n";

/* How a gate that failed names the status: fixed, or read from its value. */
enum rule { FIXED, BY_STABLE, BY_SIGNIFICANT, BY_CONSTRAINTS };

static const struct gate {
  const char *name;
  enum rule rule;
  const char *status;  /* when it failed, for FIXED */
  const char *missing; /* the evidence of its n/a row when no phase speaks of it */
} gates[] = {
    {"parent", FIXED, "rejected", "not checked"},
    {"message", FIXED, "rejected", "not checked"},
    {"scope", FIXED, "rejected", "not checked"},
    {"structural", FIXED, "rejected", "not checked"},
    {"same-version", FIXED, "rejected", "not checked"},
    {"evidence", FIXED, "rejected", "not checked"},
    {"impact", FIXED, "rejected", "not checked"},
    {"exercised", FIXED, "rejected", "not checked"},
    {"protected", FIXED, "tampered", "not checked"},
    {"stable", BY_STABLE, NULL, "not measured"},
    {"valid", FIXED, "invalid", "not measured"},
    {"deterministic", FIXED, "invalid", "not measured"},
    {"significant", BY_SIGNIFICANT, NULL, "not measured"},
    {"constraints", BY_CONSTRAINTS, NULL, "not measured"},
    {"explained", FIXED, "discard", "not profiled after the change"},
    {"holdout", FIXED, "discard", "not confirmed"},
    {"confirmed", FIXED, "discard", "not confirmed"},
};
enum { GATES = sizeof gates / sizeof gates[0] };

struct row {
  char *status, *value, *limit, *evidence; /* status NULL: no phase spoke of the gate */
};

static size_t gate_named(const char *name) {
  size_t i = 0;
  while (i < GATES && strcmp(gates[i].name, name) != 0) i++;
  return i;
}

static int is_one_of(const char *text, const char *a, const char *b, const char *c, const char *d) {
  return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c) || !strcmp(text, d);
}

/* A row that says something replaces one that is n/a, and a later phase may find that a gate fails which passed before;
 * else two that say something differ only by a fault of a tool. */
static void take_row(struct row *row, struct tsv *tsv, const size_t field[5]) {
  const char *status = tsv_value(tsv, field[1]);
  if (!is_one_of(status, "pass", "fail", "waived", "n/a"))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "status '%s'; pass, fail, waived or n/a is expected", status);
  if (row->status && strcmp(row->status, "n/a") != 0 && strcmp(status, "n/a") == 0) return;
  bool said = row->status && strcmp(row->status, "n/a") != 0 && strcmp(row->status, "fail") != 0;
  if (said && !(strcmp(row->status, "pass") == 0 && strcmp(status, "fail") == 0))
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "the gate '%s' was given before, as %s", tsv_value(tsv, field[0]),
            row->status);
  *row = (struct row){take_copy(status), take_copy(tsv_value(tsv, field[2])), take_copy(tsv_value(tsv, field[3])),
                      take_copy(tsv_value(tsv, field[4]))};
}

static void read_gates(const char *path, struct row rows[GATES]) {
  struct tsv *tsv = tsv_open(path);
  const size_t field[5] = {tsv_field(tsv, "gate"), tsv_field(tsv, "status"), tsv_field(tsv, "value"),
                           tsv_field(tsv, "limit"), tsv_field(tsv, "evidence")};
  size_t count = 0;
  for (; tsv_row(tsv); count++) {
    const char *name = tsv_value(tsv, field[0]);
    if (strcmp(name, "artifact") == 0) continue;
    size_t i = gate_named(name);
    if (i == GATES) fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%s' is no gate", name);
    take_row(&rows[i], tsv, field);
  }
  if (count == 0) fail_at(path, 0, "holds no gate rows; a phase that ended well leaves at least one");
  tsv_close(tsv);
}

static int passed(const struct row *row) {
  return row->status && (strcmp(row->status, "pass") == 0 || strcmp(row->status, "waived") == 0);
}

/* The status that a failed gate gives (design: discard where the primary did not improve, even if a guard is worse). */
static const char *status_of(const struct gate *gate, const struct row *row, const struct row rows[GATES]) {
  const struct row *constraints = &rows[gate_named("constraints")];
  int guard_failed = constraints->status && !strcmp(constraints->status, "fail") && strcmp(constraints->value, "OPEN");
  switch (gate->rule) {
    case BY_STABLE: return strcmp(row->value, "timeout") == 0 ? "timeout" : "crash";
    case BY_SIGNIFICANT:
      return strcmp(row->value, "INCONCLUSIVE") == 0 && !guard_failed ? "inconclusive" : "discard";
    case BY_CONSTRAINTS: return guard_failed ? "constraint_violation" : "inconclusive";
    case FIXED: break;
  }
  return gate->status;
}

/* Where a guard that got worse ended the measuring while the primary was improving, the guard is the reason. */
static int stands_back(const struct gate *gate, const struct row rows[GATES]) {
  const struct row *constraints = &rows[gate_named("constraints")];
  return gate->rule == BY_SIGNIFICANT && strcmp(rows[gate - gates].value, "IMPROVED") == 0 && constraints->status &&
         strcmp(constraints->status, "fail") == 0;
}

static void print_row(const char *gate, const char *status, const char *value, const char *limit, const char *evidence) {
  const char *cells[] = {gate, status, value, limit, evidence};
  for (size_t i = 0; i < 5; i++) {
    if (i) putchar('\t');
    tsv_write(stdout, cells[i]);
  }
  putchar('\n');
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"exit-code", no_argument, NULL, 'x'}, {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
  int want_code = 0;
  report_tool("verdict");
  for (int option; (option = getopt_long(argc, argv, "xhV", options, NULL)) != -1;) switch (option) {
      case 'x': want_code = 1; break;
      case 'h': show_help(help);
      case 'V': show_version();
      default: fail_option(argv);
    }
  if (optind == argc) fail_usage("a gate file is expected");

  struct row rows[GATES] = {{0}};
  for (int i = optind; i < argc; i++) read_gates(argv[i], rows);

  const char *status = "keep", *reason = NULL, *failed = "-";
  size_t passes = 0;
  for (size_t i = 0; i < GATES && !reason; i++) {
    if (rows[i].status && strcmp(rows[i].status, "fail") == 0 && !stands_back(&gates[i], rows)) {
      status = status_of(&gates[i], &rows[i], rows);
      reason = rows[i].evidence;
      failed = gates[i].name;
    }
    passes += (size_t)passed(&rows[i]);
  }
  /* Nothing is kept by silence: what makes a keep must have been measured. */
  const char *needed[] = {"same-version", "evidence", "stable", "valid", "significant", "explained", "confirmed"};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0] && !reason; i++)
    if (!passed(&rows[gate_named(needed[i])]))
      fail("the gate '%s' neither passed nor failed; without it there is no verdict", needed[i]);

  puts("gate\tstatus\tvalue\tlimit\tevidence");
  for (size_t i = 0; i < GATES; i++) {
    const struct row *row = &rows[i];
    if (row->status) print_row(gates[i].name, row->status, row->value, row->limit, row->evidence);
    else print_row(gates[i].name, "n/a", "-", "-", gates[i].missing);
  }
  struct text sentence = {0};
  if (reason) {
    text_append_string(&sentence, failed);
    text_append_string(&sentence, ": ");
    /* What a lint found (a path, a missing field) stands in its value. */
    if (is_one_of(failed, "message", "scope", "structural", "impact")) {
      text_append_string(&sentence, rows[gate_named(failed)].value);
      text_append_string(&sentence, ": ");
    }
    text_append_string(&sentence, reason);
  } else {
    char count[64];
    snprintf(count, sizeof count, "%zu gates passed, none failed", passes);
    text_append_string(&sentence, count);
  }
  print_row("verdict", strcmp(status, "keep") == 0 ? "pass" : "fail", status, "keep", sentence.bytes);
  close_output();
  if (!want_code || strcmp(status, "keep") == 0) return 0;
  return strcmp(status, "inconclusive") == 0 ? 4 : 3;
}

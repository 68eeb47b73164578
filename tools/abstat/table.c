#include "table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "tsv.h"

/* A field with its value; NULL text and NaN do not apply. */
struct field {
  const char *name;
  bool is_text;
  const char *text;
  double number;
};

enum { FIELDS_MAX = 40 };

static struct field text(const char *name, const char *value) { return (struct field){name, true, value, NAN}; }
static struct field number(const char *name, double value) { return (struct field){name, false, NULL, value}; }

static size_t list_fields(const struct table_row *row, struct field *fields) {
  const struct finding *finding = row->finding;
  const struct arm_summary *base = &finding->statistics.arms[BASE], *changed = &finding->statistics.arms[CHANGED];
  const struct effect *effect = &finding->statistics.effect;
  const struct judgement *judgement = &finding->judgement;
  const struct field list[] = {
      text("metric", finding->question->metric),
      text("role", role_name(finding->question->role)),
      text("direction", direction_name(finding->question->direction)),
      text("verdict", verdict_name(judgement->verdict)),
      text("reason", reason_name(judgement->reason)),
      number("n", (double)(base->count < changed->count ? base->count : changed->count)),
      number("blocks", (double)row->design->block_count),
      number("estimate", effect->estimate),
      number("ci_low", effect->low),
      number("ci_high", effect->high),
      number("ci_level", effect->level),
      number("p", effect->p),
      number("alpha", judgement->alpha),
      number("sd", effect->sd),
      number("cv", effect->cv),
      number("mean_a", base->mean),
      number("mean_b", changed->mean),
      number("median_a", base->median),
      number("median_b", changed->median),
      number("min_a", base->minimum),
      number("max_a", base->maximum),
      number("min_b", changed->minimum),
      number("max_b", changed->maximum),
      text("seed_verdict", verdict_name(judgement->seed_verdict)),
      text("design", design_name(row->design->kind)),
      number("next", judgement->next),
      number("runs_needed", judgement->runs_needed),
      number("sd_a", base->sd),
      number("sd_b", changed->sd),
      text("arm", row->arm),
      text("scale", row->scale),
  };
  size_t count = sizeof list / sizeof *list;
  _Static_assert(sizeof list / sizeof *list <= FIELDS_MAX, "a row has room for its fields");
  for (size_t i = 0; i < count; i++) fields[i] = list[i];
  return count;
}

/* -0 has no meaning here, and would be another text than 0. */
static double without_sign_of_zero(double value) { return fabs(value) > 0 ? value : 0; }

static void print_tsv_value(const struct field *field) {
  if (field->is_text && field->text) tsv_write(stdout, field->text);
  else if (field->is_text || !isfinite(field->number)) fputs("NA", stdout);
  else printf("%.10g", without_sign_of_zero(field->number));
}

void table_print_tsv(const struct table_row *rows, size_t count) {
  struct field fields[FIELDS_MAX];
  size_t field_count = list_fields(&rows[0], fields);
  for (size_t i = 0; i < field_count; i++) printf("%s%c", fields[i].name, i + 1 < field_count ? '\t' : '\n');
  for (size_t row = 0; row < count; row++) {
    list_fields(&rows[row], fields);
    for (size_t i = 0; i < field_count; i++) {
      print_tsv_value(&fields[i]);
      putchar(i + 1 < field_count ? '\t' : '\n');
    }
  }
}

static void print_json_string(const char *string) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
    if (*c == '"' || *c == '\\') printf("\\%c", *c);
    else if (*c < 0x20) printf("\\u%04x", *c);
    else putchar(*c);
  }
  putchar('"');
}

static void print_json_value(const struct field *field) {
  if (field->is_text && field->text) print_json_string(field->text);
  else if (field->is_text || !isfinite(field->number)) fputs("null", stdout);
  else printf("%.10g", without_sign_of_zero(field->number));
}

void table_print_json(const struct table_row *rows, size_t count) {
  struct field fields[FIELDS_MAX];
  puts("[");
  for (size_t row = 0; row < count; row++) {
    size_t field_count = list_fields(&rows[row], fields);
    for (size_t i = 0; i < field_count; i++) {
      fputs(i ? ", " : "  {", stdout);
      print_json_string(fields[i].name);
      fputs(": ", stdout);
      print_json_value(&fields[i]);
    }
    puts(row + 1 < count ? "}," : "}");
  }
  puts("]");
}

#include "printout.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"

enum { COLUMNS = 80, CELL_MAX = 64 };

static bool continues_character(char byte) { return ((unsigned char)byte & 0xC0) == 0x80; }

/* text (UTF-8) in exactly so many columns; what does not fit ends in "..". */
static void print_fitted(const char *text, size_t columns) {
  size_t length = 0;
  for (const char *c = text; *c; c++) length += !continues_character(*c);
  size_t kept = length > columns ? columns - 2 : length;
  size_t shown = 0;
  for (const char *c = text; *c && (shown < kept || continues_character(*c)); c++) {
    shown += !continues_character(*c);
    putchar((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
  }
  printf("%*s", (int)(columns - kept), length > columns ? ".." : "");
}

/* Three digits of a fraction as per cents; what is too small to matter is a bound. */
static void format_percent(char cell[CELL_MAX], const char *format, double fraction) {
  if (isnan(fraction)) strcpy(cell, "-");
  else if (!(fabs(fraction) > 0)) strcpy(cell, "0 %");
  else if (fabs(fraction) < 1e-5) strcpy(cell, "<0.001 %");
  else snprintf(cell, CELL_MAX, format, 100 * fraction);
}

static void print_row(const struct metric *metric, const struct noise *noise) {
  char mean[CELL_MAX], cv[CELL_MAX], drift[CELL_MAX], effect[CELL_MAX], mei[CELL_MAX];
  if (isnan(noise->mean)) strcpy(mean, "-");
  else snprintf(mean, sizeof mean, "%.5g", noise->mean);
  format_percent(cv, "%.3g %%", noise->cv);
  format_percent(drift, "%+.3g %%", noise->drift);
  format_percent(effect, "%.3g %%", noise->smallest_effect);
  format_percent(mei, "MEI=%.10g%%", noise->suggested_mei);
  print_fitted(metric->name, 22);
  printf(" %11s ", mean);
  print_fitted(metric->unit, 5);
  printf(" %9s %9s %9s %9s\n", cv, drift, effect, mei);
}

/* Breaks the text at blanks into lines; those after the first begin with indent blanks. */
static void __attribute__((format(printf, 2, 3))) print_paragraph(int indent, const char *format, ...) {
  va_list arguments;
  char *text;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0) fail("out of memory");
  va_end(arguments);
  size_t column = 0;
  for (const char *word = text; *word;) {
    size_t length = strcspn(word, " ");
    if (column > 0 && column + 1 + length > COLUMNS) {
      printf("\n%*s", indent, "");
      column = (size_t)indent;
    } else if (column > 0) {
      putchar(' ');
      column++;
    }
    printf("%.*s", (int)length, word);
    column += length;
    word += length + (word[length] == ' ');
  }
  putchar('\n');
  free(text);
}

/* The plan as the metric of most runs has it. */
static const struct noise *fullest(const struct samples *samples, const struct noise *noise) {
  const struct noise *most = noise;
  for (size_t i = 1; i < samples->count; i++)
    if (noise[i].n > most->n) most = &noise[i];
  return most;
}

static void print_suggestion(const struct samples *samples, const struct noise *noise) {
  for (size_t i = 0; i < samples->count; i++) {
    if (strcmp(samples->metrics[i].role, "primary") != 0 || isnan(noise[i].suggested_mei)) continue;
    print_paragraph(0, "Suggested for %.40s, the primary metric: MEI=%.10g%%.", samples->metrics[i].name,
                    100 * noise[i].suggested_mei);
  }
}

static void print_advice(const struct samples *samples, const struct advice *advice) {
  bool any = false;
  for (size_t i = 0; i < samples->count; i++)
    for (size_t j = 0; j < advice[i].count; j++) {
      if (!any) printf("\n");
      any = true;
      print_paragraph(2, "%.40s: %s", samples->metrics[i].name, advice[i].lines[j]);
    }
  if (!any) printf("\nNothing speaks against these runs.\n");
}

void printout_print(const struct samples *samples, struct demand demand, const struct noise *noise,
                const struct advice *advice) {
  const struct noise *plan = fullest(samples, noise);
  print_paragraph(0, "Noise floor: the same code as two arms, %zu run%s of each in %zu block%s.", plan->n,
                  plan->n == 1 ? "" : "s", plan->blocks, plan->blocks == 1 ? "" : "s");
  printf("\n%70s %9s\n", "smallest", "suggested");
  printf("%-22s %11s %-5s %9s %9s %9s %9s\n", "metric", "mean", "unit", "cv", "drift", "effect", "threshold");
  for (size_t i = 0; i < samples->count; i++) print_row(&samples->metrics[i], &noise[i]);
  printf("\n");
  print_paragraph(0, "cv is what one run varies by within its block, drift the change from the first run to the last. "
                  "As many runs of each arm find the smallest effect in %.10g %% of cases, where %.10g %% of changes "
                  "without effect pass.", 100 * demand.power, 100 * demand.alpha);
  print_suggestion(samples, noise);
  print_advice(samples, advice);
}

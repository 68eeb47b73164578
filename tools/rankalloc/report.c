/* The ranking as a report for people: total, top paths with the leaf first, top functions by self and by cumulative. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

static const char *bold(const struct report *report) { return report->colored ? "\033[1m" : ""; }
static const char *plain(const struct report *report) { return report->colored ? "\033[0m" : ""; }

static void write_heading(const struct report *report, const char *heading) {
  printf("\n%s%s%s\n", bold(report), heading, plain(report));
}

/* "123456789 bytes (117.74 MiB)", "120 samples", "120". */
static void write_amount(const struct report *report, uint64_t value) {
  printf("%" PRIu64, value);
  if (!report->unit) return;
  printf(" %s", report->unit);
  if (strcmp(report->unit, "bytes") != 0) return;
  uint64_t hundredths = (uint64_t)(((unsigned __int128)value * 100 + (1 << 19)) >> 20);
  printf(" (%" PRIu64 ".%02" PRIu64 " MiB)", hundredths / 100, hundredths % 100);
}

/* The leaf first: a reader asks what took the memory, then who called it. */
static void write_frames(const struct stack *path) {
  const char *end = path->bytes + path->length;
  for (;;) {
    const char *semicolon = memrchr(path->bytes, ';', (size_t)(end - path->bytes));
    const char *frame = semicolon ? semicolon + 1 : path->bytes;
    fputs("      ", stdout);
    fwrite(frame, 1, (size_t)(end - frame), stdout);
    putchar('\n');
    if (!semicolon) return;
    end = semicolon;
  }
}

static void write_paths(const struct report *report, const struct profile *profile) {
  size_t count;
  struct ranked *ranking = ranked_paths(profile, &count);
  size_t shown = selected(&report->selection, ranking, count, BY_SELF, profile->total);
  char heading[160];
  snprintf(heading, sizeof heading, "Top %zu of %zu paths (the innermost %zu frames of each stack, innermost first)",
           shown, count, profile->depth);
  write_heading(report, heading);
  for (size_t i = 0; i < shown; i++) {
    unsigned percent = percent_hundredths(ranking[i].self, profile->total);
    printf("\n%3zu. %s", i + 1, bold(report));
    write_amount(report, ranking[i].self);
    printf(", %u.%02u %%%s\n", percent / 100, percent % 100, plain(report));
    write_frames(ranking[i].name);
  }
  free(ranking);
}

/* A table; its columns are as wide as their title or the greatest value, which is no more than the total. */
static void write_functions(const struct report *report, const struct profile *profile, enum order order) {
  size_t count;
  struct ranked *ranking = ranked_functions(profile, order, &count);
  size_t shown = selected(&report->selection, ranking, count, order, profile->total);
  char heading[160];
  snprintf(heading, sizeof heading, "Top %zu of %zu functions by %s value%s%s", shown, count,
           order == BY_SELF ? "self" : "cumulative", report->unit ? ", in " : "", report->unit ? report->unit : "");
  write_heading(report, heading);
  int width = snprintf(NULL, 0, "%" PRIu64, profile->total);
  if (width < (int)strlen("cumulative")) width = (int)strlen("cumulative");
  printf("\nrank  %*s       %%  %*s       %%  function\n", width, "self", width, "cumulative");
  for (size_t i = 0; i < shown; i++) {
    unsigned self = percent_hundredths(ranking[i].self, profile->total);
    unsigned cumulative = percent_hundredths(ranking[i].cumulative, profile->total);
    printf("%4zu  %*" PRIu64 "  %3u.%02u  %*" PRIu64 "  %3u.%02u  %s\n", i + 1, width, ranking[i].self, self / 100,
           self % 100, width, ranking[i].cumulative, cumulative / 100, cumulative % 100, ranking[i].name->bytes);
  }
  free(ranking);
}

void write_report(const struct report *report, const struct profile *profile) {
  printf("%s%s%s\n\nTotal: ", bold(report), report->title, plain(report));
  write_amount(report, profile->total);
  printf(" in %zu stacks\n", profile->stack_count);
  write_paths(report, profile);
  write_functions(report, profile, BY_SELF);
  write_functions(report, profile, BY_CUMULATIVE);
}

/* The ranking as a report for people: total, top paths with the leaf first, top functions by self and by cumulative. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "output.h"
#include "stacks.h"

static const char *bold(const struct report *report) { return report->colored ? "\033[1m" : ""; }
static const char *plain(const struct report *report) { return report->colored ? "\033[0m" : ""; }

static void write_heading(const struct report *report, const char *heading) {
  printf("\n%s%s%s\n", bold(report), heading, plain(report));
}

/* "123456789 bytes (117.74 MiB)", "120 samples", "120". */
static void write_amount(const struct layout *layout, uint64_t value) {
  printf("%" PRIu64, value);
  if (!layout->unit) return;
  printf(" %s", layout->unit);
  if (strcmp(layout->unit, "bytes") != 0) return;
  uint64_t hundredths = (uint64_t)(((unsigned __int128)value * 100 + (1 << 19)) >> 20);
  printf(" (%" PRIu64 ".%02" PRIu64 " MiB)", hundredths / 100, hundredths % 100);
}

/* ", 12 objects of 34 bytes on average" */
static void write_objects(const struct layout *layout, const struct profile *profile, uint32_t number, uint64_t value) {
  uint64_t objects = path_in(&profile->columns[layout->objects], number);
  printf(", %" PRIu64 " object%s", objects, objects == 1 ? "" : "s");
  if (objects == 0) return;
  unsigned __int128 tenths = ((unsigned __int128)value * 20 + objects) / ((unsigned __int128)objects * 2);
  printf(" of %" PRIu64 ".%u%s%s on average", (uint64_t)(tenths / 10), (unsigned)(tenths % 10), layout->unit ? " " : "",
         layout->unit ? layout->unit : "");
}

/* The leaf first: a reader asks what took the memory, then who called it. */
static void write_frames(const struct profile *profile, const struct path *path) {
  for (uint32_t i = path->count; i-- > 0;) {
    const struct entry *entry = &profile->frames.entries[path->frames[i]];
    fputs("      ", stdout);
    fwrite(entry->name, 1, entry->length, stdout);
    putchar('\n');
  }
}

static void write_path(const struct layout *layout, const struct report *report, const struct profile *profile,
                       size_t rank, uint32_t number) {
  const struct path *path = profile->paths.list[number];
  uint64_t value = path_in(&profile->columns[0], number);
  unsigned percent = percent_hundredths(value, report->whole);
  printf("\n%3zu. %s", rank, bold(report));
  write_amount(layout, value);
  printf(", %u.%02u %%%s", percent / 100, percent % 100, plain(report));
  if (layout->objects) write_objects(layout, profile, number, value);
  struct frame_part function = path_function(profile, path);
  fputs("\n     function: ", stdout);
  fwrite(function.bytes, 1, function.length, stdout);
  putchar('\n');
  if (path->structure != NO_STRUCTURE)
    printf("     data structure: %s\n", profile->structures->list[path->structure].note);
  write_frames(profile, path);
}

static void write_top_paths(const struct layout *layout, const struct report *report, const struct profile *profile) {
  struct question question = {.of_paths = true,
                              .limit = report->top,
                              .min_percent_millionths = report->min_percent_millionths,
                              .whole = report->whole};
  struct ranking ranking = ranking_of(profile, &question);
  char heading[160];
  snprintf(heading, sizeof heading, "Top %zu of %zu paths (the innermost %zu frames of each stack, innermost first)",
           ranking.count, ranking.of, report->depth);
  write_heading(report, heading);
  for (size_t i = 0; i < ranking.count; i++) write_path(layout, report, profile, i + 1, ranking.list[i].number);
  ranking_free(&ranking);
}

/* A table; its columns are as wide as their title or the greatest value, which is no more than the total. */
static void write_top_functions(const struct layout *layout, const struct report *report, const struct profile *profile,
                                enum order order) {
  struct question question = {.order = order,
                              .limit = report->top,
                              .min_percent_millionths = report->min_percent_millionths,
                              .whole = report->whole};
  const struct column *column = &profile->columns[0];
  struct ranking ranking = ranking_of(profile, &question);
  char heading[160];
  snprintf(heading, sizeof heading, "Top %zu of %zu functions by %s value%s%s", ranking.count, ranking.of,
           order == ORDER_SELF ? "self" : "cumulative", layout->unit ? ", in " : "", layout->unit ? layout->unit : "");
  write_heading(report, heading);
  int width = snprintf(NULL, 0, "%" PRIu64, column->total);
  if (width < (int)strlen("cumulative")) width = (int)strlen("cumulative");
  printf("\nrank  %*s       %%  %*s       %%  function\n", width, "self", width, "cumulative");
  for (size_t i = 0; i < ranking.count; i++) {
    uint32_t number = ranking.list[i].number;
    uint64_t self_value = self_in(column, number), cumulative_value = cumulative_in(column, number);
    unsigned self = percent_hundredths(self_value, report->whole);
    unsigned cumulative = percent_hundredths(cumulative_value, report->whole);
    printf("%4zu  %*" PRIu64 "  %3u.%02u  %*" PRIu64 "  %3u.%02u  %s\n", i + 1, width, self_value, self / 100, self % 100,
           width, cumulative_value, cumulative / 100, cumulative % 100, profile->frames.entries[number].name);
  }
  ranking_free(&ranking);
}

void write_report(const struct layout *layout, const struct report *report, const struct profile *profile) {
  const struct column *column = &profile->columns[0];
  printf("%s%s%s\n\nTotal: ", bold(report), report->title, plain(report));
  write_amount(layout, column->total);
  printf(" in %zu stacks\n", column->stack_count);
  if (column->selected != column->total) {
    fputs("Of these are looked at: ", stdout);
    write_amount(layout, column->selected);
    putchar('\n');
  }
  write_top_paths(layout, report, profile);
  write_top_functions(layout, report, profile, ORDER_SELF);
  write_top_functions(layout, report, profile, ORDER_CUMULATIVE);
}

/* Contention profiles of gperftools and of those who took its form:
 *
 *   --- contentionz 1 ---
 *   cycles/second = 3201000000
 *   sampling period = 100
 *     19490304       27 @ 0xbccc97 0xc61202 0x42ed5f
 *   --- Memory map: ---
 *     00400000-00fcb000: server
 *
 * A row gives the cycles that were waited and how often. Both are multiplied by the sampling period. */
#include <string.h>

#include "contention.h"
#include "report.h"

struct profile {
  struct input *input;
  struct sums *sums;
  struct contention contention;
  struct address_stacks stacks;
};

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  return row_starts_with(bytes, length, "--- contention") && !row_starts_with(bytes, length, "--- contentionstats");
}

static void read_row(struct profile *profile, const char *line, size_t length) {
  struct row row = row_of(line, length);
  uint64_t value;
  if (!contention_scan(&profile->contention, profile->input, &row, &value) ||
      !address_stacks_push_line(&profile->stacks, &row))
    fail_at(input_name(profile->input), input_line_number(profile->input),
            "is no row of a contention profile; 'DELAY CONTENTIONS @ 0xADDRESS...' is expected");
  address_stacks_end(&profile->stacks, profile->sums, value, 1);
}

static void read_header(struct profile *profile) {
  char *line;
  size_t length;
  if (!input_line(profile->input, &line, &length) || !row_starts_with(line, length, "--- "))
    fail_at(input_name(profile->input), 1, "is not the header of a contention profile; '--- contention' is expected");
}

static void read_rows(struct profile *profile) {
  char *line;
  size_t length;
  while (input_line(profile->input, &line, &length)) {
    if (announces_mappings(line, length)) {
      address_stacks_read_mappings(&profile->stacks, profile->input, profile->sums);
      return;
    }
    if (!input_line_ended(profile->input)) {
      sums_cut_off(profile->sums, profile->input, "a row");
      return;
    }
    struct row row = row_of(line, length);
    if (row_ends(&row) || *row.at == '#') continue;
    if (!contention_read_attribute(&profile->contention, profile->input, line, length)) read_row(profile, line, length);
  }
}

static void parse(struct input *input, struct sums *sums) {
  struct profile profile = {.input = input, .sums = sums, .contention = {.period = 1}};
  profile.contention.wants_contentions = sums->value && strcmp(sums->value, "contentions") == 0;
  read_header(&profile);
  read_rows(&profile);
  address_stacks_fold(&profile.stacks, sums);
}

FORMAT(gperftools_contention,
    .name = "gperftools-contention",
    .description = "contention profiles of gperftools; delay is in nanoseconds",
    .values = contention_values,
    .recognize = recognize,
    .parse = parse);

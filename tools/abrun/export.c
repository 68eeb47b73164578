#include "export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";

static void append_word(struct text *text, const char *word) {
  if (*word && word[strspn(word, PLAIN)] == '\0') {
    text_append_string(text, word);
    return;
  }
  text_append_char(text, '\'');
  for (; *word; word++) {
    if (*word == '\'') text_append_string(text, "'\\''");
    else text_append_char(text, *word);
  }
  text_append_char(text, '\'');
}

struct text command_text(const struct command *command, bool shell) {
  struct text text = {0};
  if (shell) { /* sh -c TEXT */
    text_append_string(&text, command->arguments[2]);
    return text;
  }
  for (char **word = command->arguments; *word; word++) {
    if (word > command->arguments) text_append_char(&text, ' ');
    append_word(&text, *word);
  }
  return text;
}

/* Bytes of the UTF-8 character that text begins with; 0 when it is none (Unicode 15, table 3-7). */
static size_t character_length(const unsigned char *text) {
  if (text[0] < 0x80) return 1;
  size_t length = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
  if (text[0] < 0xC2 || text[0] > 0xF4) return 0;
  unsigned char low = text[0] == 0xE0 ? 0xA0 : text[0] == 0xF0 ? 0x90 : 0x80;
  unsigned char high = text[0] == 0xED ? 0x9F : text[0] == 0xF4 ? 0x8F : 0xBF;
  if (text[1] < low || text[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if (text[i] < 0x80 || text[i] > 0xBF) return 0;
  return length;
}

static void print_string(FILE *output, const char *string) {
  putc('"', output);
  for (const unsigned char *text = (const unsigned char *)string; *text;) {
    size_t length = character_length(text);
    if (length == 0) fputs("\\ufffd", output);
    else if (*text == '"' || *text == '\\') fprintf(output, "\\%c", *text);
    else if (*text < ' ' || *text == 127) fprintf(output, "\\u%04x", *text);
    else fwrite(text, 1, length, output);
    text += length ? length : 1;
  }
  putc('"', output);
}

static double seconds_of(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_statistics(FILE *output, const double *times, size_t count) {
  double *sorted = take_array(count, sizeof *sorted), sum = 0, squares = 0;
  memcpy(sorted, times, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, compare);
  for (size_t i = 0; i < count; i++) sum += times[i];
  double mean = sum / (double)count;
  for (size_t i = 0; i < count; i++) squares += (times[i] - mean) * (times[i] - mean);
  fprintf(output, "      \"mean\": %.12g,\n", mean);
  if (count > 1) fprintf(output, "      \"stddev\": %.12g,\n", sqrt(squares / (double)(count - 1)));
  else fputs("      \"stddev\": null,\n", output);
  fprintf(output, "      \"median\": %.12g,\n", (sorted[(count - 1) / 2] + sorted[count / 2]) / 2);
  free(sorted);
}

static void print_result(FILE *output, const struct command *command, bool shell, const struct run *const *runs,
                         size_t count) {
  double *times = take_array(count, sizeof *times), user = 0, system = 0;
  double low = runs[0]->ended.wall, high = low;
  for (size_t i = 0; i < count; i++) {
    times[i] = runs[i]->ended.wall;
    low = fmin(low, times[i]);
    high = fmax(high, times[i]);
    user += seconds_of(runs[i]->ended.used.ru_utime) / (double)count;
    system += seconds_of(runs[i]->ended.used.ru_stime) / (double)count;
  }
  struct text text = command_text(command, shell);
  fputs("    {\n      \"command\": ", output);
  print_string(output, text.bytes);
  fputs(",\n", output);
  print_statistics(output, times, count);
  fprintf(output, "      \"user\": %.12g,\n      \"system\": %.12g,\n", user, system);
  fprintf(output, "      \"min\": %.12g,\n      \"max\": %.12g,\n      \"times\": [", low, high);
  for (size_t i = 0; i < count; i++) fprintf(output, "%s%.9f", i ? ", " : "", times[i]);
  fputs("],\n      \"memory_usage_byte\": [", output);
  for (size_t i = 0; i < count; i++)
    fprintf(output, "%s%lld", i ? ", " : "", (long long)runs[i]->ended.used.ru_maxrss * 1024);
  fputs("],\n      \"exit_codes\": [", output);
  for (size_t i = 0; i < count; i++) fprintf(output, "%s%d", i ? ", " : "", runs[i]->ended.exit_code);
  fputs("]\n    }", output);
  text_free(&text);
  free(times);
}

void export_json(const struct series *series, const struct command *commands, size_t count, bool shell, FILE *output) {
  const struct run **runs = take_array(series->count + 1, sizeof *runs);
  bool first = true;
  fputs("{\n  \"results\": [\n", output);
  for (size_t arm = 0; arm < count; arm++) {
    size_t run_count = 0;
    for (size_t i = 0; i < series->count; i++)
      if (series->runs[i].arm == arm) runs[run_count++] = &series->runs[i];
    if (run_count == 0) continue;
    if (!first) fputs(",\n", output);
    print_result(output, &commands[arm], shell, runs, run_count);
    first = false;
  }
  fputs("\n  ]\n}\n", output);
  free(runs);
}

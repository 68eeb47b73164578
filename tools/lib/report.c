#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ASSAY_VERSION
#define ASSAY_VERSION "unversioned"
#endif

static const char *tool = "assay";

void report_tool(const char *name) {
  tool = name;
  opterr = 0;
}

static void say(const char *file, size_t line, const char *format, va_list arguments, const char *tail) {
  fflush(stdout);
  fprintf(stderr, "%s: ", tool);
  if (file && line) fprintf(stderr, "%s:%zu: ", file, line);
  else if (file) fprintf(stderr, "%s: ", file);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "%s\n", tail);
}

void report_warning(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(NULL, 0, format, arguments, "");
  va_end(arguments);
}

void report_warning_at(const char *file, size_t line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(file, line, format, arguments, "");
  va_end(arguments);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(NULL, 0, format, arguments, "");
  va_end(arguments);
  exit(EXIT_BAD_INPUT);
}

void fail_at(const char *file, size_t line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(file, line, format, arguments, "");
  va_end(arguments);
  exit(EXIT_BAD_INPUT);
}

void fail_usage(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char hint[128];
  snprintf(hint, sizeof hint, " (try '%s --help')", tool);
  say(NULL, 0, format, arguments, hint);
  va_end(arguments);
  exit(EXIT_BAD_USAGE);
}

void show_help(const char *text) {
  fputs(text, stdout);
  close_output();
  exit(0);
}

void show_version(void) {
  printf("%s (Assay) %s\n", tool, ASSAY_VERSION);
  close_output();
  exit(0);
}

void close_output(void) {
  int failed = ferror(stdout);
  errno = 0;
  if (fclose(stdout) != 0 || failed) {
    /* stdout is gone: say so without touching it again. */
    fprintf(stderr, "%s: cannot write standard output: %s\n", tool, errno ? strerror(errno) : "an earlier write failed");
    _Exit(EXIT_BAD_INPUT);
  }
}

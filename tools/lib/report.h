/* What every tool says about itself and about what went wrong.
 *
 * Messages go to stderr as "tool: message" or "tool: file:line: message": what was found, what was expected, what to
 * do. Exit status: 0 done, 1 bad input or a failed read or write, 2 bad usage. */
#ifndef ASSAY_REPORT_H
#define ASSAY_REPORT_H

#include <stdarg.h>
#include <stddef.h>

enum { EXIT_BAD_INPUT = 1, EXIT_BAD_USAGE = 2 };

/* Names the tool for all later messages, and turns getopt's own off; first thing in main. name is not copied. */
void report_tool(const char *name);

/* "tool: message" and go on. */
void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "tool: file:line: message" and go on; line 0 leaves the line out. */
void report_warning_at(const char *file, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "tool: message", exit 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "tool: file:line: message", exit 1; line 0 leaves the line out. */
_Noreturn void fail_at(const char *file, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "tool: message (try 'tool --help')", exit 2. */
_Noreturn void fail_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes text to stdout and exits 0 (1 if it cannot be written): the answer to --help. */
_Noreturn void show_help(const char *text);

/* Writes "tool (Assay) VERSION" to stdout and exits 0: the answer to --version. */
_Noreturn void show_version(void);

/* Flushes and closes stdout; a write that failed anywhere on the way (a full disk, a closed pipe) is fail(). Last thing
 * before a successful exit. */
void close_output(void);

#endif

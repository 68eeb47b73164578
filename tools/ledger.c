/* ledger: appends rows to a history that is only ever appended to, and checks it.
 *
 * In: one JSON object on standard input. Out: a line more in the file, with two fields in front of the object's own:
 * "row", the number of its line, and "previous", the SHA-256 of the line before without its newline (empty on line 1).
 * A row is written whole or not at all: by one write under an exclusive lock on the file, synced, and taken back where
 * the write fails. What a kill or a crash tears all the same is reported by the next append and by check. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sha256.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/json.h"
#include "memory.h"
#include "report.h"

static const char usage[] =
    "usage: ledger append --file FILE <ROW\n"
    "       ledger check --file FILE\n"
    "append adds a JSON object to a history of one object a line; check proves that the history is whole.\n"
    "\n"
    "  -f, --file FILE   the history; append creates it, check reads standard input for -\n"
    "  -h, --help        print this and exit\n"
    "  -V, --version     print the version and exit\n";

enum { ROW, PREVIOUS, OWN_FIELDS };

/* The hash of a line in hexadecimal; empty before the first line. */
struct digest {
  char hex[SHA256_DIGEST_STRING_LENGTH];
};

static struct digest digest_of(const char *line, size_t length) {
  struct digest digest;
  SHA256Data((const uint8_t *)line, length, digest.hex);
  return digest;
}

static void read_all(int file, const char *name, struct text *text) {
  for (;;) {
    grow(&text->bytes, &text->capacity, sum_of(text->length, 1 << 16), 1);
    ssize_t got = read(file, text->bytes + text->length, text->capacity - text->length - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_at(name, 0, "cannot be read: %s", strerror(errno));
    if (got == 0) break;
    text->length += (size_t)got;
  }
  text->bytes[text->length] = '\0';
}

/* ---- append ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Reads the object that standard input holds, without the white space around it. */
static void read_object(struct text *object) {
  static const char name[] = "standard input";
  struct member own[OWN_FIELDS] = {{.name = "row"}, {.name = "previous"}};
  const char *expected;
  size_t at;
  read_all(STDIN_FILENO, name, object);
  if (!is_json_object(object->bytes, object->length, own, OWN_FIELDS, &expected, &at))
    fail_at(name, 0, "not one JSON object: expected %s at byte %zu", expected, at + 1);
  for (size_t i = 0; i < OWN_FIELDS; i++) {
    if (own[i].count) fail_at(name, 0, "has the field \"%s\", which ledger writes itself", own[i].name);
  }
  while (is_space(object->bytes[object->length - 1])) object->length--;
  size_t start = 0;
  while (is_space(object->bytes[start])) start++;
  object->length -= start;
  memmove(object->bytes, object->bytes + start, object->length);
  if (memchr(object->bytes, '\n', object->length) || memchr(object->bytes, '\r', object->length))
    fail_at(name, 0, "the object takes several lines, expected one (jq -c puts it on one)");
}

/* Opens the history and locks it. One that was renamed or removed while this process waited is opened anew. */
static int open_locked(const char *name) {
  for (;;) {
    int file = open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (file < 0) fail_at(name, 0, "cannot be opened: %s", strerror(errno));
    struct stat locked, named;
    if (fstat(file, &locked) != 0) fail_at(name, 0, "%s", strerror(errno));
    if (!S_ISREG(locked.st_mode)) fail_at(name, 0, "is not a regular file");
    while (flock(file, LOCK_EX) != 0) {
      if (errno != EINTR) fail_at(name, 0, "cannot be locked: %s", strerror(errno));
    }
    if (stat(name, &named) == 0 && named.st_dev == locked.st_dev && named.st_ino == locked.st_ino) return file;
    close(file);
  }
}

static void sync_folder_of(const char *name) {
  const char *slash = strrchr(name, '/');
  char *folder = slash ? take_copy_of(name, slash == name ? 1 : (size_t)(slash - name)) : take_copy(".");
  int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0 || fsync(opened) != 0) fail_at(folder, 0, "cannot be synced: %s", strerror(errno));
  close(opened);
  free(folder);
}

/* Appends the text and waits until it is on the disk. A full disk takes a part of it and refuses the rest: the file is
 * then cut back to its size. */
static void write_row(int file, const char *name, const struct text *row, size_t size) {
  size_t done = 0;
  while (done < row->length) {
    ssize_t written = write(file, row->bytes + done, row->length - done);
    if (written < 0 && errno != EINTR) break;
    if (written > 0) done += (size_t)written;
  }
  if (done == row->length && fsync(file) == 0) return;
  const char *error = strerror(errno);
  bool restored = ftruncate(file, (off_t)size) == 0;
  fail_at(name, 0, "the row cannot be written: %s; %s", error,
          restored ? "the file is as it was" : "the file may now end in a part of it (see ledger check)");
}

static void append_row(const char *name) {
  struct text object = {0}, history = {0}, row = {0};
  read_object(&object);
  signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error of write, not a death */
  int file = open_locked(name);
  read_all(file, name, &history);
  size_t lines = 0, start = 0; /* of the last line */
  for (size_t next = 0; next < history.length; lines++) {
    const char *newline = memchr(history.bytes + next, '\n', history.length - next);
    start = next;
    next = newline ? (size_t)(newline - history.bytes) + 1 : history.length;
  }
  bool torn = history.length && history.bytes[history.length - 1] != '\n';
  struct digest previous = {""};
  if (lines) previous = digest_of(history.bytes + start, history.length - start - !torn);
  char number[32];
  snprintf(number, sizeof number, "%zu", lines + 1);
  if (torn) text_append_char(&row, '\n');
  text_append_string(&row, "{\"row\":");
  text_append_string(&row, number);
  text_append_string(&row, ",\"previous\":\"");
  text_append_string(&row, previous.hex);
  text_append_char(&row, '"');
  size_t first = 1;
  while (is_space(object.bytes[first])) first++;
  if (object.bytes[first] != '}') text_append_char(&row, ',');
  text_append(&row, object.bytes + first, object.length - first);
  text_append_char(&row, '\n');
  write_row(file, name, &row, history.length);
  if (!history.length) sync_folder_of(name);
  if (torn) report_warning_at(name, lines, "line %zu is not whole: it had no newline; the row follows it", lines);
  close(file);
  text_free(&object);
  text_free(&history);
  text_free(&row);
}

/* ---- check ---- */

static bool is_value(const struct member *member, const char *text) {
  return member->length == strlen(text) && memcmp(member->value, text, member->length) == 0;
}

/* fail() unless the line is what append would have written after a line with this digest. */
static void check_line(const char *name, size_t number, const char *line, size_t length,
                       const struct digest *previous) {
  struct member own[OWN_FIELDS] = {{.name = "row"}, {.name = "previous"}};
  const char *expected;
  size_t at;
  char row[32], quoted[sizeof previous->hex + 2];
  if (!is_json_object(line, length, own, OWN_FIELDS, &expected, &at))
    fail_at(name, number, "not one JSON object: expected %s at byte %zu", expected, at + 1);
  for (size_t i = 0; i < OWN_FIELDS; i++) {
    if (own[i].count != 1)
      fail_at(name, number, "has the field \"%s\" %zu times, expected once", own[i].name, own[i].count);
  }
  snprintf(row, sizeof row, "%zu", number);
  if (!is_value(&own[ROW], row))
    fail_at(name, number, "is row %.*s, expected %s", (int)own[ROW].length, own[ROW].value, row);
  snprintf(quoted, sizeof quoted, "\"%s\"", previous->hex);
  if (is_value(&own[PREVIOUS], quoted)) return;
  if (number == 1) fail_at(name, number, "the field \"previous\" of the first row is not empty");
  fail_at(name, number, "does not follow line %zu: one of them was changed (that line has the SHA-256 %s)", number - 1,
          previous->hex);
}

static void check_history(const char *name) {
  struct text history = {0};
  bool from_stdin = strcmp(name, "-") == 0;
  int file = from_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
  if (from_stdin) name = "standard input";
  if (file < 0) fail_at(name, 0, "cannot be opened: %s", strerror(errno));
  while (!from_stdin && flock(file, LOCK_SH) != 0) { /* a row that is being written is not a torn one */
    if (errno != EINTR) fail_at(name, 0, "cannot be locked: %s", strerror(errno));
  }
  read_all(file, name, &history);
  size_t lines = 0;
  struct digest previous = {""};
  for (size_t start = 0; start < history.length;) {
    const char *line = history.bytes + start;
    const char *newline = memchr(line, '\n', history.length - start);
    lines++;
    if (!newline) fail_at(name, lines, "line %zu is not whole: it has no newline", lines);
    size_t length = (size_t)(newline - line);
    check_line(name, lines, line, length, &previous);
    previous = digest_of(line, length);
    start += length + 1;
  }
  printf("rows=%zu\n", lines);
  if (!from_stdin) close(file);
  text_free(&history);
}

int main(int argc, char **argv) {
  static const struct option long_options[] = {
      {"file", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'}, {0}};
  report_tool("ledger");
  const char *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : "", *file = NULL;
  optind = *verb ? 2 : 1;
  for (int option; (option = getopt_long(argc, argv, ":f:hV", long_options, NULL)) != -1;) {
    switch (option) {
      case 'f': file = optarg; break;
      case 'h': show_help(usage);
      case 'V': show_version();
      default: fail_usage("%s: unknown option, or an option without its value", argv[optind - 1]);
    }
  }
  bool appends = strcmp(verb, "append") == 0;
  if (!*verb) fail_usage("no command given, expected append or check");
  if (!appends && strcmp(verb, "check") != 0) fail_usage("unknown command \"%s\", expected append or check", verb);
  if (optind < argc) fail_usage("%s: unexpected argument \"%s\"", verb, argv[optind]);
  if (!file || !*file) fail_usage("%s: --file FILE is missing", verb);
  if (appends) append_row(file);
  else check_history(file);
  close_output();
  return 0;
}

#include "input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"

enum { BLOCK_SIZE = 1 << 18 };

struct input {
  struct archive *archive;
  int descriptor;
  char *name;
  char *buffer; /* bytes start..end are read and not yet consumed */
  size_t start, end, capacity;
  size_t line_number;
  bool line_ended; /* the line last returned had its line end */
  bool at_end;
};

/* libarchive has no words for a gzip file that ends early. */
static const char *problem_of(struct archive *archive) {
  const char *problem = archive_error_string(archive);
  return problem ? problem : "the compressed data ends early";
}

static void open_archive(struct input *input) {
  struct archive *archive = input->archive = archive_read_new();
  if (!archive) fail("out of memory (libarchive)");
  archive_read_support_filter_gzip(archive);
  archive_read_support_filter_zstd(archive);
  archive_read_support_filter_xz(archive);
  archive_read_support_filter_bzip2(archive);
  archive_read_support_filter_lz4(archive);
  archive_read_support_format_raw(archive);
  archive_read_support_format_empty(archive);
  struct archive_entry *entry;
  if (archive_read_open_fd(archive, input->descriptor, BLOCK_SIZE) != ARCHIVE_OK)
    fail_at(input->name, 0, "cannot be read: %s", problem_of(archive));
  int outcome = archive_read_next_header(archive, &entry);
  if (outcome == ARCHIVE_EOF) input->at_end = true;
  else if (outcome != ARCHIVE_OK) fail_at(input->name, 0, "cannot be read: %s", problem_of(archive));
}

struct input *input_open_descriptor(int descriptor, const char *name) {
  struct input *input = take(sizeof *input);
  *input = (struct input){.descriptor = descriptor, .name = take_copy(name)};
  open_archive(input);
  return input;
}

struct input *input_open(const char *path) {
  if (strcmp(path, "-") == 0) path = NULL;
  int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (descriptor < 0) fail_at(path, 0, "cannot be opened: %s", strerror(errno));
  const char *name = path ? path : "<stdin>";
  struct stat status;
  if (fstat(descriptor, &status) != 0) fail_at(name, 0, "cannot be examined: %s", strerror(errno));
  if (S_ISDIR(status.st_mode)) fail_at(name, 0, "is a directory; a file is expected");
  return input_open_descriptor(descriptor, name);
}

/* Reads one more block behind what is not yet consumed; false when there is none. */
static bool fill(struct input *input) {
  if (input->at_end) return false;
  if (input->start > 0) {
    memmove(input->buffer, input->buffer + input->start, input->end - input->start);
    input->end -= input->start;
    input->start = 0;
  }
  grow(&input->buffer, &input->capacity, sum_of(input->end, BLOCK_SIZE + 1), 1);
  ssize_t count = archive_read_data(input->archive, input->buffer + input->end, input->capacity - input->end - 1);
  if (count < 0) fail_at(input->name, 0, "cannot be read: %s", problem_of(input->archive));
  if (count == 0) input->at_end = true;
  input->end += (size_t)count;
  return count > 0;
}

bool input_line(struct input *input, char **line, size_t *length) {
  size_t searched = 0;
  char *end;
  for (;;) {
    size_t available = input->end - input->start;
    char *from = input->buffer + input->start;
    end = available > searched ? memchr(from + searched, '\n', available - searched) : NULL;
    if (end) break;
    searched = available;
    if (!fill(input)) {
      if (input->start == input->end) return false;
      end = input->buffer + input->end;
      break;
    }
  }
  *line = input->buffer + input->start;
  *length = (size_t)(end - *line);
  input->start += *length;
  input->line_ended = input->start < input->end;
  if (input->line_ended) input->start++;
  if (*length > 0 && end[-1] == '\r') --*length;
  (*line)[*length] = '\0';
  input->line_number++;
  return true;
}

size_t input_peek(struct input *input, const char **bytes, size_t length) {
  while (input->end - input->start < length && fill(input)) continue;
  size_t available = input->end - input->start;
  *bytes = available ? input->buffer + input->start : "";
  return available < length ? available : length;
}

bool input_line_ended(const struct input *input) { return input->line_ended; }
const char *input_name(const struct input *input) { return input->name; }
size_t input_line_number(const struct input *input) { return input->line_number; }

void input_close(struct input *input) {
  archive_read_free(input->archive);
  if (input->descriptor != STDIN_FILENO) close(input->descriptor);
  free(input->buffer);
  free(input->name);
  free(input);
}

char *input_whole(const char *path, size_t *length) {
  struct input *input = input_open(path);
  while (fill(input)) continue;
  struct text all = {0};
  text_append(&all, input->end ? input->buffer + input->start : "", input->end - input->start);
  input_close(input);
  *length = all.length;
  return all.bytes;
}

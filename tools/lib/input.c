#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"
#include "unpack.h"

struct input {
  struct unpack *source;
  int descriptor;
  char *name;
  char *buffer; /* bytes start..end are read and not yet consumed */
  size_t start, end, capacity;
  size_t line_number;
  bool line_ended; /* the line last returned had its line end */
  bool at_end;
  bool cut_allowed, was_cut;
  uint64_t bytes_read; /* unpacked */
};

struct input *input_open_descriptor(int descriptor, const char *name) {
  struct input *input = take(sizeof *input);
  *input = (struct input){.descriptor = descriptor, .name = take_copy(name), .source = unpack_open(descriptor)};
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

/* A packed stream that ended early is an error, or the end of the input for who can use what there is. */
static void end_input(struct input *input) {
  input->at_end = true;
  input->was_cut = unpack_was_cut(input->source);
  if (input->was_cut && !input->cut_allowed)
    fail_at(input->name, 0, "cannot be read: the compressed data ends early");
}

/* Moves what is not yet consumed to the front of the buffer, and makes room for length more bytes and a NUL. */
static void make_room(struct input *input, size_t length) {
  if (input->start > 0) {
    memmove(input->buffer, input->buffer + input->start, input->end - input->start);
    input->end -= input->start;
    input->start = 0;
  }
  grow(&input->buffer, &input->capacity, sum_of(input->end, sum_of(length, 1)), 1);
}

/* The same without a copy in between, of what is not packed. */
static bool fill_plain(struct input *input) {
  enum { BLOCK = 1 << 17 };
  make_room(input, BLOCK);
  size_t length = 0;
  switch (unpack_read_plain(input->source, input->buffer + input->end, BLOCK, &length)) {
    case UNPACK_BYTES: break;
    case UNPACK_END: end_input(input); return false;
    case UNPACK_FAILED: fail_at(input->name, 0, "cannot be read: %s", unpack_problem(input->source));
  }
  input->end += length;
  input->bytes_read += length;
  return true;
}

/* Reads one more block behind what is not yet consumed; false when there is none. */
static bool fill(struct input *input) {
  const char *block;
  size_t length;
  if (input->at_end) return false;
  if (unpack_is_plain(input->source)) return fill_plain(input);
  switch (unpack_next(input->source, &block, &length)) {
    case UNPACK_BYTES: break;
    case UNPACK_END: end_input(input); return false;
    case UNPACK_FAILED: fail_at(input->name, 0, "cannot be read: %s", unpack_problem(input->source));
  }
  make_room(input, length);
  memcpy(input->buffer + input->end, block, length);
  input->end += length;
  input->bytes_read += length;
  return true;
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

size_t input_take(struct input *input, const char **bytes, size_t length) {
  length = input_peek(input, bytes, length);
  input->start += length;
  return length;
}

size_t input_read_some(struct input *input, char *bytes, size_t capacity) {
  size_t waiting = input->end - input->start;
  if (waiting == 0 && !unpack_is_plain(input->source)) {
    fill(input);
    waiting = input->end - input->start;
  }
  if (waiting > 0 || input->at_end) {
    size_t count = waiting < capacity ? waiting : capacity;
    if (count > 0) memcpy(bytes, input->buffer + input->start, count);
    input->start += count;
    return count;
  }
  size_t length = 0;
  switch (unpack_read_plain(input->source, bytes, capacity, &length)) {
    case UNPACK_BYTES: break;
    case UNPACK_END: end_input(input); break;
    case UNPACK_FAILED: fail_at(input->name, 0, "cannot be read: %s", unpack_problem(input->source));
  }
  input->bytes_read += length;
  return length;
}

void input_pass_lines(struct input *input, size_t count) { input->line_number += count; }

bool input_line_ended(const struct input *input) { return input->line_ended; }
const char *input_name(const struct input *input) { return input->name; }
size_t input_line_number(const struct input *input) { return input->line_number; }

void input_allow_cut(struct input *input) { input->cut_allowed = true; }
bool input_was_cut(const struct input *input) { return input->was_cut; }
uint64_t input_bytes_read(const struct input *input) { return input->bytes_read; }

void input_close(struct input *input) {
  unpack_close(input->source);
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

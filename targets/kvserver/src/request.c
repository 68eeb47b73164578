#include "request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
  LONGEST_LINE = 64 * 1024,
  MOST_DIGITS = 9, /* of the lengths in a request */
};

/* What is left to read. */
struct cursor {
  const char *at, *end;
};

static struct request *request_new(void) { return allocate_zeroed(sizeof(struct request)); }

void request_free(struct request *request) {
  for (size_t i = 0; i < request->count; i++) buffer_free(&request->arguments[i]);
  free(request);
}

static void add_argument(struct request *request, const char *bytes, size_t length) {
  buffer_append(&request->arguments[request->count++], bytes, length);
}

/* Reads `MARK digits CR LF`. */
static enum request_status read_length(struct cursor *cursor, char mark, size_t most, size_t *length) {
  if (cursor->at == cursor->end) return REQUEST_PARTIAL;
  if (*cursor->at != mark) return REQUEST_WRONG;
  const char *at = cursor->at + 1;
  size_t digits = 0;
  *length = 0;
  while (at < cursor->end && *at >= '0' && *at <= '9' && digits < MOST_DIGITS) {
    *length = *length * 10 + (size_t)(*at++ - '0');
    digits++;
  }
  if (digits > 0 && *length > most) return REQUEST_WRONG;
  if (at == cursor->end) return REQUEST_PARTIAL;
  if (digits == 0 || *at != '\r') return REQUEST_WRONG;
  if (at + 1 == cursor->end) return REQUEST_PARTIAL;
  if (at[1] != '\n') return REQUEST_WRONG;
  cursor->at = at + 2;
  return REQUEST_WHOLE;
}

/* Reads a bulk string: its bytes stay where they are. */
static enum request_status read_bulk(struct cursor *cursor, const char **bytes, size_t *length) {
  enum request_status status = read_length(cursor, '$', LONGEST_ARGUMENT, length);
  if (status != REQUEST_WHOLE) return status;
  if ((size_t)(cursor->end - cursor->at) < *length + 2) return REQUEST_PARTIAL;
  *bytes = cursor->at;
  cursor->at += *length + 2;
  return memcmp(cursor->at - 2, "\r\n", 2) == 0 ? REQUEST_WHOLE : REQUEST_WRONG;
}

/* An array: looked at whole before anything is allocated, since the rest of it may not have come yet. */
static enum request_status read_array(struct cursor *cursor, struct request **request, const char **problem) {
  size_t count, length;
  const char *bytes;
  *problem = "expected an array of at most 2048 bulk strings of at most 64 MB";
  enum request_status status = read_length(cursor, '*', MOST_ARGUMENTS, &count);
  struct cursor begin = *cursor;
  for (size_t i = 0; status == REQUEST_WHOLE && i < count; i++) status = read_bulk(cursor, &bytes, &length);
  if (status != REQUEST_WHOLE || count == 0) return status;
  *request = request_new();
  while (begin.at < cursor->at && read_bulk(&begin, &bytes, &length) == REQUEST_WHOLE)
    add_argument(*request, bytes, length);
  return REQUEST_WHOLE;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* A line of words with blanks between. */
static enum request_status read_line(struct cursor *cursor, struct request **request, const char **problem) {
  const char *end = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
  *problem = "expected a line of at most 65536 bytes with at most 2048 words";
  if (!end) return cursor->end - cursor->at > LONGEST_LINE ? REQUEST_WRONG : REQUEST_PARTIAL;
  const char *at = cursor->at, *stop = end > at && end[-1] == '\r' ? end - 1 : end;
  cursor->at = end + 1;
  while (at < stop) {
    const char *word = at;
    while (at < stop && !is_blank(*at)) at++;
    if (at > word) {
      if (!*request) *request = request_new();
      if ((*request)->count == MOST_ARGUMENTS) {
        request_free(*request);
        return REQUEST_WRONG;
      }
      add_argument(*request, word, (size_t)(at - word));
    } else {
      at++;
    }
  }
  return REQUEST_WHOLE;
}

enum request_status request_read(const char *bytes, size_t length, struct request **request, size_t *used,
                                 const char **problem) {
  struct cursor cursor = {bytes, bytes + length};
  *request = NULL;
  if (length == 0) return REQUEST_PARTIAL;
  enum request_status status =
      *bytes == '*' ? read_array(&cursor, request, problem) : read_line(&cursor, request, problem);
  *used = (size_t)(cursor.at - bytes);
  return status;
}

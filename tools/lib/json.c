#include "json.h"

#include <stdint.h>
#include <string.h>

#include "folded.h"
#include "report.h"

void json_fail(struct json_cursor *cursor, const char *expected) {
  replace_controls(cursor->at, (size_t)(cursor->end - cursor->at)); /* they are shown */
  fail_at(input_name(cursor->input), input_line_number(cursor->input), "%s: %s is expected, '%.20s' was found",
          cursor->what, expected, cursor->at);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void skip_blanks(struct json_cursor *cursor) {
  while (cursor->at < cursor->end && is_blank(*cursor->at)) cursor->at++;
}

bool json_next_is(struct json_cursor *cursor, char c) {
  skip_blanks(cursor);
  if (cursor->at == cursor->end || *cursor->at != c) return false;
  cursor->at++;
  return true;
}

void json_expect(struct json_cursor *cursor, char c, const char *expected) {
  if (!json_next_is(cursor, c)) json_fail(cursor, expected);
}

bool json_string_is_next(struct json_cursor *cursor) {
  skip_blanks(cursor);
  return cursor->at < cursor->end && *cursor->at == '"';
}

/* The four digits of \uXXXX. */
static uint32_t code_unit(struct json_cursor *cursor) {
  uint32_t code = 0;
  for (int i = 0; i < 4; i++) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *digit = cursor->at < cursor->end && *cursor->at ? strchr(digits, *cursor->at) : NULL;
    if (!digit) json_fail(cursor, "a digit of \\uXXXX");
    code = code * 16 + (uint32_t)(digit - digits) % 16;
    cursor->at++;
  }
  return code;
}

/* A character outside of the first 65,536 is written as two; half of one becomes U+FFFD. */
static uint32_t code_point(struct json_cursor *cursor) {
  enum { REPLACEMENT = 0xfffd };
  uint32_t first = code_unit(cursor);
  if (first < 0xd800 || first > 0xdfff) return first;
  bool has_second = first < 0xdc00 && cursor->end - cursor->at >= 6 && cursor->at[0] == '\\' && cursor->at[1] == 'u';
  if (!has_second) return REPLACEMENT;
  char *second_escape = cursor->at;
  cursor->at += 2;
  uint32_t second = code_unit(cursor);
  if (second < 0xdc00 || second > 0xdfff) {
    cursor->at = second_escape; /* a character of its own */
    return REPLACEMENT;
  }
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

/* As UTF-8: never longer than its escape. */
static char *put_code_point(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
    return to;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned char marks[] = {0, 0xc0, 0xe0, 0xf0};
  *to++ = (char)(marks[more] | code >> (6 * more));
  while (more-- > 0) *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
  return to;
}

char *json_string(struct json_cursor *cursor, size_t *length) {
  json_expect(cursor, '"', "a string");
  char *start = cursor->at, *to = cursor->at;
  while (cursor->at < cursor->end && *cursor->at != '"') {
    char c = *cursor->at++;
    if (c != '\\') {
      *to++ = c;
      continue;
    }
    if (cursor->at == cursor->end) json_fail(cursor, "an escape");
    switch (*cursor->at++) {
      case '"': *to++ = '"'; break;
      case '\\': *to++ = '\\'; break;
      case '/': *to++ = '/'; break;
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'n': *to++ = '\n'; break;
      case 'r': *to++ = '\r'; break;
      case 't': *to++ = '\t'; break;
      case 'u': to = put_code_point(to, code_point(cursor)); break;
      default: json_fail(cursor, "an escape");
    }
  }
  if (cursor->at == cursor->end) json_fail(cursor, "the end of a string");
  cursor->at++;
  *length = (size_t)(to - start);
  return start;
}

/* Passes the rest of a string whose opening quote is behind bytes; the end where it has none. */
static const char *end_of_string(const char *bytes, const char *end) {
  while (bytes < end && *bytes != '"') bytes += *bytes == '\\' && bytes + 1 < end ? 2 : 1;
  return bytes;
}

void json_value(struct json_cursor *cursor, char **value, size_t *length) {
  skip_blanks(cursor);
  char *start = cursor->at;
  size_t depth = 0;
  for (; cursor->at < cursor->end; cursor->at++) {
    char c = *cursor->at;
    if (c == '"') {
      cursor->at += end_of_string(cursor->at + 1, cursor->end) - cursor->at;
      if (cursor->at == cursor->end) json_fail(cursor, "the end of a string");
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
  }
  *value = start;
  *length = (size_t)(cursor->at - start);
  while (*length > 0 && is_blank(start[*length - 1])) --*length;
  if (*length == 0) json_fail(cursor, "a value");
}

bool json_is_whole(const char *bytes, size_t length) {
  size_t depth = 0;
  for (const char *at = bytes, *end = bytes + length; at < end; at++) {
    if (*at == '"') {
      at = end_of_string(at + 1, end);
      if (at == end) return false;
    } else if (*at == '{' || *at == '[') {
      depth++;
    } else if ((*at == '}' || *at == ']') && depth > 0) {
      depth--;
    }
  }
  return depth == 0;
}

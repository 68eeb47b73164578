#include "json.h"

#include <stdint.h>
#include <string.h>

enum { DEEPEST = 256 }; /* levels; each takes a frame of the stack */

struct scan {
  const char *at, *end;
  const char *expected; /* set by the first error; at then stands where it was missed */
  struct member *members;
  size_t count;
  int depth;
};

static bool scan_value(struct scan *scan);

static bool miss(struct scan *scan, const char *expected) {
  if (!scan->expected) scan->expected = expected;
  return false;
}

static int next(const struct scan *scan) { return scan->at < scan->end ? (unsigned char)*scan->at : -1; }

static bool take_char(struct scan *scan, char c, const char *expected) {
  if (next(scan) != c) return miss(scan, expected);
  scan->at++;
  return true;
}

static void skip_space(struct scan *scan) {
  while (scan->at < scan->end && memchr(" \t\n\r", *scan->at, 4)) scan->at++;
}

static int hex_digit(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Four hexadecimal digits; -1 where they are not there. */
static int32_t scan_unit(struct scan *scan) {
  if (scan->end - scan->at < 4) return -1;
  int32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit((unsigned char)scan->at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  scan->at += 4;
  return unit;
}

/* What follows a backslash. *c gets the character that it means. */
static bool scan_escape(struct scan *scan, uint32_t *c) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  int letter = next(scan);
  const char *found = letter > 0 ? strchr(letters, letter) : NULL;
  if (found) {
    *c = (unsigned char)meanings[found - letters];
    scan->at++;
    return true;
  }
  if (letter != 'u') return miss(scan, "one of \"\\/bfnrtu after a backslash");
  scan->at++;
  int32_t unit = scan_unit(scan);
  if (unit < 0) return miss(scan, "four hexadecimal digits after \\u");
  if (unit < 0xD800 || unit > 0xDFFF) {
    *c = (uint32_t)unit;
    return true;
  }
  if (unit > 0xDBFF || next(scan) != '\\' || scan->end - scan->at < 2 || scan->at[1] != 'u')
    return miss(scan, "a pair of surrogates");
  scan->at += 2;
  int32_t low = scan_unit(scan);
  if (low < 0xDC00 || low > 0xDFFF) return miss(scan, "a pair of surrogates");
  *c = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
  return true;
}

/* One character outside ASCII, in the shortest form of UTF-8, no surrogate, none above U+10FFFF. */
static bool scan_utf8(struct scan *scan) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  int first = next(scan), length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  uint32_t c = (uint32_t)first & (0x7Fu >> length);
  if (first < 0xC2 || first > 0xF4 || scan->end - scan->at < length) return miss(scan, "UTF-8");
  for (int i = 1; i < length; i++) {
    unsigned char byte = (unsigned char)scan->at[i];
    if ((byte & 0xC0) != 0x80) return miss(scan, "UTF-8");
    c = c << 6 | (byte & 0x3F);
  }
  if (c < least[length] || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) return miss(scan, "UTF-8");
  scan->at += length;
  return true;
}

/* A string. Where names is not NULL, names[i] gets whether it is the name of members[i]. */
static bool scan_string(struct scan *scan, bool *names) {
  size_t length = 0;
  for (size_t i = 0; names && i < scan->count; i++) names[i] = true;
  if (!take_char(scan, '"', "a string")) return false;
  for (;;) {
    int byte = next(scan);
    uint32_t c = (uint32_t)byte;
    if (byte < 0) return miss(scan, "the end of the string");
    if (byte < 0x20) return miss(scan, "no control character in a string");
    if (byte >= 0x80) {
      if (!scan_utf8(scan)) return false;
    } else {
      scan->at++;
      if (byte == '"') break;
      if (byte == '\\' && !scan_escape(scan, &c)) return false;
    }
    for (size_t i = 0; names && i < scan->count; i++)
      names[i] = names[i] && c && length < strlen(scan->members[i].name) &&
                 c == (unsigned char)scan->members[i].name[length];
    length++;
  }
  for (size_t i = 0; names && i < scan->count; i++) names[i] = names[i] && !scan->members[i].name[length];
  return true;
}

static bool scan_digits(struct scan *scan) {
  if (next(scan) < '0' || next(scan) > '9') return miss(scan, "a digit");
  while (next(scan) >= '0' && next(scan) <= '9') scan->at++;
  return true;
}

static bool scan_number(struct scan *scan) {
  if (next(scan) == '-') scan->at++;
  if (next(scan) == '0') scan->at++;
  else if (!scan_digits(scan)) return false;
  if (next(scan) == '.') {
    scan->at++;
    if (!scan_digits(scan)) return false;
  }
  if (next(scan) == 'e' || next(scan) == 'E') {
    scan->at++;
    if (next(scan) == '+' || next(scan) == '-') scan->at++;
    if (!scan_digits(scan)) return false;
  }
  return true;
}

static bool scan_word(struct scan *scan, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0) return miss(scan, "a value");
  scan->at += length;
  return true;
}

static bool scan_array(struct scan *scan) {
  scan->at++;
  skip_space(scan);
  if (next(scan) == ']') {
    scan->at++;
    return true;
  }
  for (;;) {
    if (!scan_value(scan)) return false;
    if (next(scan) != ',') return take_char(scan, ']', "',' or ']'");
    scan->at++;
  }
}

/* A name, a colon and a value. Of the outermost object, it may be one that the caller looks for. */
static bool scan_member(struct scan *scan) {
  enum { MOST = 4 };
  bool names[MOST] = {false}, outermost = scan->depth == 1;
  skip_space(scan);
  if (!scan_string(scan, outermost && scan->count <= MOST ? names : NULL)) return false;
  skip_space(scan);
  if (!take_char(scan, ':', "':'")) return false;
  skip_space(scan);
  const char *start = scan->at;
  if (!scan_value(scan)) return false;
  const char *end = scan->at;
  while (end > start && memchr(" \t\n\r", end[-1], 4)) end--;
  for (size_t i = 0; i < scan->count && i < MOST; i++) {
    if (!names[i]) continue;
    struct member *member = &scan->members[i];
    *member = (struct member){member->name, member->count + 1, start, (size_t)(end - start)};
  }
  return true;
}

static bool scan_object(struct scan *scan) {
  if (!take_char(scan, '{', "an object")) return false;
  skip_space(scan);
  if (next(scan) == '}') {
    scan->at++;
    return true;
  }
  for (;;) {
    if (!scan_member(scan)) return false;
    if (next(scan) != ',') return take_char(scan, '}', "',' or '}'");
    scan->at++;
  }
}

/* A value, and the white space after it. */
static bool scan_value(struct scan *scan) {
  if (++scan->depth > DEEPEST) return miss(scan, "no more than 256 levels");
  skip_space(scan);
  bool good;
  switch (next(scan)) {
    case '{': good = scan_object(scan); break;
    case '[': good = scan_array(scan); break;
    case '"': good = scan_string(scan, NULL); break;
    case 't': good = scan_word(scan, "true"); break;
    case 'f': good = scan_word(scan, "false"); break;
    case 'n': good = scan_word(scan, "null"); break;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      good = scan_number(scan);
      break;
    default: good = miss(scan, "a value");
  }
  if (good) skip_space(scan);
  scan->depth--;
  return good;
}

bool is_json_object(const char *text, size_t length, struct member *members, size_t count, const char **expected,
                    size_t *at) {
  struct scan scan = {.at = text, .end = text + length, .members = members, .count = count};
  skip_space(&scan);
  bool good = next(&scan) == '{' ? scan_value(&scan) : miss(&scan, "an object");
  if (good && scan.at < scan.end) good = miss(&scan, "nothing after the object");
  *expected = scan.expected;
  *at = (size_t)(scan.at - text);
  return good;
}

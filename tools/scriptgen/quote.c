#include "quote.h"

#include <string.h>

static bool is_control(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Bytes of UTF-8 beyond ASCII count as letters: `_` between letters is no emphasis. */
static bool is_word(char c) { return is_digit(c) || is_letter(c) || (unsigned char)c >= 0x80; }

void quote_shell(struct text *output, const char *value, size_t length) {
  const char *end = value + length, *quote;
  text_append_char(output, '\'');
  while (value < end && (quote = memchr(value, '\'', (size_t)(end - value)))) {
    text_append(output, value, (size_t)(quote - value));
    text_append_string(output, "'\\''");
    value = quote + 1;
  }
  text_append(output, value, (size_t)(end - value));
  text_append_char(output, '\'');
}

static bool splits_words(char c) { return c == ' ' || c == '\t' || c == '\n'; }

void quote_shell_words(struct text *output, const char *value, size_t length) {
  bool first = true;
  for (size_t start = 0, end; start < length; start = end + 1) {
    for (end = start; end < length && !splits_words(value[end]); end++) continue;
    if (end == start) continue;
    if (!first) text_append_char(output, ' ');
    first = false;
    quote_shell(output, value + start, end - start);
  }
}

void quote_comment(struct text *output, const char *value, size_t length) {
  for (size_t i = 0; i < length; i++) text_append_char(output, is_control(value[i]) ? ' ' : value[i]);
}

/* Whether the character at value[i] would be markup there. first: nothing but blanks stands before it in the value; the
 * value may then stand at the start of a line, or behind markup of the template such as `]`. */
static bool means_something(const char *value, size_t length, size_t i, bool first) {
  char before = i > 0 ? value[i - 1] : ' ', after = i + 1 < length ? value[i + 1] : ' ';
  if (first && value[i] && strchr("#+->=:(.)!", value[i])) return true;
  switch (value[i]) {
    case '\\': case '`': case '*': case '{': case '}': case '[': case ']': case '<': case '|': case '~': case '$':
      return true;
    case '_': return !is_word(before) || !is_word(after);
    case '&': return i + 1 == length || after == '#' || is_letter(after); /* the start of an entity */
    case '#': return (is_blank(before) || before == '#') && is_blank(after); /* the end of a heading's line */
    case '!': return i + 1 == length;                                     /* an image, before a link of the template */
    default: return false;
  }
}

void quote_markdown(struct text *output, const char *value, size_t length) {
  bool first = true;         /* nothing but blanks was seen */
  bool leading_digits = true; /* nothing but blanks and digits was seen: `1.` and `1)` there begin a list */
  for (size_t i = 0; i < length; i++) {
    char c = value[i];
    if (is_blank(c)) {
      if (i == 0 || !is_blank(value[i - 1])) text_append_char(output, ' ');
      continue;
    }
    if (is_control(c)) {
      text_append_char(output, '?');
    } else if (c == '\\' && i + 1 == length) {
      text_append_string(output, "&#92;"); /* `\\` before the `|` of a table would escape that, too */
    } else {
      bool list_item = leading_digits && !first && (c == '.' || c == ')');
      if (list_item || means_something(value, length, i, first)) text_append_char(output, '\\');
      text_append_char(output, c);
    }
    first = false;
    leading_digits = leading_digits && is_digit(c);
  }
}

/* The length of the longest run of backquotes. */
static size_t longest_run(const char *value, size_t length) {
  size_t longest = 0, run = 0;
  for (size_t i = 0; i < length; i++) {
    run = value[i] == '`' ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest;
}

static void append_fence(struct text *output, size_t count) {
  while (count-- > 0) text_append_char(output, '`');
}

void quote_markdown_code(struct text *output, const char *value, size_t length, bool in_table) {
  if (length == 0) return;
  size_t fence = longest_run(value, length) + 1;
  /* One space is taken off at both ends of a code span that has one at both ends and is not all spaces. */
  bool pad = value[0] == '`' || value[length - 1] == '`' || (is_blank(value[0]) && is_blank(value[length - 1]));
  append_fence(output, fence);
  if (pad) text_append_char(output, ' ');
  for (size_t i = 0; i < length; i++) {
    if (in_table && value[i] == '|') text_append_char(output, '\\');
    text_append_char(output, is_blank(value[i]) ? ' ' : is_control(value[i]) ? '?' : value[i]);
  }
  if (pad) text_append_char(output, ' ');
  append_fence(output, fence);
}

void quote_markdown_block(struct text *output, const char *value, size_t length) {
  size_t fence = longest_run(value, length) + 1;
  if (fence < 3) fence = 3;
  append_fence(output, fence);
  text_append_char(output, '\n');
  for (size_t i = 0; i < length; i++)
    text_append_char(output, is_control(value[i]) && !is_blank(value[i]) ? '?' : value[i]);
  if (length > 0 && value[length - 1] != '\n') text_append_char(output, '\n');
  append_fence(output, fence);
}

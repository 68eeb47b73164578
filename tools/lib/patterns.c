/* Patterns for the names of functions: read from text, and matched. */
#include "patterns.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"

static void add_pattern(struct patterns *patterns, const char *glob, size_t length, const char *note,
                        size_t note_length) {
  if (patterns->count == INT_MAX) fail("more than %d patterns", INT_MAX);
  grow(&patterns->list, &patterns->capacity, patterns->count + 1, sizeof *patterns->list);
  int number = (int)patterns->count++;
  const char *star = memchr(glob, '*', length);
  patterns->list[number] = (struct pattern){
      .glob = take_copy_of(glob, length),
      .length = length,
      .literal = star ? (size_t)(star - glob) : length,
      .note = note ? take_copy_of(note, note_length) : NULL,
      .next = NO_PATTERN,
  };
  int *first = &patterns->first[(unsigned char)glob[0]], *last = &patterns->last[(unsigned char)glob[0]];
  if (*first) patterns->list[*last - 1].next = number;
  else *first = number + 1;
  *last = number + 1;
}

/* Takes each "<*>" out of the pattern: so are names without their template arguments (symbolize --demangle=simple). */
static size_t without_arguments(char *glob, size_t length) {
  static const char any[] = "<*>";
  size_t kept = 0;
  for (size_t i = 0; i < length; i++) {
    if (length - i >= sizeof any - 1 && memcmp(glob + i, any, sizeof any - 1) == 0) i += sizeof any - 2;
    else glob[kept++] = glob[i];
  }
  return kept;
}

static void add_line(struct patterns *patterns, const char *name, size_t number, const char *line, size_t length) {
  if (length > 0 && line[length - 1] == '\r') length--;
  if (length == 0 || line[0] == '#') return;
  const char *tab = memchr(line, '\t', length);
  size_t glob_length = tab ? (size_t)(tab - line) : length;
  if (glob_length == 0) fail_at(name, number, "no pattern stands before the tab");
  if (tab && !patterns->has_notes) fail_at(name, number, "a tab follows the pattern; a line is one pattern");
  if (patterns->has_notes && (!tab || glob_length + 1 == length))
    fail_at(name, number, "a pattern, a tab and the name of a data structure are expected");
  const char *note = tab ? tab + 1 : NULL;
  size_t note_length = tab ? length - glob_length - 1 : 0;
  add_pattern(patterns, line, glob_length, note, note_length);
  char *plain = take_copy_of(line, glob_length);
  size_t plain_length = without_arguments(plain, glob_length);
  if (plain_length < glob_length) add_pattern(patterns, plain, plain_length, note, note_length);
  free(plain);
}

void patterns_add_text(struct patterns *patterns, const char *name, const char *text, size_t length) {
  const char *end = text + length;
  for (size_t number = 1; text < end; number++) {
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    size_t line_length = (size_t)((newline ? newline : end) - text);
    add_line(patterns, name, number, text, line_length);
    text += line_length + 1;
    if (!newline) break;
  }
}

void patterns_add_file(struct patterns *patterns, const char *path) {
  size_t length;
  char *text = input_whole(path, &length);
  const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
  if (length > 0 && memchr(text, '\0', length)) fail_at(name, 0, "holds a NUL byte; text is expected");
  if (length > 0) patterns_add_text(patterns, name, text, length);
  free(text);
}

/* Each '*' takes as little as it can; where what follows does not fit, the last one takes a byte more. The first that
 * fits so is as good as any for what comes before it. */
static bool stars_fit(const char *glob, size_t glob_length, const char *name, size_t length) {
  size_t at = 0, in = 0, star = SIZE_MAX, retry = 0;
  while (at < length) {
    if (in < glob_length && glob[in] == '*') {
      star = in++;
      if (in == glob_length) return true;
      retry = at;
    } else if (in < glob_length && glob[in] == name[at]) {
      in++;
      at++;
    } else if (star != SIZE_MAX) {
      in = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (in < glob_length && glob[in] == '*') in++;
  return in == glob_length;
}

/* Behind the bracket that closes the one at name[0]; 0 where none does. "->" closes none. */
static size_t behind_brackets(const char *name, size_t length) {
  size_t depth = 0;
  for (size_t i = 0; i < length; i++) {
    if (name[i] == '<') depth++;
    if (name[i] == '>' && (i == 0 || name[i - 1] != '-') && --depth == 0) return i + 1;
  }
  return 0;
}

/* The same, and "<*>" before any other star stands for all from a bracket to its partner: the name of a function
 * that only returns a std::vector has other things behind that. */
static bool glob_fits(const char *glob, size_t glob_length, const char *name, size_t length) {
  size_t at = 0, in = 0;
  while (in < glob_length && at < length && glob[in] == name[at] && glob[in] != '*') {
    bool brackets = glob[in] == '<' && glob_length - in >= 3 && glob[in + 1] == '*' && glob[in + 2] == '>';
    size_t passed = brackets ? behind_brackets(name + at, length - at) : 1;
    if (passed == 0) return false;
    at += passed;
    in += brackets ? 3 : 1;
  }
  return stars_fit(glob + in, glob_length - in, name + at, length - at);
}

static bool fits(const struct pattern *pattern, const char *name, size_t length) {
  size_t literal = pattern->literal;
  if (length < literal || memcmp(pattern->glob, name, literal) != 0) return false;
  return glob_fits(pattern->glob, pattern->length, name, length);
}

static int find_among(const struct patterns *patterns, int first, const char *name, size_t length) {
  for (int i = first - 1; i != NO_PATTERN; i = patterns->list[i].next)
    if (fits(&patterns->list[i], name, length)) return i;
  return NO_PATTERN;
}

int patterns_find(const struct patterns *patterns, const char *name, size_t length) {
  length = bare_name_length(name, length);
  if (length == 0) return NO_PATTERN;
  int one = find_among(patterns, patterns->first[(unsigned char)name[0]], name, length);
  int other = name[0] == '*' ? NO_PATTERN : find_among(patterns, patterns->first['*'], name, length);
  if (one == NO_PATTERN || other == NO_PATTERN) return one == NO_PATTERN ? other : one;
  return one < other ? one : other;
}

static bool may_fit_among(const struct patterns *patterns, int first, const char *start, size_t length) {
  for (int i = first - 1; i != NO_PATTERN; i = patterns->list[i].next) {
    size_t literal = patterns->list[i].literal;
    if (memcmp(patterns->list[i].glob, start, literal < length ? literal : length) == 0) return true;
  }
  return false;
}

bool patterns_may_fit(const struct patterns *patterns, const char *start, size_t length) {
  if (length == 0 || patterns->first['*']) return length > 0;
  return may_fit_among(patterns, patterns->first[(unsigned char)start[0]], start, length);
}

static bool is_of_word(char c) { return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'); }

/* How much of the end of name a compiler appended: a dot and one of its words, and maybe a dot and a number; or 0. */
static size_t appended_length(const char *name, size_t length) {
  static const char *const words[] = {"isra", "part", "constprop", "cold", "lto_priv", "llvm"};
  size_t end = length;
  while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9') end--;
  if (end < length && end > 0 && name[end - 1] == '.') end--;
  else end = length;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    size_t word_length = strlen(words[i]);
    if (end <= word_length + 1 || name[end - word_length - 1] != '.') continue;
    if (memcmp(name + end - word_length, words[i], word_length) == 0) return length - end + word_length + 1;
  }
  return 0;
}

size_t bare_name_length(const char *name, size_t length) {
  const char *at = memchr(name, '@', length);
  if (at && at > name) {
    size_t word = 0;
    while (word < (size_t)(at - name) && is_of_word(name[word])) word++;
    if (name + word == at) length = word;
  }
  for (size_t appended; (appended = appended_length(name, length)) > 0;) length -= appended;
  return length;
}

void patterns_free(struct patterns *patterns) {
  for (size_t i = 0; i < patterns->count; i++) {
    free(patterns->list[i].glob);
    free(patterns->list[i].note);
  }
  free(patterns->list);
}

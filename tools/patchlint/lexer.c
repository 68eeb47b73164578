#include "lexer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Characters between the quote and the parenthesis of R"x(...)x" (C++11, 2.14.5). */
enum { RAW_DELIMITER_MAX = 16 };

enum comment_place { ANYWHERE, WORD_START, LINE_START };

struct comment {
  const char *begin;
  enum comment_place place;
};

struct quote {
  const char *begin, *end;
  bool escapes, spans_lines;
};

static const struct language {
  const char *endings; /* each with a blank before and behind it */
  struct comment comments[2];
  const char *block_begin, *block_end; /* a comment that may span lines; NULL without one */
  struct quote quotes[4];              /* the longer beginning first */
  bool quotes_alike;    /* "x" and 'x' mean the same */
  bool raw_strings;     /* R"x(...)x" */
  bool line_ends;       /* a line end separates statements */
  bool indentation;     /* means something */
  bool dollars;         /* $1 and $name are words, and $((...)) is arithmetic */
  bool percent_numbers; /* 5% is a number */
  char separator;       /* of digits, beside `_`; 0 for none */
} LANGUAGES[] = {
    {.endings = " c h cc cpp cxx c++ hh hpp hxx h++ inl ipp tcc cu ",
     .comments = {{"//", ANYWHERE}},
     .block_begin = "/*", .block_end = "*/",
     .quotes = {{"\"", "\"", true, false}, {"'", "'", true, false}},
     .raw_strings = true,
     .separator = '\''},
    {.endings = " py pyi pyx ",
     .comments = {{"#", ANYWHERE}},
     .quotes = {{"\"\"\"", "\"\"\"", true, true}, {"'''", "'''", true, true}, {"\"", "\"", true, false},
                {"'", "'", true, false}},
     .quotes_alike = true, .line_ends = true, .indentation = true},
    {.endings = " go ",
     .comments = {{"//", ANYWHERE}},
     .block_begin = "/*", .block_end = "*/",
     .quotes = {{"`", "`", false, true}, {"\"", "\"", true, false}, {"'", "'", true, false}}},
    {.endings = " sh bash zsh ksh dash ",
     .comments = {{"#", WORD_START}},
     .quotes = {{"$'", "'", true, true}, {"'", "'", false, true}, {"\"", "\"", true, true}},
     .line_ends = true, .dollars = true},
    {.endings = " conf cfg ini properties env toml yaml yml json service mk ",
     .comments = {{"#", WORD_START}, {";", LINE_START}},
     .quotes = {{"\"", "\"", true, false}, {"'", "'", false, false}},
     .line_ends = true, .percent_numbers = true},
};

/* For every other file: no comments are known, so that none hides a change. */
static const struct language UNKNOWN = {.endings = "", .quotes = {{"\"", "\"", true, false}}};

struct lexer {
  const struct language *language;
  const char *start, *at, *end;
  struct tokens *tokens;
  size_t first;    /* index of this source's first token */
  size_t brackets; /* open ones; line ends within mean nothing */
  bool in_line;    /* a token of the present statement was seen */
  size_t *columns; /* of the open indentations */
  size_t depth, column_capacity;
  const char *first_long; /* the quotes that begin the first LONG_STRING; NULL before there is one */
};

const struct language *language_of(const char *path) {
  const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
  size_t length = dot ? strlen(dot + 1) : 0;
  for (size_t i = 0; length > 0 && i < sizeof LANGUAGES / sizeof *LANGUAGES; i++)
    for (const char *ending = LANGUAGES[i].endings + 1; *ending; ending += strcspn(ending, " ") + 1)
      if (strcspn(ending, " ") == length && strncasecmp(ending, dot + 1, length) == 0) return &LANGUAGES[i];
  return &UNKNOWN;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || (unsigned char)c >= 0x80; }
static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The source ends with a NUL, so a look one byte beyond its end is safe. */
static bool stands_here(const struct lexer *lexer, const char *text) {
  return strncmp(lexer->at, text, strlen(text)) == 0;
}

static void append(struct lexer *lexer, enum token_kind kind, const char *bytes, size_t length, char quote) {
  struct tokens *tokens = lexer->tokens;
  grow(&tokens->list, &tokens->capacity, tokens->count + 1, sizeof *tokens->list);
  tokens->list[tokens->count++] = (struct token){kind, quote, bytes, length};
}

/* ---- lines and indentation ---- */

/* Before the first token of a statement: how its indentation differs from the one before. */
static void begin_statement(struct lexer *lexer) {
  lexer->in_line = true;
  if (!lexer->language->indentation || lexer->brackets > 0) return;
  size_t column = 0;
  const char *line = lexer->at;
  while (line > lexer->start && line[-1] != '\n') line--;
  for (; line < lexer->at; line++) column = *line == '\t' ? (column / 8 + 1) * 8 : column + 1;
  if (lexer->tokens->count == lexer->first) append(lexer, COLUMN, NULL, column, 0);
  else if (lexer->depth > 0 && column > lexer->columns[lexer->depth - 1]) append(lexer, INDENT, NULL, 0, 0);
  while (lexer->depth > 0 && column < lexer->columns[lexer->depth - 1]) {
    append(lexer, DEDENT, NULL, 0, 0);
    lexer->depth--;
  }
  if (lexer->depth > 0 && column == lexer->columns[lexer->depth - 1]) return;
  grow(&lexer->columns, &lexer->column_capacity, lexer->depth + 1, sizeof *lexer->columns);
  lexer->columns[lexer->depth++] = column;
}

static void end_line(struct lexer *lexer) {
  if (!lexer->in_line || !lexer->language->line_ends) return;
  if (lexer->language->indentation && lexer->brackets > 0) return;
  append(lexer, LINE_END, NULL, 0, 0);
  lexer->in_line = false;
}

/* ---- comments ---- */

static bool may_begin_comment(const struct lexer *lexer, enum comment_place place) {
  if (place == ANYWHERE || lexer->at == lexer->start) return true;
  if (place == WORD_START) return is_blank(lexer->at[-1]) || strchr(";|&()", lexer->at[-1]);
  const char *before = lexer->at;
  while (before > lexer->start && (before[-1] == ' ' || before[-1] == '\t')) before--;
  return before == lexer->start || before[-1] == '\n';
}

static bool skip_comment(struct lexer *lexer) {
  const struct language *language = lexer->language;
  for (size_t i = 0; i < 2 && language->comments[i].begin; i++) {
    const struct comment *comment = &language->comments[i];
    if (!stands_here(lexer, comment->begin) || !may_begin_comment(lexer, comment->place)) continue;
    while (lexer->at < lexer->end && *lexer->at != '\n') lexer->at++;
    return true;
  }
  if (!language->block_begin || !stands_here(lexer, language->block_begin)) return false;
  const char *end = strstr(lexer->at + strlen(language->block_begin), language->block_end);
  lexer->at = end ? end + strlen(language->block_end) : lexer->end;
  return true;
}

/* Whether end, where a comment may end, is rather part of a string, or the star before a new comment. */
static bool is_no_comment_end(const struct lexer *lexer, const char *begin, const char *end) {
  if (begin == end + 1) return true;
  for (const char *before = end; before > lexer->start && before[-1] != '\n'; before--)
    if (before[-1] == '"') return true;
  return false;
}

/* A hunk may begin within a comment that spans lines: then the end of one comes before the beginning of another, or
 * every line begins with a star and a blank. */
static void skip_begun_comment(struct lexer *lexer) {
  const struct language *language = lexer->language;
  if (!language->block_begin) return;
  const char *begin = strstr(lexer->at, language->block_begin), *end = strstr(lexer->at, language->block_end);
  if (end && (!begin || end < begin) && !is_no_comment_end(lexer, begin, end)) {
    lexer->at = end + strlen(language->block_end);
    return;
  }
  if (begin) return;
  for (const char *line = lexer->at; line < lexer->end; line += strcspn(line, "\n"), line += *line == '\n') {
    const char *text = line + strspn(line, " \t");
    if (*text != '\n' && (*text != '*' || !is_blank(text[1]))) return;
  }
  lexer->at = lexer->end;
}

/* ---- numbers and strings ---- */

/* The end of the number at text, which begins with a digit, or a point and a digit. As in C, letters and points that
 * follow belong to it: prefixes, suffixes, exponents, versions. */
static const char *number_end(const struct language *language, const char *text) {
  bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  for (;;) {
    char c = *text;
    if (is_digit(c) || is_letter(c) || c == '_' || c == '.') {
      text++;
      bool exponent = hexadecimal ? c == 'p' || c == 'P' : c == 'e' || c == 'E';
      if (exponent && (*text == '+' || *text == '-') && is_digit(text[1])) text++;
    } else if (language->separator && c == language->separator && (is_digit(text[1]) || is_letter(text[1]))) {
      text++;
    } else {
      return language->percent_numbers && c == '%' ? text + 1 : text;
    }
  }
}

/* Whether length bytes are a number, with a sign before it and a unit of up to four letters behind it. */
static bool is_number_text(const char *bytes, size_t length) {
  const char *end = bytes + length;
  while (bytes < end && is_blank(*bytes)) bytes++;
  while (end > bytes && is_blank(end[-1])) end--;
  if (bytes < end && (*bytes == '+' || *bytes == '-')) bytes++;
  if (end - bytes > 2 && bytes[0] == '0' && (bytes[1] == 'x' || bytes[1] == 'X')) {
    for (bytes += 2; bytes < end; bytes++)
      if (!is_digit(*bytes) && !((*bytes | 0x20) >= 'a' && (*bytes | 0x20) <= 'f') && *bytes != '_') return false;
    return true;
  }
  const char *start = bytes;
  bool has_digit = false;
  for (; bytes < end && (is_digit(*bytes) || (bytes > start && *bytes == '_') || *bytes == '.'); bytes++)
    has_digit = has_digit || is_digit(*bytes);
  if (!has_digit) return false;
  if (end - bytes > 1 && (*bytes == 'e' || *bytes == 'E')) {
    const char *exponent = bytes + 1 + (bytes[1] == '+' || bytes[1] == '-');
    if (exponent < end && is_digit(*exponent))
      for (bytes = exponent; bytes < end && is_digit(*bytes); bytes++) continue;
  }
  while (bytes < end && is_blank(*bytes)) bytes++;
  if (end - bytes == 1 && *bytes == '%') return true;
  size_t letters = 0;
  while (bytes + letters < end && is_letter(bytes[letters])) letters++;
  return bytes + letters == end && letters <= 4;
}

/* The string that a quote at lexer->at begins; one that has no end ends with its line, or with the source. */
static void read_string(struct lexer *lexer, const struct quote *quote) {
  const char *begin = lexer->at + strlen(quote->begin), *text = begin;
  size_t end_length = strlen(quote->end);
  bool ended = false;
  while (text < lexer->end && (quote->spans_lines || *text != '\n')) {
    if (quote->escapes && *text == '\\' && text + 1 < lexer->end) {
      text += 2;
      continue;
    }
    ended = strncmp(text, quote->end, end_length) == 0;
    if (ended) break;
    text++;
  }
  size_t length = (size_t)(text - begin);
  bool is_long = strlen(quote->begin) == 3;
  char kind = lexer->language->quotes_alike ? 0 : quote->begin[0];
  if (is_long && !lexer->first_long) lexer->first_long = lexer->at;
  if (is_number_text(begin, length)) append(lexer, NUMBER, begin, length, 0);
  else append(lexer, is_long ? LONG_STRING : STRING, begin, length, is_long && !ended ? '?' : kind);
  lexer->at = ended ? text + end_length : text;
}

/* R"x(...)x", whose quote stands at lexer->at; another string is left for later. */
static void read_raw_string(struct lexer *lexer) {
  const char *name = lexer->at + 1, *open = name;
  while (open - name < RAW_DELIMITER_MAX && open < lexer->end && *open != '(') open++;
  if (open == lexer->end || *open != '(') return;
  size_t length = (size_t)(open - name);
  const char *close = open;
  do close = memchr(close + 1, ')', (size_t)(lexer->end - close) - 1);
  while (close && !(strncmp(close + 1, name, length) == 0 && close[1 + length] == '"'));
  append(lexer, STRING, open + 1, (size_t)((close ? close : lexer->end) - open) - 1, 'R');
  lexer->at = close ? close + 1 + length + 1 : lexer->end;
}

static void read_word(struct lexer *lexer) {
  const char *begin = lexer->at++;
  while (lexer->at < lexer->end && is_word(*lexer->at)) lexer->at++;
  append(lexer, WORD, begin, (size_t)(lexer->at - begin), 0);
  if (lexer->language->raw_strings && lexer->at[-1] == 'R' && *lexer->at == '"') read_raw_string(lexer);
}

static void read_mark(struct lexer *lexer) {
  static const char *const pairs[] = {"**", "<<", ">>", "//"};
  size_t length = 1;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (stands_here(lexer, pairs[i])) length = 2;
  if (strchr("([{", *lexer->at)) lexer->brackets++;
  if (strchr(")]}", *lexer->at) && lexer->brackets > 0) lexer->brackets--;
  append(lexer, MARK, lexer->at, length, 0);
  lexer->at += length;
}

static const struct quote *quote_here(const struct lexer *lexer) {
  for (size_t i = 0; i < 4 && lexer->language->quotes[i].begin; i++)
    if (stands_here(lexer, lexer->language->quotes[i].begin)) return &lexer->language->quotes[i];
  return NULL;
}

/* Reads the token at lexer->at. */
static void read_token(struct lexer *lexer) {
  const char *text = lexer->at;
  const struct quote *quote = quote_here(lexer);
  if (quote) {
    read_string(lexer, quote);
  } else if (is_digit(*text) || (*text == '.' && is_digit(text[1]))) {
    lexer->at = number_end(lexer->language, text);
    append(lexer, NUMBER, text, (size_t)(lexer->at - text), 0);
  } else if (lexer->language->dollars && stands_here(lexer, "$((")) {
    lexer->at++; /* parentheses around numbers are a part of the number */
  } else if (is_word(*text) || (lexer->language->dollars && *text == '$' && is_word(text[1]))) {
    read_word(lexer);
  } else {
    read_mark(lexer);
  }
}

/* Takes out strings of three quotes that are statements of their own: documentation. */
static void drop_documentation(struct lexer *lexer) {
  struct token *list = lexer->tokens->list;
  size_t kept = lexer->first;
  for (size_t i = lexer->first; i < lexer->tokens->count; i++) {
    bool begins = kept == lexer->first || list[kept - 1].kind >= LINE_END;
    bool last = i + 1 == lexer->tokens->count;
    if (list[i].kind == LONG_STRING && list[i].quote != '?' && begins && (last || list[i + 1].kind == LINE_END)) {
      i++; /* the end of its line, too */
      continue;
    }
    list[kept++] = list[i];
  }
  lexer->tokens->count = kept;
}

/* Whether three quotes rather end a string that began before the source than begin one, by what stands around them. In
 * doubt they end one: then nothing is taken for documentation that may be code. */
static bool ends_long_string(const struct lexer *lexer, const char *quotes) {
  const char *before = quotes, *after = quotes + 3 + strspn(quotes + 3, " \t");
  if (*after && *after != '\n' && *after != '#') return strchr(".%),;]}", *after) != NULL;
  while (before > lexer->start && strchr("rRbBfFuU", before[-1])) before--;
  bool is_prefix = before == lexer->start || !is_word(before[-1]);
  if (!is_prefix) before = quotes;
  while (before > lexer->start && is_blank(before[-1])) before--;
  return before == lexer->start || !strchr("=([{,:+%\\", before[-1]);
}

static void read_tokens(struct lexer *lexer) {
  while (lexer->at < lexer->end) {
    if (*lexer->at == '\n') {
      end_line(lexer);
      lexer->at++;
    } else if (is_blank(*lexer->at)) {
      lexer->at++;
    } else if (*lexer->at == '\\' && lexer->at[1] == '\n') {
      lexer->at += 2;
    } else if (!skip_comment(lexer)) {
      if (!lexer->in_line) begin_statement(lexer);
      read_token(lexer);
    }
  }
  end_line(lexer);
}

/* Reads the tokens again, of a source that begins within a string of three quotes. */
static void read_tokens_within_string(struct lexer *lexer) {
  lexer->tokens->count = lexer->first;
  lexer->brackets = lexer->depth = 0;
  append(lexer, LONG_STRING, lexer->start, (size_t)(lexer->first_long - lexer->start), '?');
  lexer->in_line = true;
  lexer->at = lexer->first_long + 3;
  read_tokens(lexer);
}

void lex(struct tokens *tokens, const struct language *language, const char *source, size_t length,
         bool is_beginning) {
  struct lexer lexer = {.language = language, .start = source, .at = source, .end = source + length, .tokens = tokens,
                        .first = tokens->count};
  if (!is_beginning) skip_begun_comment(&lexer);
  read_tokens(&lexer);
  if (!is_beginning && lexer.first_long && ends_long_string(&lexer, lexer.first_long))
    read_tokens_within_string(&lexer);
  if (language->indentation) drop_documentation(&lexer);
  free(lexer.columns);
}

#include "structure.h"

#include <stdlib.h>
#include <string.h>

#include "lexer.h"

static bool is_text(const struct token *token, const char *text) {
  return token->length == strlen(text) && memcmp(token->bytes, text, token->length) == 0;
}

static bool is_one_of(const struct token *token, enum token_kind kind, const char *const *texts) {
  if (token->kind != kind) return false;
  for (; *texts; texts++)
    if (is_text(token, *texts)) return true;
  return false;
}

/* A sign or parenthesis behind an operand joins it to what follows: a subtraction, a call. Behind a keyword such as
 * return it does not. */
static bool is_operand(const struct token *token) {
  static const char *const keywords[] = {"return", "case", "in", "and", "or", "not", "yield", "if", "elif", "while",
                                         "else", "is", "throw", "raise", NULL};
  static const char *const closing[] = {")", "]", "}", NULL};
  if (token->kind == WORD) return !is_one_of(token, WORD, keywords);
  if (token->kind == MARK) return is_one_of(token, MARK, closing);
  return token->kind == NUMBER || token->kind == STRING || token->kind == LONG_STRING;
}

/* Shortens the number at the end of list (count tokens) with the signs and operators that join it to what stands before
 * it; returns the new count. */
static size_t join_number(struct token *list, size_t count) {
  static const char *const signs[] = {"+", "-", "~", NULL};
  static const char *const operators[] = {"+", "-", "*", "/", "%", "<<", ">>", "**", "//", NULL};
  while (count >= 2) {
    const struct token *joint = &list[count - 2];
    bool is_sign = is_one_of(joint, MARK, signs) && (count == 2 || !is_operand(&list[count - 3]));
    bool is_operator = count >= 3 && is_one_of(joint, MARK, operators) && list[count - 3].kind == NUMBER;
    if (!is_sign && !is_operator) break;
    size_t taken = is_sign ? 1 : 2;
    list[count - 1 - taken] = list[count - 1];
    count -= taken;
  }
  return count;
}

/* Makes each run of numbers joined by operators and parentheses one number, and all numbers the same, in place. One
 * pass over a stack: the tokens before the present one that are settled. */
static void join_numbers(struct tokens *tokens) {
  static const char *const open[] = {"(", NULL}, *const close[] = {")", NULL};
  struct token *list = tokens->list;
  size_t count = 0;
  for (size_t i = 0; i < tokens->count; i++) {
    list[count++] = list[i];
    struct token *last = &list[count - 1];
    if (last->kind == NUMBER) {
      last->length = 0;
      count = join_number(list, count);
    } else if (count >= 3 && is_one_of(last, MARK, close) && list[count - 2].kind == NUMBER &&
               is_one_of(&list[count - 3], MARK, open) && (count == 3 || !is_operand(&list[count - 4]))) {
      list[count - 3] = list[count - 2];
      count = join_number(list, count - 2);
    }
  }
  tokens->count = count;
}

static bool are_same(const struct tokens *a, const struct tokens *b) {
  if (a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++) {
    const struct token *left = &a->list[i], *right = &b->list[i];
    if (left->kind != right->kind || left->length != right->length || left->quote != right->quote) return false;
    if (left->bytes && left->length > 0 && memcmp(left->bytes, right->bytes, left->length) != 0) return false;
  }
  return true;
}

/* The tokens of one side of a hunk; the caller frees the list. */
static struct tokens tokens_of(const struct hunk *hunk, const struct text *side) {
  struct tokens tokens = {0};
  lex(&tokens, language_of(hunk->path), side->length ? side->bytes : "", side->length, hunk->is_beginning);
  return tokens;
}

enum change hunk_change(const struct hunk *hunk) {
  struct tokens before = tokens_of(hunk, &hunk->before), after = tokens_of(hunk, &hunk->after);
  enum change change = NO_CODE_CHANGE;
  if (!are_same(&before, &after)) {
    join_numbers(&before);
    join_numbers(&after);
    change = are_same(&before, &after) ? NUMBERS_ONLY : STRUCTURAL;
  }
  free(before.list);
  free(after.list);
  return change;
}

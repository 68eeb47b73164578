#include "demangle.h"

#include <libiberty/demangle.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a mangled name that is demangled: what is longer would be shown by nobody, and the demangler's time may grow
 * faster than the name. */
enum { MOST_MANGLED = 1 << 16 };

static bool is_mangled(const char *name) {
  while (*name == '_') name++; /* _Z, and __Z of some systems; _R */
  return name[0] == 'Z' || name[0] == 'R';
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$'; }

/* The end of what `operator` is followed by, where name is at that word: `operator<`, `operator()`, `operator->`. */
static const char *operator_end(const char *start, const char *at) {
  static const char word[] = "operator";
  if (strncmp(at, word, sizeof word - 1) != 0 || (at > start && is_word(at[-1]))) return NULL;
  at += sizeof word - 1;
  if (is_word(*at)) return NULL;
  if (strncmp(at, "()", 2) == 0 || strncmp(at, "[]", 2) == 0) return at + 2;
  while (*at && strchr("<>=!-+*/%^&|~,", *at)) {
    /* `operator< <int>` has a blank before its arguments; `operator<<int>` cannot be. */
    at++;
  }
  return at;
}

/* Behind the bracket that closes the one at `at`; the end where none does. */
static const char *behind_bracket(const char *start, const char *at) {
  size_t depth = 0;
  for (; *at; at++) {
    const char *end = operator_end(start, at);
    if (end) {
      at = end - 1;
      continue;
    }
    if (*at == '-' && at[1] == '>') at++;
    else if (strchr("<([{", *at)) depth++;
    else if (strchr(">)]}", *at) && --depth == 0) return at + 1;
  }
  return at;
}

void append_simple(const char *name, struct text *text) {
  static const char unnamed[] = "(anonymous namespace)";
  size_t first = text->length;
  for (const char *at = name; *at;) {
    const char *end = operator_end(name, at);
    if (end) {
      text_append(text, at, (size_t)(end - at));
      at = end;
      if (at[0] == ' ' && at[1] == '<') at++; /* the blank of `operator< <int>` */
    } else if (strncmp(at, unnamed, sizeof unnamed - 1) == 0) {
      text_append_string(text, unnamed);
      at += sizeof unnamed - 1;
    } else if (*at == '<' && at == name) { /* Rust's `<Type as Trait>::method` */
      text_append_char(text, *at++);
    } else if (*at == '<' || *at == '(') {
      at = behind_bracket(name, at);
      if (text->length >= first + 2 && memcmp(text->bytes + text->length - 2, "::", 2) == 0 && *at != '<')
        text->length -= 2; /* `name::<T>` of Rust */
      if (strncmp(at, " const", 6) == 0) at += 6;
    } else if (strncmp(at, " [clone ", 8) == 0) {
      at = behind_bracket(name, at + 1);
    } else text_append_char(text, *at++);
  }
  text_append(text, "", 0);
}

/* How long the name is without what compilers put behind that of a part or a special copy of a function
 * (`name.isra.0.cold`): its source has one name for all of them, and so has DWARF. */
static size_t length_without_copies(const char *name) {
  static const char *const words[] = {"isra", "part", "constprop", "cold", "lto_priv", "localalias", "llvm"};
  size_t length = strlen(name), cut = length;
  for (size_t end = length; end > 0;) {
    size_t dot = end;
    while (dot > 0 && name[dot - 1] != '.') dot--;
    if (dot < 2) break;
    size_t word_length = end - dot;
    bool known = word_length > 0 && strspn(name + dot, "0123456789") >= word_length, is_word_known = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      is_word_known = is_word_known || (strlen(words[i]) == word_length && strncmp(name + dot, words[i], word_length) == 0);
    if (!known && !is_word_known) break;
    end = dot - 1;
    if (is_word_known) cut = end;
  }
  return cut;
}

bool demangle(const char *name, enum demangle_mode mode, struct text *text) {
  if (mode == DEMANGLE_NO) {
    text_append_string(text, name);
    return false;
  }
  static const char stub[] = "@plt"; /* of a function in another module */
  struct text whole = {0};
  size_t length = strlen(name), stub_length = sizeof stub - 1;
  bool is_stub = length > stub_length && strcmp(name + length - stub_length, stub) == 0;
  text_append(&whole, name, is_stub ? length - stub_length : length_without_copies(name));
  char *plain = NULL;
  if (is_mangled(whole.bytes) && whole.length <= MOST_MANGLED)
    plain = cplus_demangle(whole.bytes, mode == DEMANGLE_SIMPLE ? DMGL_ANSI : DMGL_ANSI | DMGL_PARAMS);
  if (!plain) text_append(text, whole.bytes, whole.length);
  else if (mode == DEMANGLE_SIMPLE) append_simple(plain, text);
  else text_append_string(text, plain);
  if (is_stub) text_append_string(text, stub);
  bool demangled = plain != NULL;
  free(plain);
  text_free(&whole);
  return demangled;
}

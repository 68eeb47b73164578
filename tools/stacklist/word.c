#include "word.h"

#include <string.h>

static bool is_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c > 127;
}

/* Whether a compiler added a part to the name: foo.constprop.0 */
static bool is_made_by_compiler(const char *function) {
  static const char *const parts[] = {".constprop", ".part", ".isra", ".cold", ".lto_priv"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strstr(function, parts[i])) return true;
  return false;
}

bool own_word(const char *function, struct text *word) {
  const char *end = NULL; /* of the word so far */
  size_t depth = 0;       /* of template arguments */
  if (is_made_by_compiler(function)) return false;
  for (const char *at = function; *at && *at != '('; at++) {
    depth += *at == '<';
    if (*at == '>' && depth > 0) depth--;
    else if (depth == 0 && strchr("{[#$", *at)) return false;
    if (depth > 0 || !is_word(*at)) continue;
    if (at != end) text_clear(word);
    text_append_char(word, *at);
    end = at + 1;
  }
  return word->length > 0;
}

bool holds_word(const struct source_file *file, const char *word) {
  const char *bytes = file->text.bytes, *end = bytes + file->text.length;
  size_t length = strlen(word);
  for (const char *at = bytes; at && (at = memmem(at, (size_t)(end - at), word, length)); at++)
    if ((at == bytes || !is_word(at[-1])) && (at + length == end || !is_word(at[length]))) return true;
  return false;
}

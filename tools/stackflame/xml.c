#include "xml.h"

#include <stdbool.h>
#include <string.h>

#include "utf8.h"

unsigned columns_of(uint32_t character) { return character >= 0x1100 && character != UTF8_REPLACEMENT ? 2 : 1; }

static void append_character(struct text *text, uint32_t character, const char *bytes, size_t size) {
  switch (character) {
    case '<': text_append(text, "&lt;", 4); break;
    case '>': text_append(text, "&gt;", 4); break;
    case '&': text_append(text, "&amp;", 5); break;
    case '"': text_append(text, "&quot;", 6); break;
    case '\'': text_append(text, "&#39;", 5); break;
    case UTF8_REPLACEMENT: text_append(text, "\xef\xbf\xbd", 3); break;
    default: text_append(text, bytes, size);
  }
}

void xml_append(struct text *text, const char *bytes, size_t length) {
  for (size_t i = 0, size; i < length; i += size) {
    uint32_t character = utf8_next(bytes + i, length - i, &size);
    append_character(text, character, bytes + i, size);
  }
}

static bool fits(const char *bytes, size_t length, size_t columns) {
  for (size_t i = 0, size; i < length; i += size) {
    unsigned wanted = columns_of(utf8_next(bytes + i, length - i, &size));
    if (wanted > columns) return false;
    columns -= wanted;
  }
  return true;
}

void xml_append_cut(struct text *text, const char *bytes, size_t length, size_t columns) {
  bool whole = fits(bytes, length, columns);
  size_t room = whole ? columns : columns < 2 ? 0 : columns - 2;
  for (size_t i = 0, size; i < length; i += size) {
    uint32_t character = utf8_next(bytes + i, length - i, &size);
    if (columns_of(character) > room) break;
    room -= columns_of(character);
    append_character(text, character, bytes + i, size);
  }
  if (!whole) text_append(text, "..", 2);
}

#include "page.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static bool continues_character(char byte) { return ((unsigned char)byte & 0xC0) == 0x80; }

/* Bytes of the first columns characters (of UTF-8), or of all if there are fewer. */
static size_t bytes_of(const char *text, size_t columns) {
  size_t bytes = 0;
  for (size_t column = 0; column < columns && text[bytes]; column++)
    do bytes++;
    while (continues_character(text[bytes]));
  return bytes;
}

/* text in arena, cut to columns with mark in place of what is lost. */
static char *cut(struct arena *arena, const char *text, size_t columns, const char *mark) {
  size_t fitting = bytes_of(text, columns);
  if (!text[fitting]) return arena_copy(arena, text, fitting);
  size_t kept = bytes_of(text, columns - strlen(mark));
  char *result = arena_take(arena, kept + strlen(mark) + 1);
  memcpy(result, text, kept);
  memcpy(result + kept, mark, strlen(mark) + 1);
  return result;
}

static char *format_text(const char *format, va_list arguments) {
  char *text;
  if (vasprintf(&text, format, arguments) < 0) fail("out of memory");
  return text;
}

void page_line(struct page *page, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *line = format_text(format, arguments);
  va_end(arguments);
  text_append_string(&page->text, cut(&page->arena, line, PAGE_COLUMNS, "..."));
  text_append_char(&page->text, '\n');
  page->line_count++;
  free(line);
}

void page_wrap(struct page *page, const char *text) {
  const char *indent = "";
  while (bytes_of(text, PAGE_COLUMNS - strlen(indent)) < strlen(text)) {
    size_t end = bytes_of(text, PAGE_COLUMNS - strlen(indent)), space = end;
    while (space > 0 && text[space] != ' ') space--;
    if (space > 0) end = space;
    page_line(page, "%s%.*s", indent, (int)end, text);
    text += text[end] == ' ' ? end + 1 : end;
    indent = "  ";
  }
  page_line(page, "%s%s", indent, text);
}

const char *page_fit(struct page *page, const char *text, size_t columns) {
  char *result = cut(&page->arena, text, columns, "..");
  for (char *c = result; *c; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
  return result;
}

const char *page_format(struct page *page, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = format_text(format, arguments);
  va_end(arguments);
  char *result = arena_copy(&page->arena, text, strlen(text));
  free(text);
  return result;
}

void page_print(struct page *page) {
  fwrite(page->text.bytes, 1, page->text.length, stdout);
  text_free(&page->text);
  arena_free(&page->arena);
}

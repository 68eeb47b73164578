/* Lines of text that never get wider than 80 columns. */
#ifndef ABSTAT_PAGE_H
#define ABSTAT_PAGE_H

#include "memory.h"

enum { PAGE_COLUMNS = 80, PAGE_LINES = 40 };

struct page {
  struct text text;
  size_t line_count;
  struct arena arena;
};

/* Adds a line; what does not fit is cut and ends in "...". */
void page_line(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds text on as many lines as it needs, parted between words; those after the first are indented by two blanks. */
void page_wrap(struct page *page, const char *text);

/* text in at most this many columns, cut with ".." at its end where it is longer; control characters are shown as `?`.
 * It lives as long as the page. */
const char *page_fit(struct page *page, const char *text, size_t columns);

/* As sprintf; the text lives as long as the page. */
const char *page_format(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the page to stdout and frees it. */
void page_print(struct page *page);

#endif

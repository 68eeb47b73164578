/* The options that all views of a profile take alike (as rankalloc does), and what their rows have in common. */
#ifndef ASSAY_VIEW_H
#define ASSAY_VIEW_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

struct view {
  size_t top;         /* rows at most; 0: all */
  double min_percent; /* of what, the view says */
  bool by_line;       /* frames are told apart by their lines */
  struct table_options table;
  struct view_filter *filter; /* NULL: all stacks are selected */
};

/* For a tool's table of long options; a tool's own begin at VIEW_FIRST_OWN. */
enum { VIEW_MIN_PERCENT = 256, VIEW_BY, VIEW_FORMAT, VIEW_BUDGET, VIEW_FOCUS, VIEW_IGNORE, VIEW_FIRST_OWN };
#define VIEW_SHORT_OPTIONS ":n:hV"
#define VIEW_OPTIONS                                                                                          \
  {"top", required_argument, NULL, 'n'}, {"min-percent", required_argument, NULL, VIEW_MIN_PERCENT},          \
      {"by", required_argument, NULL, VIEW_BY}, {"format", required_argument, NULL, VIEW_FORMAT},             \
      {"budget", required_argument, NULL, VIEW_BUDGET}, {"focus", required_argument, NULL, VIEW_FOCUS},       \
      {"ignore", required_argument, NULL, VIEW_IGNORE}, {"help", no_argument, NULL, 'h'},                     \
      {"version", no_argument, NULL, 'V'}, {                                                                  \
    NULL, 0, NULL, 0                                                                                          \
  }

/* Takes one of the options above with its argument; -h and -V end the tool, and what is no option of the tool at all is
 * fail_usage(). */
void view_option(struct view *view, int option, const char *argument, const char *help, char *const *arguments);

/* A whole number of 0 or more; anything else is fail_usage(). */
size_t view_count(const char *option, const char *text);

/* The part of a frame by which a view tells frames apart. */
size_t view_key_length(const struct view *view, const char *frame, size_t length);

/* Whether --focus and --ignore leave a stack: one of its frames fits the first, and none the second. */
bool view_selects(const struct view *view, const char *stack, size_t length);
void view_free(struct view *view);

/* How many of count rows are shown. */
size_t view_shown(const struct view *view, size_t count);

/* Whether part is at least min_percent of whole. */
bool view_is_enough(const struct view *view, uint64_t part, uint64_t whole);

#endif

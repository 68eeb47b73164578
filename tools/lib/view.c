#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "filter.h"
#include "folded.h"
#include "frame.h"
#include "memory.h"
#include "metric.h"
#include "report.h"
#include "stacks.h"

size_t view_count(const char *option, const char *text) {
  uint64_t number;
  const char *wrong = read_count(text, strlen(text), &number);
  if (wrong || number > SIZE_MAX) fail_usage("%s '%s' %s", option, text, wrong ? wrong : "is too large");
  return (size_t)number;
}

static bool is_by_line(const char *argument) {
  if (strcmp(argument, "line") != 0 && strcmp(argument, "function") != 0)
    fail_usage("--by '%s' is neither function nor line", argument);
  return strcmp(argument, "line") == 0;
}

/* The expressions, and the marks of each frame that was looked at, plus 1. */
struct view_filter {
  struct filter *filter;
  struct stacks frames;
};

static void set_filter(struct view *view, enum filter_kind kind, const char *expression) {
  if (!view->filter) {
    view->filter = take(sizeof *view->filter);
    *view->filter = (struct view_filter){.filter = filter_new()};
  }
  filter_set(view->filter->filter, kind, expression);
}

static uint8_t marks_of(struct view_filter *filter, const char *frame, size_t length) {
  struct stack *known = stacks_find(&filter->frames, frame, length);
  if (known->value == 0) {
    struct frame parts = frame_of(frame, length);
    known->value = 1u + filter_marks(filter->filter, &parts, frame, length, parts.module);
  }
  return (uint8_t)(known->value - 1);
}

bool view_selects(const struct view *view, const char *stack, size_t length) {
  uint8_t marks = 0;
  if (!view->filter) return true;
  for (const char *frame = stack, *end = stack + length;;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    marks |= marks_of(view->filter, frame, (size_t)((semicolon ? semicolon : end) - frame));
    if (!semicolon) break;
    frame = semicolon + 1;
  }
  bool is_focused = !filter_expression(view->filter->filter, FILTER_FOCUS) || marks & FOCUSED;
  return is_focused && !(marks & IGNORED);
}

void view_free(struct view *view) {
  if (!view->filter) return;
  filter_free(view->filter->filter);
  stacks_free(&view->filter->frames);
  free(view->filter);
}

void view_option(struct view *view, int option, const char *argument, const char *help, char *const *arguments) {
  switch (option) {
    case 'n': view->top = view_count("--top", argument); break;
    case VIEW_MIN_PERCENT:
      if (!metric_number(argument, &view->min_percent) || view->min_percent < 0 || view->min_percent > 100)
        fail_usage("--min-percent '%s' is not a number from 0 to 100", argument);
      break;
    case VIEW_BY: view->by_line = is_by_line(argument); break;
    case VIEW_FORMAT: view->table.format = table_format_of(argument); break;
    case VIEW_BUDGET: view->table.budget = table_budget_of(argument); break;
    case VIEW_FOCUS: set_filter(view, FILTER_FOCUS, argument); break;
    case VIEW_IGNORE: set_filter(view, FILTER_IGNORE, argument); break;
    case 'h': show_help(help);
    case 'V': show_version();
    default: fail_option(arguments);
  }
}

size_t view_key_length(const struct view *view, const char *frame, size_t length) {
  return view->by_line ? length : frame_function_length(frame, length);
}

size_t view_shown(const struct view *view, size_t count) {
  return view->top > 0 && view->top < count ? view->top : count;
}

bool view_is_enough(const struct view *view, uint64_t part, uint64_t whole) {
  return (long double)part * 100 >= (long double)whole * (long double)view->min_percent;
}

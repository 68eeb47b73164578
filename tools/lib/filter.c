/* Regular expressions on frames. */
#include "filter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "memory.h"
#include "report.h"

static const char *const names[FILTER_KINDS] = {"--focus", "--ignore", "--hide", "--show"};

/* Steps after which an expression is given up on a name: some take a time that doubles with each byte. */
enum { MOST_STEPS = 2000000 };

struct filter {
  const char *expressions[FILTER_KINDS];
  pcre2_code *codes[FILTER_KINDS];
  pcre2_match_data *match;
  pcre2_match_context *context;
};

struct filter *filter_new(void) {
  struct filter *filter = take(sizeof *filter);
  *filter = (struct filter){.match = pcre2_match_data_create(1, NULL), .context = pcre2_match_context_create(NULL)};
  if (!filter->match || !filter->context) fail("no memory for regular expressions");
  pcre2_set_match_limit(filter->context, MOST_STEPS);
  return filter;
}

void filter_set(struct filter *filter, enum filter_kind kind, const char *expression) {
  if (filter->codes[kind]) fail_usage("%s is given twice; write one expression, such as 'A|B'", names[kind]);
  int error;
  PCRE2_SIZE at;
  filter->codes[kind] = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                                      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &at, NULL);
  filter->expressions[kind] = expression;
  if (!filter->codes[kind]) {
    PCRE2_UCHAR message[128];
    pcre2_get_error_message(error, message, sizeof message);
    fail_usage("%s '%s' is no regular expression: %s (at byte %zu)", names[kind], expression,
               (const char *)message, at);
  }
  pcre2_jit_compile(filter->codes[kind], PCRE2_JIT_COMPLETE); /* only faster; where it cannot be, it is done without */
}

const char *filter_expression(const struct filter *filter, enum filter_kind kind) { return filter->expressions[kind]; }

static bool is_found(const struct filter *filter, enum filter_kind kind, struct frame_part part) {
  if (part.length == 0) return false;
  int result = pcre2_match(filter->codes[kind], (PCRE2_SPTR)part.bytes, part.length, 0, 0, filter->match,
                           filter->context);
  if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
    PCRE2_UCHAR message[128];
    pcre2_get_error_message(result, message, sizeof message);
    int shown = part.length < 80 ? (int)part.length : 80;
    fail("%s '%s' cannot be applied to the frame '%.*s': %s; write a simpler expression", names[kind],
         filter->expressions[kind], shown, part.bytes, (const char *)message);
  }
  return result >= 0;
}

static bool fits(const struct filter *filter, enum filter_kind kind, const struct frame *frame, struct frame_part whole,
                 struct frame_part module) {
  if (frame->kind == FRAME_FUNCTION)
    return is_found(filter, kind, frame->function) || is_found(filter, kind, frame->file) ||
           is_found(filter, kind, module);
  return is_found(filter, kind, whole) || is_found(filter, kind, module);
}

uint8_t filter_marks(const struct filter *filter, const struct frame *frame, const char *bytes, size_t length,
                     struct frame_part module) {
  struct frame_part whole = {bytes, length};
  bool found[FILTER_KINDS] = {false};
  for (int kind = 0; kind < FILTER_KINDS; kind++)
    if (filter->codes[kind]) found[kind] = fits(filter, (enum filter_kind)kind, frame, whole, module);
  bool hidden = found[FILTER_HIDE] || (filter->codes[FILTER_SHOW] && !found[FILTER_SHOW]);
  return (uint8_t)((found[FILTER_FOCUS] ? FOCUSED : 0) | (found[FILTER_IGNORE] ? IGNORED : 0) | (hidden ? HIDDEN : 0));
}

void filter_free(struct filter *filter) {
  if (!filter) return;
  for (int kind = 0; kind < FILTER_KINDS; kind++) pcre2_code_free(filter->codes[kind]);
  pcre2_match_data_free(filter->match);
  pcre2_match_context_free(filter->context);
  free(filter);
}

#include "frame.h"

#include <string.h>

#include "folded.h"
#include "row.h"

static bool is_text(const char *bytes, size_t length, const char *text) {
  return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

/* "+0xOFFSET" at the end of bytes: where it begins; NULL without one. */
static const char *offset_in(const char *bytes, size_t length, uint64_t *offset) {
  const char *plus = memrchr(bytes, '+', length);
  if (!plus) return NULL;
  struct row row = row_of(plus + 1, (size_t)(bytes + length - plus - 1));
  return row_address(&row, offset) && row.at == row.end && plus[1] == '0' ? plus : NULL;
}

/* What stands in the brackets of a frame that is no function. */
static struct frame of_brackets(const char *bytes, size_t length) {
  struct frame frame = {.kind = FRAME_UNKNOWN};
  if (is_text(bytes, length, "truncated")) {
    frame.kind = FRAME_TRUNCATED;
    return frame;
  }
  if (length == 0 || is_text(bytes, length, "unknown")) return frame;
  struct row row = row_of(bytes, length);
  if (bytes[0] == '0' && row_address(&row, &frame.offset) && row.at == row.end) {
    frame.has_offset = true;
    return frame;
  }
  const char *plus = offset_in(bytes, length, &frame.offset);
  frame.has_offset = plus;
  if (plus) length = (size_t)(plus - bytes);
  const char *slash = memrchr(bytes, '/', length);
  if (slash && slash + 1 < bytes + length) {
    length -= (size_t)(slash + 1 - bytes);
    bytes = slash + 1;
  }
  frame.kind = length > 0 ? FRAME_IN_MODULE : FRAME_UNKNOWN;
  frame.module = (struct frame_part){bytes, length};
  return frame;
}

enum { MARK_LENGTH = 4 };

/* "_[i]" at the end of a name. */
static char mark_of(const char *name, size_t length) {
    if (length <= MARK_LENGTH) return 0;
  const char *mark = name + length - MARK_LENGTH;
  return mark[0] == '_' && mark[1] == '[' && mark[3] == ']' && mark[2] && strchr("ikj", mark[2]) ? mark[2] : 0;
}

static void read_place(struct frame *frame, const char *bytes, size_t length) {
  const char *colon = memrchr(bytes, ':', length);
  frame->file = (struct frame_part){bytes, (size_t)(colon - bytes)};
  struct row row = row_of(colon + 1, (size_t)(bytes + length - colon - 1));
  if (!row_decimal(&row, &frame->line)) frame->line = 0;
}

struct frame frame_of(const char *bytes, size_t length) {
  size_t name_length;
  bool has_place = frame_has_line(bytes, length, &name_length);
  if (!has_place && length >= 2 && bytes[0] == '[' && bytes[length - 1] == ']')
    return of_brackets(bytes + 1, length - 2);
  struct frame frame = {.kind = FRAME_FUNCTION, .function = {bytes, name_length}};
  frame.mark = mark_of(bytes, name_length);
  if (frame.mark) frame.function.length -= MARK_LENGTH;
  if (has_place) read_place(&frame, bytes + name_length + 2, length - name_length - 3);
  return frame;
}

size_t frame_function_length(const char *bytes, size_t length) {
  size_t name_length;
  frame_has_line(bytes, length, &name_length);
  return mark_of(bytes, name_length) == 'i' ? name_length - MARK_LENGTH : name_length;
}

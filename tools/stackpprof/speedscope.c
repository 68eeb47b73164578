/* Writing the file format of speedscope (github.com/jlfwong/speedscope, file-format-schema.json): JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "profile.h"
#include "report.h"
#include "utf8.h"

static void put_string(const char *bytes, size_t length) {
  putchar('"');
  for (size_t i = 0, size; i < length; i += size) {
    uint32_t character = utf8_next(bytes + i, length - i, &size);
    if (character == UTF8_REPLACEMENT) fputs("\xef\xbf\xbd", stdout);
    else if (character == '"' || character == '\\') printf("\\%c", (int)character);
    else fwrite(bytes + i, 1, size, stdout);
  }
  putchar('"');
}

static void put_text(const char *text) { put_string(text, strlen(text)); }

/* The units that speedscope knows; any other is none. */
static const char *unit_of(const char *unit) {
  static const char *const known[] = {"nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(unit, known[i]) == 0) return unit;
  return "none";
}

/* Each distinct frame gets the next number. */
static void index_frames(const struct profile *profile, struct stack **sorted, struct stacks *frames) {
  for (size_t i = 0; i < profile->stacks.count; i++) {
    for (const char *frame = sorted[i]->bytes, *end = frame + sorted[i]->length; frame;) {
      const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
      stacks_find(frames, frame, (size_t)((semicolon ? semicolon : end) - frame));
      frame = semicolon ? semicolon + 1 : NULL;
    }
  }
}

static void put_frames(struct profile *profile, const struct stacks *frames) {
  const struct stack **list = take_array(frames->count, sizeof *list);
  size_t position = 0;
  for (struct stack *each; (each = stacks_next(frames, &position));) list[each->number] = each;
  fputs("\"shared\":{\"frames\":[", stdout);
  for (size_t i = 0; i < frames->count; i++) {
    struct frame frame = profile_frame(profile, list[i]->bytes, list[i]->length);
    fputs(i > 0 ? ",\n{\"name\":" : "\n{\"name\":", stdout);
    put_string(frame.name, frame.name_length);
    if (frame.file) {
      fputs(",\"file\":", stdout);
      put_string(frame.file, frame.file_length);
    }
    if (frame.line > 0) printf(",\"line\":%" PRIu64, frame.line);
    putchar('}');
  }
  fputs("]},\n", stdout);
  free(list);
}

static void put_stack(const struct stacks *frames, const struct stack *stack) {
  putchar('[');
  for (const char *frame = stack->bytes, *end = frame + stack->length; frame;) {
    const char *semicolon = memchr(frame, ';', (size_t)(end - frame));
    printf("%zu", stacks_known(frames, frame, (size_t)((semicolon ? semicolon : end) - frame))->number);
    frame = semicolon ? semicolon + 1 : NULL;
    if (frame) putchar(',');
  }
  putchar(']');
}

static void put_profile(const struct profile *profile, size_t kind, struct stack **sorted,
                        const struct stacks *frames) {
  const struct value_kind *own = &profile->kinds[kind];
  fputs("{\"type\":\"sampled\",\"name\":", stdout);
  put_text(own->name);
  printf(",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%" PRIu64 ",\n\"samples\":[", unit_of(own->unit), own->total);
  const char *mark = "\n";
  for (size_t i = 0; i < profile->stacks.count; i++) {
    if (profile->values[sorted[i]->number * profile->kind_count + kind] == 0) continue;
    fputs(mark, stdout);
    put_stack(frames, sorted[i]);
    mark = ",\n";
  }
  fputs("],\n\"weights\":[", stdout);
  mark = "";
  for (size_t i = 0; i < profile->stacks.count; i++) {
    uint64_t value = profile->values[sorted[i]->number * profile->kind_count + kind];
    if (value == 0) continue;
    printf("%s%" PRIu64, mark, value);
    mark = ",";
  }
  fputs("]}", stdout);
}

void write_speedscope(struct profile *profile, const char *title) {
  enum { EXACT_BITS = 53 }; /* of the numbers that its readers have */
  struct stacks frames = {0};
  struct stack **sorted = stacks_sorted(&profile->stacks);
  for (size_t i = 0; i < profile->kind_count; i++)
    if (profile->kinds[i].total >> EXACT_BITS)
      report_warning("the total of %s is past 2^53; speedscope will round it", profile->kinds[i].name);
  index_frames(profile, sorted, &frames);
  fputs(
      "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n\"exporter\":\"stackpprof "
      "(Assay) " ASSAY_VERSION "\",\"name\":",
      stdout);
  put_text(title);
  fputs(",\"activeProfileIndex\":0,\n", stdout);
  put_frames(profile, &frames);
  fputs("\"profiles\":[\n", stdout);
  for (size_t i = 0; i < profile->kind_count; i++) {
    if (i > 0) fputs(",\n", stdout);
    put_profile(profile, i, sorted, &frames);
  }
  fputs("]}\n", stdout);
  free(sorted);
  stacks_free(&frames);
}

#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "input.h"
#include "memory.h"
#include "report.h"
#include "tsv.h"

/* A row of symbolize --frames. */
struct side_frame {
  const char *file;
  size_t file_length;
  uint64_t line, offset;
  uint32_t module;
  bool has_offset, is_inlined;
};

/* ---- stacks ---- */

static void check_frames(const struct input *input, const struct folded_line *line) {
  bool is_empty = line->length == 0 || line->stack[0] == ';' || line->stack[line->length - 1] == ';' ||
                  memmem(line->stack, line->length, ";;", 2);
  if (is_empty)
    fail_at(input_name(input), input_line_number(input),
            "a frame is empty; pprof has no frames without a name (name it first)");
}

static void add_value(struct profile *profile, size_t kind, const struct folded_line *line, const struct input *input) {
  const struct stack *stack = stacks_find(&profile->stacks, line->stack, line->length);
  size_t needed = product_of(profile->stacks.count, profile->kind_count), old = profile->value_capacity;
  if (needed > old) {
    grow(&profile->values, &profile->value_capacity, needed, sizeof *profile->values);
    memset(profile->values + old, 0, (profile->value_capacity - old) * sizeof *profile->values);
  }
  uint64_t *value = &profile->values[stack->number * profile->kind_count + kind];
  uint64_t sum = *value;
  if (!add_checked(&sum, line->value) || sum > INT64_MAX)
    fail_at(input_name(input), input_line_number(input),
            "the value of this stack is past 2^63 - 1, the greatest that pprof can hold");
  *value = sum;
  if (!add_checked(&profile->kinds[kind].total, line->value))
    fail_at(input_name(input), input_line_number(input),
            "the values add up to more than 64 bits; take fewer files at once");
}

void profile_read(struct profile *profile, size_t kind, const char *path) {
  struct input *input = input_open(path);
  struct folded_line line;
  enum folded_outcome outcome;
  size_t stacks = 0;
  while ((outcome = folded_next(input, &line)) == FOLDED_STACK) {
    check_frames(input, &line);
    add_value(profile, kind, &line, input);
    stacks++;
  }
  if (outcome == FOLDED_CUT_OFF)
    fail_at(input_name(input), input_line_number(input), "ends in the middle of a line; the file was cut off");
  if (stacks == 0) fail_at(input_name(input), 0, "holds no stacks");
  input_close(input);
}

/* ---- modules ---- */

/* Names of modules are given anew by who reads the profile, in the order of its mappings: they must come out the
 * same. */
static size_t add_module(struct profile *profile, const char *name, const char *path, const char *build_id) {
  if (build_id && build_id[strspn(build_id, "0123456789abcdef")]) build_id = NULL; /* readers ignore any other */
  size_t module = modules_add(&profile->modules, path, strlen(path), build_id);
  if (strcmp(profile->modules.list[module].name, name) != 0) return SIZE_MAX;
  stacks_find(&profile->module_names, name, strlen(name))->value = module + 1;
  return module;
}

struct module_row {
  const char *name, *path, *build_id;
  size_t number, line; /* of NAME#NUMBER; 1 without one */
};

static int compare_rows(const void *a, const void *b) {
  const struct module_row *left = a, *right = b;
  if (left->number != right->number) return left->number < right->number ? -1 : 1;
  return strcmp(left->name, right->name);
}

static void set_number(struct module_row *row) {
  const char *mark = strrchr(row->name, '#');
  uint64_t number;
  bool has =
      mark && mark > row->name && !read_count(mark + 1, strlen(mark + 1), &number) && number > 1 && number < SIZE_MAX;
  row->number = has ? (size_t)number : 1;
}

void profile_read_modules(struct profile *profile, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t name = tsv_field(tsv, "module"), file = tsv_field(tsv, "path"), id = tsv_field(tsv, "build_id");
  struct module_row *rows = NULL;
  size_t count = 0, capacity = 0;
  while (tsv_row(tsv)) {
    const char *texts[] = {tsv_value(tsv, name), tsv_value(tsv, file), tsv_value(tsv, id)};
    grow(&rows, &capacity, count + 1, sizeof *rows);
    struct module_row *row = &rows[count++];
    row->name = arena_copy(&profile->arena, texts[0], strlen(texts[0]));
    row->path = arena_copy(&profile->arena, texts[1], strlen(texts[1]));
    row->build_id = arena_copy(&profile->arena, texts[2], strlen(texts[2]));
    row->line = tsv_line_number(tsv);
    set_number(row);
  }
  if (count > 0) qsort(rows, count, sizeof *rows, compare_rows);
  for (size_t i = 0; i < count; i++)
    if (add_module(profile, rows[i].name, rows[i].path, rows[i].build_id) == SIZE_MAX)
      fail_at(path, rows[i].line,
              "the module '%s' cannot have the path '%s'; a table that stackfold --modules wrote is expected",
              rows[i].name, rows[i].path);
  tsv_close(tsv);
  free(rows);
}

/* The module that frames call so, added where nobody told of it; NO_MODULE where a reader would call it otherwise. */
static uint32_t module_called(struct profile *profile, const char *name, size_t length, const char *path,
                              const char *build_id) {
  const struct stack *known = stacks_known(&profile->module_names, name, length);
  if (known) return known->value == 0 ? NO_MODULE : (uint32_t)known->value - 1;
  const char *copy = arena_copy(&profile->arena, name, length);
  size_t module = length > 0 && strlen(copy) == length
                      ? add_module(profile, copy, path && *path ? path : copy, build_id)
                      : SIZE_MAX;
  stacks_find(&profile->module_names, name, length)->value = module == SIZE_MAX ? 0 : module + 1;
  return module >= NO_MODULE ? NO_MODULE : (uint32_t)module;
}

/* ---- frames ---- */

/* `0x` and digits as the readers of profiles print them: lower-case, without zeros in front. */
static bool read_address(const char *bytes, size_t length, uint64_t *address) {
  if (length < 3 || length > 18 || memcmp(bytes, "0x", 2) != 0 || (bytes[2] == '0' && length > 3)) return false;
  *address = 0;
  for (size_t i = 2; i < length; i++) {
    const char *digits = "0123456789abcdef", *digit = memchr(digits, bytes[i], 16);
    if (!digit) return false;
    *address = *address << 4 | (uint64_t)(digit - digits);
  }
  return true;
}

static bool take_address(struct profile *profile, struct frame *frame) {
  const char *bytes = frame->name;
  size_t length = frame->name_length;
  if (length < 5 || bytes[0] != '[' || bytes[length - 1] != ']') return false;
  const char *plus = memrchr(bytes, '+', length);
  const char *digits = plus ? plus + 1 : bytes + 1;
  if (!read_address(digits, (size_t)(bytes + length - 1 - digits), &frame->offset)) return false;
  if (plus) {
    frame->module = module_called(profile, bytes + 1, (size_t)(plus - bytes) - 1, NULL, NULL);
    if (frame->module == NO_MODULE) return false; /* a name like any other */
  }
  return frame->is_address = frame->has_offset = true;
}

/* NAME (FILE:LINE), where LINE is a number that comes out as it went in. */
static void take_line(struct frame *frame) {
  size_t name_length;
  const char *bytes = frame->name, *end = bytes + frame->name_length;
  if (!frame_has_line(bytes, frame->name_length, &name_length) || name_length == 0) return;
  const char *file = bytes + name_length + 2, *colon = memrchr(file, ':', (size_t)(end - file));
  uint64_t line;
  if (read_count(colon + 1, (size_t)(end - 1 - (colon + 1)), &line) || line > INT64_MAX || colon[1] == '0') return;
  frame->name_length = name_length;
  frame->file = file;
  frame->file_length = (size_t)(colon - file);
  frame->line = line;
}

static bool has_inlined_mark(const struct frame *frame) {
  return frame->name_length > 4 && memcmp(frame->name + frame->name_length - 4, "_[i]", 4) == 0;
}

bool profile_is_inlined(const struct profile *profile, const char *bytes, size_t length) {
  const struct stack *known = profile->side_frames.count ? stacks_known(&profile->side_frames, bytes, length) : NULL;
  if (known && profile->side[known->value - 1].is_inlined) return true;
  if (!memmem(bytes, length, "_[i]", 4)) return false;
  struct frame frame = {.name = bytes, .name_length = length};
  take_line(&frame);
  return has_inlined_mark(&frame);
}

struct frame profile_frame(struct profile *profile, const char *bytes, size_t length) {
  struct frame frame = {.name = bytes, .name_length = length, .module = NO_MODULE};
  if (take_address(profile, &frame)) return frame;
  take_line(&frame);
  const struct stack *known = stacks_known(&profile->side_frames, bytes, length);
  if (known) {
    const struct side_frame *side = &profile->side[known->value - 1];
    frame.module = side->module;
    frame.offset = side->offset;
    frame.has_offset = side->has_offset;
    if (!frame.file && side->file_length > 0) {
      frame.file = side->file;
      frame.file_length = side->file_length;
      frame.line = side->line;
    }
  }
  return frame;
}

/* A number of a row, which may be empty. */
static bool number_of(const struct tsv *tsv, size_t field, uint64_t *number) {
  const char *text = tsv_value(tsv, field);
  *number = 0;
  if (!*text) return false;
  bool is_address = strncmp(text, "0x", 2) == 0;
  if (is_address ? !read_address(text, strlen(text), number) : read_count(text, strlen(text), number) != NULL)
    fail_at(tsv_name(tsv), tsv_line_number(tsv), "'%s' is no number; a table that symbolize --frames wrote is expected",
            text);
  return true;
}

void profile_read_frames(struct profile *profile, const char *path) {
  struct tsv *tsv = tsv_open(path);
  size_t frame = tsv_field(tsv, "frame"), module = tsv_field(tsv, "module"), id = tsv_field(tsv, "build_id");
  size_t file_path = tsv_field(tsv, "path"), offset = tsv_field(tsv, "offset"), file = tsv_field(tsv, "file");
  size_t line = tsv_field(tsv, "line"), inlined = tsv_field(tsv, "inlined");
  while (tsv_row(tsv)) {
    struct stack *known = stacks_find(&profile->side_frames, tsv_value(tsv, frame), strlen(tsv_value(tsv, frame)));
    if (known->value > 0) continue; /* of several modules that have it, the first counts */
    known->value = profile->side_frames.count;
    grow(&profile->side, &profile->side_capacity, profile->side_frames.count, sizeof *profile->side);
    struct side_frame *side = &profile->side[known->value - 1];
    const char *name = tsv_value(tsv, module), *source = tsv_value(tsv, file);
    *side = (struct side_frame){
        .module = NO_MODULE, .file_length = strlen(source), .is_inlined = strcmp(tsv_value(tsv, inlined), "1") == 0};
    side->file = arena_copy(&profile->arena, source, side->file_length);
    if (*name) side->module = module_called(profile, name, strlen(name), tsv_value(tsv, file_path), tsv_value(tsv, id));
    side->has_offset = number_of(tsv, offset, &side->offset);
    number_of(tsv, line, &side->line);
    if (side->line > INT64_MAX) side->line = 0;
  }
  tsv_close(tsv);
}

void profile_free(struct profile *profile) {
  stacks_free(&profile->stacks);
  stacks_free(&profile->module_names);
  stacks_free(&profile->side_frames);
  modules_free(&profile->modules);
  arena_free(&profile->arena);
  free(profile->kinds);
  free(profile->values);
  free(profile->side);
}

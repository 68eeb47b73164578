#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "report.h"
#include "row.h"
#include "tsv.h"

/* ---- modules ---- */

static enum module_kind kind_of_path(const char *path) {
  const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
  size_t length = strlen(last);
  if (strncmp(path, "[kernel.kallsyms]", 17) == 0) return MODULE_KERNEL;
  if (strcmp(path, "[vdso]") == 0) return MODULE_VDSO;
  if (path[0] == '[' || path[0] == '\0' || strncmp(path, "//", 2) == 0) return MODULE_NONE;
  if (length > 9 && strncmp(last, "perf-", 5) == 0 && strcmp(last + length - 4, ".map") == 0) return MODULE_PERF_MAP;
  return MODULE_FILE;
}

/* Without that frames may name it. */
static size_t append_target(struct frames *frames, struct target target) {
  grow(&frames->targets, &frames->target_capacity, frames->target_count + 1, sizeof *frames->targets);
  if (!target.why) target.why = "";
  if (!target.build_id) target.build_id = "";
  frames->targets[frames->target_count] = target;
  return frames->target_count++;
}

size_t frames_add_target(struct frames *frames, struct target target) {
  struct stack *known = stacks_find(&frames->target_names, target.name, strlen(target.name));
  if (known->value == 0) known->value = append_target(frames, target) + 1;
  return (size_t)known->value - 1;
}

static const char *copy(struct frames *frames, const char *text) {
  return arena_copy(&frames->arena, text, strlen(text));
}

static size_t add_profiled(struct frames *frames, const char *name, const char *path, const char *build_id,
                           const char *root) {
  struct text file = {0};
  text_append_string(&file, root);
  text_append_string(&file, path);
  struct target target = {.kind = kind_of_path(path),
                          .name = copy(frames, name),
                          .path = copy(frames, path),
                          .build_id = copy(frames, build_id),
                          .file = copy(frames, file.bytes),
                          .in_file = true};
  if (path[0] != '/' && target.kind == MODULE_FILE && *root == '\0') target.file = target.path;
  text_free(&file);
  return frames_add_target(frames, target);
}

void frames_open(struct frames *frames) {
  frames->plain = NO_TARGET;
  frames_add_target(frames, (struct target){.kind = MODULE_NONE,
                                            .name = "(no module)",
                                            .path = "",
                                            .why = "addresses without a module: --exe or --maps says where they lie"});
}

void frames_read_modules(struct frames *frames, const char *path, const char *root) {
  struct tsv *tsv = tsv_open(path);
  size_t module = tsv_field(tsv, "module"), file = tsv_field(tsv, "path"), build_id = tsv_field(tsv, "build_id");
  while (tsv_row(tsv))
    add_profiled(frames, tsv_value(tsv, module), tsv_value(tsv, file), tsv_value(tsv, build_id), root);
  tsv_close(tsv);
}

bool frames_read_remark(struct frames *frames, char *fields, const char *root) {
  char *path = strchr(fields, '\t'), *build_id = path ? strchr(path + 1, '\t') : NULL;
  if (!build_id || strchr(build_id + 1, '\t')) return false;
  *path++ = '\0';
  *build_id++ = '\0';
  if (!tsv_unescape(fields) || !tsv_unescape(path) || !tsv_unescape(build_id)) return false;
  add_profiled(frames, fields, path, build_id, root);
  return true;
}

/* `start-end: path`, as some of gperftools' lists have it. */
static bool read_brief_mapping(struct frames *frames, const char *line, size_t length) {
  struct row row = row_of(line, length);
  struct mapping mapping = {0};
  if (!row_hexadecimal(&row, &mapping.start) || !row_word(&row, "-")) return false;
  if (!row_hexadecimal(&row, &mapping.end) || !row_word(&row, ":")) return false;
  row_blanks(&row);
  if (row.at == row.end) return true;
  mapping.module = modules_add(&frames->modules, row.at, (size_t)(row.end - row.at), NULL);
  address_space_map(&frames->space, mapping);
  return true;
}

void frames_read_maps(struct frames *frames, const char *path, const char *root) {
  struct input *input = input_open(path);
  char *line;
  size_t length, before = frames->space.count;
  while (input_line(input, &line, &length))
    if (!read_brief_mapping(frames, line, length))
      address_space_map_line(&frames->space, &frames->modules, line, length);
  if (frames->space.count == before)
    fail_at(input_name(input), 0, "holds no mapping; lines of /proc/PID/maps are expected");
  input_close(input);
  size_t count = frames->modules.count;
  grow(&frames->of_module, &frames->of_module_capacity, count, sizeof *frames->of_module);
  for (size_t i = 0; i < count; i++) {
    const struct module *module = &frames->modules.list[i];
    frames->of_module[i] = add_profiled(frames, module->name, module->path, module->build_id, root);
  }
}

void frames_add_program(struct frames *frames, const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  struct target target = {.kind = MODULE_FILE, .path = path, .file = path, .in_file = true};
  /* As frames name it. */
  struct modules modules = {0};
  size_t module = modules_add(&modules, name, strlen(name), NULL);
  target.name = copy(frames, modules.list[module].name);
  modules_free(&modules);
  frames_add_target(frames, target);
  if (frames->plain != NO_TARGET) return;
  target.in_file = false; /* an address without a module counts as its symbols do */
  frames->plain = append_target(frames, target);
}

/* ---- frames ---- */

static bool read_hexadecimal(const char *at, const char *end, uint64_t *number, const char **behind) {
  uint64_t value = 0;
  const char *first = at;
  for (; at < end; at++) {
    char c = *at;
    unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                            : 16;
    if (digit == 16) break;
    if (value >> 60) return false;
    value = value << 4 | digit;
  }
  *number = value;
  *behind = at;
  return at > first;
}

static bool starts_with_0x(const char *at, const char *end) {
  return end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
}

/* Where an address without a module lies. */
static void place_address(struct frames *frames, struct frame *frame, uint64_t address) {
  const struct mapping *mapping = address_space_find(&frames->space, address);
  frame->address = address;
  frame->target = frames->plain != NO_TARGET ? frames->plain : 0;
  if (!mapping) return;
  frame->target = frames->of_module[mapping->module];
  frame->address = address - mapping->start + mapping->offset;
}

/* NAME+0xOFFSET, where the last + counts: file names hold others. */
static bool place_in_module(struct frames *frames, struct frame *frame, const char *at, const char *end) {
  const char *plus = memrchr(at, '+', (size_t)(end - at)), *behind;
  if (!plus || plus == at || !starts_with_0x(plus + 1, end)) return false;
  if (!read_hexadecimal(plus + 3, end, &frame->address, &behind) || behind != end) return false;
  struct stack *known = stacks_known(&frames->target_names, at, (size_t)(plus - at));
  if (known && known->value > 0) {
    frame->target = (size_t)known->value - 1;
    return true;
  }
  struct target target = {.kind = MODULE_FILE,
                          .name = arena_copy(&frames->arena, at, (size_t)(plus - at)),
                          .path = "",
                          .in_file = true,
                          .why = "its file is not known: --modules, --maps or --exe names it"};
  frame->target = frames_add_target(frames, target);
  return true;
}

/* `[...]` and perhaps a mark behind it. */
static void place_bracketed(struct frames *frames, struct frame *frame, const char *text, size_t length) {
  const char *close = memrchr(text, ']', length);
  if (text[0] != '[' || !close) return;
  const char *end = text + length, *mark = end;
  if (length > 4 && end[-4] == '_' && end[-3] == '[' && end[-1] == ']') {
    mark = end - 4;
    close = memrchr(text, ']', (size_t)(mark - text));
  }
  if (!close || close + 1 != mark) return;
  const char *behind;
  uint64_t address;
  if (starts_with_0x(text + 1, close)) {
    if (!read_hexadecimal(text + 3, close, &address, &behind) || behind != close) return;
    place_address(frames, frame, address);
  } else if (!place_in_module(frames, frame, text + 1, close)) return;
  frame->mark = mark < end ? mark : "";
}

static struct frame *add_frame(struct frames *frames, const char *text, size_t length) {
  if (frames->count == frames->capacity)
    grow(&frames->list, &frames->capacity, frames->count + 1, sizeof *frames->list);
  struct frame *frame = &frames->list[frames->count++];
  *frame = (struct frame){.text = text, .length = length, .target = NO_TARGET, .mark = ""};
  return frame;
}

size_t frames_number(struct frames *frames, const char *text, size_t length) {
  struct stack *known = stacks_find(&frames->known, text, length);
  struct frame *frame;
  if (known->number < frames->count) frame = &frames->list[known->number];
  else {
    frame = add_frame(frames, known->bytes, length);
    if (length > 0) place_bracketed(frames, frame, frame->text, length);
    if (frame->target != NO_TARGET) frames->targets[frame->target].used = true;
  }
  return (size_t)(frame - frames->list);
}

bool frames_add_line(struct frames *frames, const char *line, size_t length) {
  struct frame *frame = add_frame(frames, arena_copy(&frames->arena, line, length), length);
  const char *text = frame->text, *end = text + length, *behind;
  uint64_t address;
  size_t digits = starts_with_0x(text, end) ? 2 : 0;
  if (text[0] == '[') place_bracketed(frames, frame, text, length);
  else if (read_hexadecimal(text + digits, end, &address, &behind) && behind == end)
    place_address(frames, frame, address);
  else place_in_module(frames, frame, text, end);
  if (frame->target == NO_TARGET) return false;
  frame->samples = 1;
  frames->targets[frame->target].used = true;
  return true;
}

void frames_free(struct frames *frames) {
  stacks_free(&frames->known);
  stacks_free(&frames->target_names);
  for (size_t i = 0; i < frames->target_count; i++) answers_free(&frames->targets[i].answers);
  free(frames->list);
  free(frames->targets);
  free(frames->of_module);
  modules_free(&frames->modules);
  address_space_free(&frames->space);
  arena_free(&frames->arena);
}

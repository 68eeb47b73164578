#include "mappings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "row.h"
#include "tsv.h"

/* Takes the name; false where it is taken already. */
static bool take_name(struct modules *modules, const struct text *name) {
  struct stack *known = stacks_find(&modules->names, name->bytes, name->length);
  if (known->value > 0) return false;
  known->value = 1;
  return true;
}

/* The last part of the path as it can stand in a frame, made unlike all others. */
static char *name_of(struct modules *modules, const char *path, size_t length) {
  const char *slash = memrchr(path, '/', length);
  const char *last = slash && slash + 1 < path + length ? slash + 1 : path;
  size_t last_length = length - (size_t)(last - path);
  if (last_length > 2 && last[0] == '[' && last[last_length - 1] == ']') {
    last++;
    last_length -= 2;
  }
  if (last_length == 0) {
    last = "?";
    last_length = 1;
  }
  struct text name = {0};
  text_append(&name, last, last_length);
  replace_controls(name.bytes, name.length);
  for (size_t i = 0; i < name.length; i++)
    if (strchr(" ;[]", name.bytes[i])) name.bytes[i] = '_';
  size_t plain = name.length;
  struct stack *base = stacks_find(&modules->names, name.bytes, plain);
  while (!take_name(modules, &name)) {
    char suffix[24];
    snprintf(suffix, sizeof suffix, "#%" PRIu64, ++base->value);
    name.length = plain;
    text_append_string(&name, suffix);
  }
  char *copy = arena_copy(&modules->arena, name.bytes, name.length);
  text_free(&name);
  return copy;
}

static size_t add_module(struct modules *modules, const char *path, size_t path_length, const char *build_id) {
  grow(&modules->list, &modules->capacity, modules->count + 1, sizeof *modules->list);
  modules->list[modules->count] = (struct module){
      .name = name_of(modules, path, path_length),
      .path = arena_copy(&modules->arena, path, path_length),
      .build_id = arena_copy(&modules->arena, build_id, strlen(build_id)),
  };
  return ++modules->count;
}

/* What is known of the path with this build id. */
static struct stack *known_with(struct modules *modules, const char *path, size_t path_length, const char *build_id) {
  struct text key = {0};
  text_append(&key, path, path_length);
  text_append(&key, "", 1);
  text_append_string(&key, build_id);
  struct stack *known = stacks_find(&modules->known, key.bytes, key.length);
  text_free(&key);
  return known;
}

size_t modules_add(struct modules *modules, const char *path, size_t path_length, const char *build_id) {
  if (!build_id) build_id = "";
  struct stack *first = stacks_find(&modules->known, path, path_length); /* of this path, with any build id */
  struct stack *same = *build_id ? known_with(modules, path, path_length, build_id) : first;
  if (same->value == 0 && first->value > 0 && !*modules->list[first->value - 1].build_id) {
    modules->list[first->value - 1].build_id = arena_copy(&modules->arena, build_id, strlen(build_id));
    same->value = first->value;
  }
  if (same->value == 0) same->value = add_module(modules, path, path_length, build_id);
  if (first->value == 0) first->value = same->value;
  return (size_t)same->value - 1;
}

/* `0x` and the number, as %PRIx64 would print it: this is done once for each frame of a profile. */
static void append_hexadecimal(struct text *text, uint64_t number) {
  char digits[18];
  size_t start = sizeof digits;
  do {
    digits[--start] = "0123456789abcdef"[number & 15];
    number >>= 4;
  } while (number);
  digits[--start] = 'x';
  digits[--start] = '0';
  text_append(text, digits + start, sizeof digits - start);
}

void modules_append_frame(const struct modules *modules, size_t module, uint64_t offset, struct text *frame) {
  text_append_char(frame, '[');
  text_append_string(frame, modules->list[module].name);
  text_append_char(frame, '+');
  append_hexadecimal(frame, offset);
  text_append_char(frame, ']');
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const struct module *)a)->name, ((const struct module *)b)->name);
}

static struct module *modules_sorted(const struct modules *modules) {
  struct module *sorted = take_array(modules->count, sizeof *sorted);
  if (modules->count) memcpy(sorted, modules->list, modules->count * sizeof *sorted);
  qsort(sorted, modules->count, sizeof *sorted, compare_names);
  return sorted;
}

static void write_module(const struct module *module, FILE *output) {
  tsv_write(output, module->name);
  putc('\t', output);
  tsv_write(output, module->path);
  fprintf(output, "\t%s\n", module->build_id);
}

void modules_write(const struct modules *modules, FILE *output) {
  struct module *sorted = modules_sorted(modules);
  fputs("module\tpath\tbuild_id\n", output);
  for (size_t i = 0; i < modules->count; i++) write_module(&sorted[i], output);
  free(sorted);
}

size_t modules_write_remarks(const struct modules *modules, FILE *output) {
  struct module *sorted = modules_sorted(modules);
  size_t left_out = 0;
  for (size_t i = 0; i < modules->count; i++) {
    if (strchr(sorted[i].name, ';') || strchr(sorted[i].path, ';')) {
      left_out++;
      continue;
    }
    fputs(MODULES_REMARK, output);
    write_module(&sorted[i], output);
  }
  free(sorted);
  return left_out;
}

void modules_free(struct modules *modules) {
  free(modules->list);
  stacks_free(&modules->known);
  stacks_free(&modules->names);
  arena_free(&modules->arena);
  *modules = (struct modules){0};
}

/* The index of the first mapping that ends behind the address. */
static size_t first_behind(const struct address_space *space, uint64_t address) {
  size_t low = 0, high = space->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (space->list[middle].end <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

void address_space_map(struct address_space *space, struct mapping mapping) {
  if (mapping.end <= mapping.start) return;
  grow(&space->list, &space->capacity, sum_of(space->count, 2), sizeof *space->list);
  size_t first = first_behind(space, mapping.start), behind = first;
  while (behind < space->count && space->list[behind].start < mapping.end) behind++;
  /* What stays of the mappings first..behind: the beginning of the first and the end of the last. */
  struct mapping kept[3];
  size_t count = 0;
  if (first < behind && space->list[first].start < mapping.start) {
    kept[count] = space->list[first];
    kept[count++].end = mapping.start;
  }
  kept[count++] = mapping;
  if (first < behind && space->list[behind - 1].end > mapping.end) {
    kept[count] = space->list[behind - 1];
    kept[count].offset += mapping.end - kept[count].start;
    kept[count++].start = mapping.end;
  }
  memmove(space->list + first + count, space->list + behind, (space->count - behind) * sizeof *space->list);
  memcpy(space->list + first, kept, count * sizeof *kept);
  space->count = space->count - (behind - first) + count;
}

const struct mapping *address_space_find(const struct address_space *space, uint64_t address) {
  size_t index = first_behind(space, address);
  if (index == space->count || space->list[index].start > address) return NULL;
  return &space->list[index];
}

void address_space_append_frame(const struct address_space *space, const struct modules *modules, uint64_t address,
                                struct text *frame) {
  const struct mapping *mapping = address_space_find(space, address);
  if (mapping) {
    modules_append_frame(modules, mapping->module, address - mapping->start + mapping->offset, frame);
    return;
  }
  text_append_char(frame, '[');
  append_hexadecimal(frame, address);
  text_append_char(frame, ']');
}

bool address_space_map_line(struct address_space *space, struct modules *modules, const char *line, size_t length) {
  struct row row = row_of(line, length);
  struct mapping mapping;
  if (!row_hexadecimal(&row, &mapping.start)) return false;
  if (row.at == row.end || *row.at != '-') return false;
  row.at++;
  if (!row_hexadecimal(&row, &mapping.end)) return false;
  if (!row_skip_word(&row)) return false; /* permissions */
  if (!row_hexadecimal(&row, &mapping.offset)) return false;
  if (!row_skip_word(&row) || !row_skip_word(&row)) return false; /* device, inode */
  if (row_ends(&row)) return true;
  mapping.module = modules_add(modules, row.at, (size_t)(row.end - row.at), NULL);
  address_space_map(space, mapping);
  return true;
}

void address_space_copy(struct address_space *to, const struct address_space *from) {
  address_space_free(to);
  if (from->count == 0) return;
  grow(&to->list, &to->capacity, from->count, sizeof *to->list);
  memcpy(to->list, from->list, from->count * sizeof *to->list);
  to->count = from->count;
}

void address_space_free(struct address_space *space) {
  free(space->list);
  *space = (struct address_space){0};
}

/* A segment from the entries and the line table of a unit. */
#include "segment.h"

#include <stdlib.h>

#include "stacks.h"

/* ---- strings, each once ---- */

struct string_slot {
  uint32_t generation; /* of the builder; another: the slot is free */
  uint32_t offset;
};

static void forget_strings(struct segment_builder *builder) {
  if (!builder->string_slots) {
    builder->string_slot_count = 1024;
    builder->string_slots = take_array(builder->string_slot_count, sizeof *builder->string_slots);
    memset(builder->string_slots, 0, builder->string_slot_count * sizeof *builder->string_slots);
  }
  builder->generation++;
  builder->string_count = 0;
  text_clear(&builder->strings);
  text_append(&builder->strings, "", 1);
}

static struct string_slot *string_slot(const struct segment_builder *builder, const char *string, size_t length) {
  size_t mask = builder->string_slot_count - 1;
  for (size_t i = bytes_hash(string, length) & mask;; i = (i + 1) & mask) {
    struct string_slot *slot = &builder->string_slots[i];
    if (slot->generation != builder->generation) return slot;
    if (strcmp(builder->strings.bytes + slot->offset, string) == 0) return slot;
  }
}

static void grow_string_slots(struct segment_builder *builder) {
  free(builder->string_slots);
  builder->string_slot_count *= 2;
  builder->string_slots = take_array(builder->string_slot_count, sizeof *builder->string_slots);
  memset(builder->string_slots, 0, builder->string_slot_count * sizeof *builder->string_slots);
  for (size_t offset = 1; offset < builder->strings.length;) {
    const char *string = builder->strings.bytes + offset;
    size_t length = strlen(string);
    *string_slot(builder, string, length) =
        (struct string_slot){.generation = builder->generation, .offset = (uint32_t)offset};
    offset += length + 1;
  }
}

/* Its offset in strings; 0 for none. */
static uint32_t add_string(struct segment_builder *builder, const char *string) {
  if (!string || !*string) return 0;
  size_t length = strlen(string);
  if (builder->strings.length + length >= UINT32_MAX) return 0;
  if (builder->string_count * 2 >= builder->string_slot_count) grow_string_slots(builder);
  struct string_slot *slot = string_slot(builder, string, length);
  if (slot->generation != builder->generation) {
    *slot = (struct string_slot){.generation = builder->generation, .offset = (uint32_t)builder->strings.length};
    text_append(&builder->strings, string, length + 1);
    builder->string_count++;
  }
  return slot->offset;
}

/* ---- files ---- */

/* Forgets those of the unit before. */
static void forget_files(struct segment_builder *builder) {
  size_t count = builder->lines.file_count + 1;
  grow(&builder->files, &builder->file_capacity, count, sizeof *builder->files);
  memset(builder->files, 0, count * sizeof *builder->files);
  builder->file_count = 0;
}

/* 1 more than the segment's number of a file of the line table; 0 where that has none. */
static uint32_t file_number(struct segment_builder *builder, const struct unit *unit, uint64_t file) {
  if (file > builder->lines.file_count) return 0;
  if (builder->files[file]) return builder->files[file];
  struct text path = {0};
  if (!lines_append_path(&builder->lines, unit, file, &path)) return 0;
  grow(&builder->file_names, &builder->file_name_capacity, builder->file_count + 1, sizeof *builder->file_names);
  builder->file_names[builder->file_count++] = add_string(builder, path.bytes);
  text_free(&path);
  return builder->files[file] = (uint32_t)builder->file_count;
}

/* ---- rows ---- */

static void add_row(struct segment_builder *builder, struct segment_row row) {
  struct segment_row *last = builder->row_count ? &builder->rows[builder->row_count - 1] : NULL;
  if (last && last->address == row.address) {
    *last = row; /* of several for one address the last counts */
    return;
  }
  if (last && last->file == row.file && last->line == row.line) return;
  if (builder->row_count == builder->row_capacity)
    grow(&builder->rows, &builder->row_capacity, builder->row_count + 1, sizeof *builder->rows);
  builder->rows[builder->row_count++] = row;
}

static void make_rows(struct segment_builder *builder, const struct unit *unit, uint64_t base) {
  builder->row_count = 0;
  for (size_t i = 0; i < builder->lines.row_count; i++) {
    const struct line_row *from = &builder->lines.rows[i];
    if (from->address - base > UINT32_MAX) break;
    bool end = from->file == LINE_END;
    uint32_t file = end ? 0 : file_number(builder, unit, from->file);
    add_row(builder, (struct segment_row){
                         .address = (uint32_t)(from->address - base), .line = file ? from->line : 0, .file = file});
  }
}

/* ---- functions ---- */

struct walk {
  struct segment_builder *builder;
  struct unit *unit;
  uint64_t low, high;
  uint32_t scope; /* being read: 1 more than its number */
};

static void add_scope_range(void *context, uint64_t start, uint64_t end) {
  struct walk *walk = context;
  if (start < walk->low || start >= walk->high) return; /* in a section that the linker discarded */
  if (end > walk->high) end = walk->high;
  ranges_add(&walk->builder->ranges,
             (struct range){.start = start, .end = end, .rank = walk->scope, .value = walk->scope});
}

static const char *function_name(const struct attribute *values) {
  if (values[ATTRIBUTE_LINKAGE_NAME].kind == VALUE_STRING) return values[ATTRIBUTE_LINKAGE_NAME].string;
  const char *name = NULL;
  for (enum attribute_name way = ATTRIBUTE_ABSTRACT_ORIGIN; way <= ATTRIBUTE_SPECIFICATION && !name; way++)
    if (values[way].kind == VALUE_ENTRY) name = entry_function_name(values[way].dwarf, values[way].number);
  if (!name && values[ATTRIBUTE_NAME].kind == VALUE_STRING) name = values[ATTRIBUTE_NAME].string;
  return name;
}

/* Adds the function whose attributes come next; 1 more than its number. */
static uint32_t add_scope(struct walk *walk, const struct abbreviation *abbreviation, struct bytes *bytes,
                          uint32_t parent) {
  enum {
    WANTED = 1 << ATTRIBUTE_NAME | 1 << ATTRIBUTE_LINKAGE_NAME | 1 << ATTRIBUTE_LOW_PC | 1 << ATTRIBUTE_HIGH_PC |
             1 << ATTRIBUTE_RANGES | 1 << ATTRIBUTE_ABSTRACT_ORIGIN | 1 << ATTRIBUTE_SPECIFICATION |
             1 << ATTRIBUTE_CALL_FILE | 1 << ATTRIBUTE_CALL_LINE
  };
  struct segment_builder *builder = walk->builder;
  struct attribute values[ATTRIBUTE_COUNT];
  for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) values[i].kind = VALUE_NONE;
  entry_read(walk->unit, abbreviation, bytes, WANTED, values);
  bool inlined = abbreviation->tag == DW_TAG_inlined_subroutine;
  if (bytes->failed || builder->scope_count >= UINT32_MAX - 1) return parent;
  if (builder->scope_count == builder->scope_capacity)
    grow(&builder->scopes, &builder->scope_capacity, builder->scope_count + 1, sizeof *builder->scopes);
  struct segment_scope *scope = &builder->scopes[builder->scope_count++];
  *scope = (struct segment_scope){.parent = inlined ? parent : 0};
  walk->scope = (uint32_t)builder->scope_count;
  size_t ranges = builder->ranges.count;
  unit_ranges(walk->unit, values, add_scope_range, walk);
  if (!inlined && builder->ranges.count == ranges) { /* discarded: nothing asks for it, or for what it inlined */
    builder->scope_count--;
    return 0;
  }
  if (inlined) {
    const struct attribute *file = &values[ATTRIBUTE_CALL_FILE], *line = &values[ATTRIBUTE_CALL_LINE];
    if (file->kind == VALUE_CONSTANT) scope->call_file = file_number(builder, walk->unit, file->number);
    scope->call_line = line->kind == VALUE_CONSTANT && line->number <= UINT32_MAX ? (uint32_t)line->number : 0;
  }
  scope->name = add_string(builder, function_name(values));
  return walk->scope;
}

static void skip_entry(const struct unit *unit, const struct abbreviation *abbreviation, struct bytes *bytes) {
  if (abbreviation->size >= 0) {
    bytes_skip(bytes, (uint64_t)abbreviation->size);
    return;
  }
  const struct attribute_form *form = unit->abbreviations->forms + abbreviation->first;
  for (const struct attribute_form *end = form + abbreviation->count; form < end; form++)
    attribute_skip(unit, form, bytes);
}

/* All entries of the unit in one pass; level is how deep the present one lies. */
static void walk_entries(struct walk *walk) {
  struct segment_builder *builder = walk->builder;
  struct unit *unit = walk->unit;
  struct bytes bytes = bytes_of(unit->dwarf->sections[SECTION_INFO].bytes + unit->entries, unit->end - unit->entries);
  size_t level = 0;
  grow(&builder->levels, &builder->level_capacity, 1, sizeof *builder->levels);
  builder->levels[0] = 0;
  while (bytes.at < bytes.end) {
    uint64_t code = bytes_uleb(&bytes);
    if (code == 0) {
      if (level <= 1) return;
      level--;
      continue;
    }
    const struct abbreviation *abbreviation = unit_abbreviation(unit, code);
    if (!abbreviation) return;
    uint32_t scope = builder->levels[level];
    bool inlined = abbreviation->tag == DW_TAG_inlined_subroutine;
    if ((abbreviation->has_code && abbreviation->tag == DW_TAG_subprogram) || (inlined && scope))
      scope = add_scope(walk, abbreviation, &bytes, scope);
    else skip_entry(unit, abbreviation, &bytes);
    if (!abbreviation->has_children) continue;
    level++;
    if (level == builder->level_capacity)
      grow(&builder->levels, &builder->level_capacity, level + 1, sizeof *builder->levels);
    builder->levels[level] = scope;
  }
}

/* ---- putting it together ---- */

static void append_padded(struct text *out, const void *bytes, size_t size) {
  text_append(out, size ? bytes : "", size);
  while (out->length % 8) text_append(out, "", 1);
}

void segment_build(struct segment_builder *builder, struct unit *unit, uint64_t low, uint64_t high, struct text *out) {
  builder->ranges.count = builder->scope_count = 0;
  forget_strings(builder);
  lines_read(&builder->lines, unit, low, high);
  forget_files(builder);
  struct walk walk = {.builder = builder, .unit = unit, .low = low, .high = high};
  walk_entries(&walk);
  uint64_t base = builder->lines.row_count ? builder->lines.rows[0].address : high;
  for (size_t i = 0; i < builder->ranges.count; i++)
    if (builder->ranges.list[i].start < base) base = builder->ranges.list[i].start;
  ranges_flatten(&builder->ranges, base, &builder->points);
  make_rows(builder, unit, base);
  struct segment_head head = {.base = base,
                              .row_count = (uint32_t)builder->row_count,
                              .point_count = (uint32_t)builder->points.count,
                              .scope_count = (uint32_t)builder->scope_count,
                              .file_count = (uint32_t)builder->file_count,
                              .string_size = (uint32_t)builder->strings.length};
  append_padded(out, &head, sizeof head);
  append_padded(out, builder->rows, builder->row_count * sizeof *builder->rows);
  append_padded(out, builder->points.list, builder->points.count * sizeof *builder->points.list);
  append_padded(out, builder->scopes, builder->scope_count * sizeof *builder->scopes);
  append_padded(out, builder->file_names, builder->file_count * sizeof *builder->file_names);
  append_padded(out, builder->strings.bytes, builder->strings.length);
}

void segment_builder_free(struct segment_builder *builder) {
  lines_free(&builder->lines);
  free(builder->ranges.list);
  free(builder->points.list);
  free(builder->scopes);
  free(builder->levels);
  text_free(&builder->strings);
  free(builder->files);
  free(builder->file_names);
  free(builder->rows);
  free(builder->string_slots);
  *builder = (struct segment_builder){0};
}

/* ---- asking ---- */

/* The next count elements of size, padded to 8 bytes; NULL where they are not all there. */
static const void *part(const char *bytes, size_t total, size_t *at, size_t count, size_t size) {
  size_t length = (count * size + 7) & ~(size_t)7;
  if (length > total - *at) return NULL;
  const char *start = bytes + *at;
  *at += length;
  return start;
}

bool segment_open(struct segment *segment, const char *bytes, size_t size) {
  size_t at = 0;
  const struct segment_head *head = part(bytes, size, &at, 1, sizeof *head);
  if (!head) return false;
  segment->head = head;
  return (segment->rows = part(bytes, size, &at, head->row_count, sizeof *segment->rows)) &&
         (segment->points = part(bytes, size, &at, head->point_count, sizeof *segment->points)) &&
         (segment->scopes = part(bytes, size, &at, head->scope_count, sizeof *segment->scopes)) &&
         (segment->files = part(bytes, size, &at, head->file_count, sizeof *segment->files)) &&
         (segment->strings = part(bytes, size, &at, head->string_size, 1)) && head->string_size > 0 &&
         segment->strings[head->string_size - 1] == '\0';
}

static const char *string_at(const struct segment *segment, uint32_t offset) {
  return offset > 0 && offset < segment->head->string_size ? segment->strings + offset : NULL;
}

static const char *file_at(const struct segment *segment, uint32_t file) {
  return file > 0 && file <= segment->head->file_count ? string_at(segment, segment->files[file - 1]) : NULL;
}

static const struct segment_row *row_at(const struct segment *segment, uint64_t address) {
  size_t low = 0, high = segment->head->row_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (segment->rows[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  return low > 0 && segment->rows[low - 1].file ? &segment->rows[low - 1] : NULL;
}

size_t segment_find(const struct segment *segment, uint64_t address, struct frame_place *frames) {
  if (address < segment->head->base) return 0;
  uint64_t relative = address - segment->head->base;
  const struct segment_row *row = row_at(segment, relative);
  const char *file = row ? file_at(segment, row->file) : NULL;
  uint32_t line = row ? row->line : 0;
  uint32_t scope = points_find(segment->points, segment->head->point_count, relative);
  size_t count = 0;
  while (scope > 0 && scope <= segment->head->scope_count && count < MOST_FRAMES) {
    const struct segment_scope *found = &segment->scopes[scope - 1];
    frames[count++] = (struct frame_place){.function = string_at(segment, found->name),
                                           .file = file,
                                           .line = line,
                                           .inlined = found->parent != 0};
    file = file_at(segment, found->call_file);
    line = found->call_line;
    scope = found->parent < scope ? found->parent : 0;
  }
  if (count == 0 && file) frames[count++] = (struct frame_place){.file = file, .line = line};
  return count;
}

#include "index.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "report.h"
#include "stacks.h"

/* ---- where the units' code lies ---- */

struct unit_range_context {
  struct index *index;
  struct ranges *ranges;
  uint32_t unit;
};

/* Where units overlap the first of them is taken. */
static void add_unit_range(void *context, uint64_t start, uint64_t end) {
  struct unit_range_context *to = context;
  const struct object *module = to->index->found->module;
  if (start < module->code_low || start >= module->code_high) return;
  ranges_add(to->ranges, (struct range){.start = start, .end = end, .rank = UINT32_MAX - to->unit, .value = to->unit + 1});
}

/* One table of .debug_aranges: the ranges of one unit; false at the end. */
static bool read_address_ranges(struct index *index, struct dwarf *dwarf, struct bytes *bytes, struct ranges *ranges,
                                bool *listed) {
  const uint8_t *start = bytes->at;
  uint8_t offset_size = 4;
  uint64_t length = bytes_32(bytes);
  if (length == 0xffffffff) {
    length = bytes_64(bytes);
    offset_size = 8;
  }
  if (bytes->failed || length > bytes_left(bytes) || length == 0) return false;
  struct bytes table = bytes_of(bytes->at, (size_t)length);
  bytes->at += length;
  uint16_t version = bytes_16(&table);
  uint64_t offset = bytes_fixed(&table, offset_size);
  uint8_t address_size = bytes_8(&table), segment_size = bytes_8(&table);
  if (version != 2 || segment_size != 0 || (address_size != 4 && address_size != 8)) return true;
  size_t pair = 2u * address_size, used = (size_t)(table.at - start);
  bytes_skip(&table, (pair - used % pair) % pair);
  const struct unit *unit = dwarf_unit_starting(dwarf, offset);
  if (!unit) return true;
  struct unit_range_context context = {.index = index, .ranges = ranges, .unit = (uint32_t)(unit - dwarf->units)};
  while (bytes_left(&table) >= pair) {
    uint64_t low = bytes_fixed(&table, address_size), size = bytes_fixed(&table, address_size);
    if (low == 0 && size == 0) break;
    listed[context.unit] = true;
    if (low + size > low) add_unit_range(&context, low, low + size);
  }
  return true;
}

static void find_unit_ranges(struct index *index, struct dwarf *dwarf, struct ranges *ranges) {
  bool *listed = take_array(dwarf->unit_count, sizeof *listed);
  memset(listed, 0, dwarf->unit_count * sizeof *listed);
  const struct section *section = &dwarf->sections[SECTION_ARANGES];
  struct bytes bytes = bytes_of(section->bytes, section->size);
  while (section->size && read_address_ranges(index, dwarf, &bytes, ranges, listed)) continue;
  for (size_t i = 0; i < dwarf->unit_count; i++) {
    struct unit *unit = &dwarf->units[i];
    if (listed[i] || !unit->is_code || !unit_open(unit)) continue;
    struct unit_range_context context = {.index = index, .ranges = ranges, .unit = (uint32_t)i};
    unit_ranges(unit, unit->root, add_unit_range, &context);
  }
  free(listed);
}

static void open_units(struct index *index) {
  struct dwarf *dwarf = found_dwarf(index->found);
  if (!dwarf || dwarf->unit_count >= UINT32_MAX - 1) return;
  index->has_dwarf = true;
  index->unit_count = dwarf->unit_count;
  index->built = take_array(index->unit_count, sizeof *index->built);
  memset(index->built, 0, index->unit_count * sizeof *index->built);
  struct ranges ranges = {0};
  find_unit_ranges(index, dwarf, &ranges);
  ranges_flatten(&ranges, index->base, &index->own_units);
  free(ranges.list);
}

void index_open(struct index *index, struct found *found) {
  *index = (struct index){.found = found, .base = found->module->code_low, .has_new = true};
  open_units(index);
  index_read_symbols(index);
  index->units = index->own_units.list;
  index->unit_point_count = index->own_units.count;
  index->symbols = index->own_symbols.list;
  index->symbol_count = index->own_symbols.count;
  index->symbol_names = index->own_names.bytes;
  index->symbol_name_size = index->own_names.length;
}

/* ---- asking ---- */

static void build(struct index *index, uint32_t unit) {
  struct dwarf *dwarf = found_dwarf(index->found);
  if (!dwarf || unit >= dwarf->unit_count || !unit_open(&dwarf->units[unit])) return;
  struct text bytes = {0};
  const struct object *module = index->found->module;
  segment_build(&index->builder, &dwarf->units[unit], module->code_low, module->code_high, &bytes);
  if (dwarf->units[unit].split) index->split_units++;
  index->built[unit] = (struct built){.bytes = bytes.bytes, .size = bytes.length};
  index->has_new = true;
}

/* NULL where there is none. One from the cache is checked when it is first asked. */
static const struct segment *segment_of(struct index *index, uint32_t unit) {
  struct built *built = &index->built[unit];
  if (built->opened) return &built->segment;
  if (built->cached && (bytes_hash(built->bytes, built->size) != built->checksum ||
                        !segment_open(&built->segment, built->bytes, built->size))) {
    report_warning("%s: a part of the cached index is damaged; it is made anew", index->found->module->path);
    *built = (struct built){0};
  }
  if (!built->bytes) build(index, unit);
  built->opened = built->bytes && segment_open(&built->segment, built->bytes, built->size);
  return built->opened ? &built->segment : NULL;
}

/* Compilers give some functions (lambdas, members of local classes) a plain name alone, which says little: `operator()`.
 * Their symbols have all of it. */
static bool is_mangled(const char *name) { return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R'); }

static const char *symbol_at(const struct index *index, uint64_t relative) {
  uint32_t symbol = points_find(index->symbols, index->symbol_count, relative);
  return symbol > 0 && symbol < index->symbol_name_size ? index->symbol_names + symbol : NULL;
}

size_t index_find(struct index *index, uint64_t address, bool symbol_is_enough, struct frame_place *frames) {
  if (address < index->base || address - index->base > UINT32_MAX) return 0;
  uint64_t relative = address - index->base;
  const char *symbol = symbol_at(index, relative);
  if (symbol && symbol_is_enough) {
    frames[0] = (struct frame_place){.function = symbol};
    return 1;
  }
  uint32_t unit = points_find(index->units, index->unit_point_count, relative);
  const struct segment *segment = unit > 0 && unit <= index->unit_count ? segment_of(index, unit - 1) : NULL;
  size_t count = segment ? segment_find(segment, address, frames) : 0;
  if (!symbol || (count > 0 && frames[count - 1].function && is_mangled(frames[count - 1].function))) return count;
  if (count == 0) frames[count++] = (struct frame_place){0};
  const char **function = &frames[count - 1].function;
  if (!*function || is_mangled(symbol)) *function = symbol;
  return count;
}

/* ---- demangled names ---- */

const char *index_demangled(const struct index *index, const char *name, size_t length) {
  uint64_t hash = bytes_hash(name, length);
  size_t low = 0, high = index->demangled_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (index->demangled[middle].hash < hash) low = middle + 1;
    else high = middle;
  }
  for (; low < index->demangled_count && index->demangled[low].hash == hash; low++) {
    const struct demangled *found = &index->demangled[low];
    if (found->mangled >= index->demangled_size || found->plain >= index->demangled_size) return NULL;
    if (strcmp(index->demangled_text + found->mangled, name) == 0) return index->demangled_text + found->plain;
  }
  return NULL;
}

static uint32_t add_text(struct text *text, const char *string) {
  uint32_t offset = (uint32_t)text->length;
  text_append(text, string, strlen(string) + 1);
  return offset;
}

void index_add_demangled(struct index *index, const char *name, size_t length, const char *plain) {
  struct text *text = &index->own_demangled_text;
  if (index->demangled_size + text->length + length + strlen(plain) + 2 > UINT32_MAX) return;
  grow(&index->own_demangled, &index->own_demangled_capacity, index->own_demangled_count + 1,
       sizeof *index->own_demangled);
  struct demangled *added = &index->own_demangled[index->own_demangled_count++];
  added->hash = bytes_hash(name, length);
  added->mangled = add_text(text, name);
  added->plain = add_text(text, plain);
  index->has_new = true;
}

void index_close(struct index *index) {
  for (size_t i = 0; i < index->unit_count; i++)
    if (!index->built[i].cached) free((void *)(uintptr_t)index->built[i].bytes);
  free(index->built);
  free(index->own_units.list);
  free(index->own_symbols.list);
  text_free(&index->own_names);
  free(index->own_demangled);
  text_free(&index->own_demangled_text);
  segment_builder_free(&index->builder);
  if (index->cached) munmap((void *)(uintptr_t)index->cached, index->cached_size);
}

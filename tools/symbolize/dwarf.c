/* Units, abbreviations and attributes. */
#include "dwarf.h"

#include <stdlib.h>

const char *const dwarf_section_names[SECTION_COUNT] = {
    [SECTION_INFO] = "debug_info",         [SECTION_ABBREV] = "debug_abbrev",
    [SECTION_LINE] = "debug_line",         [SECTION_STR] = "debug_str",
    [SECTION_LINE_STR] = "debug_line_str", [SECTION_STR_OFFSETS] = "debug_str_offsets",
    [SECTION_ADDR] = "debug_addr",         [SECTION_RANGES] = "debug_ranges",
    [SECTION_RNGLISTS] = "debug_rnglists", [SECTION_ARANGES] = "debug_aranges",
};

enum { MOST_ATTRIBUTES = 1 << 16 }; /* of one abbreviation table's entry; real ones have some twenty */

static struct bytes section_from(const struct dwarf *dwarf, enum dwarf_section name, uint64_t offset) {
  const struct section *section = &dwarf->sections[name];
  if (offset > section->size) return (struct bytes){.failed = true};
  return bytes_of(section->bytes + offset, section->size - (size_t)offset);
}

static const char *section_string(const struct dwarf *dwarf, enum dwarf_section name, uint64_t offset) {
  struct bytes bytes = section_from(dwarf, name, offset);
  return bytes.failed || bytes.at == bytes.end ? NULL : bytes_string(&bytes);
}

/* ---- units ---- */

/* The header of the unit that begins there; false where nothing more can be read. */
static bool read_unit_header(struct dwarf *dwarf, uint64_t offset, struct unit *unit) {
  struct bytes bytes = section_from(dwarf, SECTION_INFO, offset);
  *unit = (struct unit){.dwarf = dwarf, .offset = offset, .offset_size = 4};
  uint64_t length = bytes_32(&bytes);
  if (length == 0xffffffff) {
    length = bytes_64(&bytes);
    unit->offset_size = 8;
  }
  if (bytes.failed || length > bytes_left(&bytes)) return false;
  bytes.end = bytes.at + length;
  unit->end = (uint64_t)(bytes.end - dwarf->sections[SECTION_INFO].bytes);
  unit->version = bytes_16(&bytes);
  uint8_t type = DW_UT_compile;
  if (unit->version >= 5) {
    type = bytes_8(&bytes);
    unit->address_size = bytes_8(&bytes);
    unit->abbreviations_offset = bytes_fixed(&bytes, unit->offset_size);
    if (type == DW_UT_skeleton || type == DW_UT_split_compile) bytes_skip(&bytes, 8);
    if (type == DW_UT_type || type == DW_UT_split_type) bytes_skip(&bytes, 8 + (uint64_t)unit->offset_size);
  } else {
    unit->abbreviations_offset = bytes_fixed(&bytes, unit->offset_size);
    unit->address_size = bytes_8(&bytes);
  }
  unit->entries = (uint64_t)(bytes.at - dwarf->sections[SECTION_INFO].bytes);
  unit->is_code = type != DW_UT_type && type != DW_UT_split_type;
  unit->usable = !bytes.failed && unit->version >= 2 && unit->version <= 5 &&
                 (unit->address_size == 4 || unit->address_size == 8);
  return true;
}

void dwarf_open(struct dwarf *dwarf) {
  struct unit unit;
  for (uint64_t offset = 0; offset < dwarf->sections[SECTION_INFO].size; offset = unit.end) {
    if (!read_unit_header(dwarf, offset, &unit)) break;
    grow(&dwarf->units, &dwarf->unit_capacity, dwarf->unit_count + 1, sizeof *dwarf->units);
    dwarf->units[dwarf->unit_count++] = unit;
  }
}

void dwarf_close(struct dwarf *dwarf) {
  for (size_t i = 0; i < dwarf->table_count; i++) {
    free(dwarf->tables[i]->list);
    free(dwarf->tables[i]->forms);
    free(dwarf->tables[i]);
  }
  free(dwarf->tables);
  free(dwarf->units);
  free(dwarf->names);
  arena_free(&dwarf->arena);
}

/* The first unit that ends behind the offset. */
static size_t first_behind(const struct dwarf *dwarf, uint64_t offset) {
  size_t low = 0, high = dwarf->unit_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (dwarf->units[middle].end <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

struct unit *dwarf_unit_at(struct dwarf *dwarf, uint64_t offset) {
  size_t index = first_behind(dwarf, offset);
  return index < dwarf->unit_count && offset >= dwarf->units[index].entries ? &dwarf->units[index] : NULL;
}

struct unit *dwarf_unit_starting(struct dwarf *dwarf, uint64_t offset) {
  size_t index = first_behind(dwarf, offset);
  return index < dwarf->unit_count && offset == dwarf->units[index].offset ? &dwarf->units[index] : NULL;
}

/* ---- abbreviations ---- */

static uint8_t attribute_of_code(uint64_t code) {
  switch (code) {
    case DW_AT_name: return ATTRIBUTE_NAME;
    case DW_AT_linkage_name:
    case DW_AT_MIPS_linkage_name: return ATTRIBUTE_LINKAGE_NAME;
    case DW_AT_comp_dir: return ATTRIBUTE_COMP_DIR;
    case DW_AT_low_pc: return ATTRIBUTE_LOW_PC;
    case DW_AT_high_pc: return ATTRIBUTE_HIGH_PC;
    case DW_AT_ranges: return ATTRIBUTE_RANGES;
    case DW_AT_stmt_list: return ATTRIBUTE_STMT_LIST;
    case DW_AT_abstract_origin: return ATTRIBUTE_ABSTRACT_ORIGIN;
    case DW_AT_specification: return ATTRIBUTE_SPECIFICATION;
    case DW_AT_call_file: return ATTRIBUTE_CALL_FILE;
    case DW_AT_call_line: return ATTRIBUTE_CALL_LINE;
    case DW_AT_str_offsets_base: return ATTRIBUTE_STR_OFFSETS_BASE;
    case DW_AT_addr_base:
    case DW_AT_GNU_addr_base: return ATTRIBUTE_ADDR_BASE;
    case DW_AT_rnglists_base: return ATTRIBUTE_RNGLISTS_BASE;
    case DW_AT_dwo_name:
    case DW_AT_GNU_dwo_name: return ATTRIBUTE_DWO_NAME;
    default: return ATTRIBUTE_NONE;
  }
}

/* The bytes that a value of this form takes; -1 where that depends on the value. */
static int form_size(const struct abbreviations *table, uint64_t form) {
  switch (form) {
    case DW_FORM_implicit_const:
    case DW_FORM_flag_present: return 0;
    case DW_FORM_data1:
    case DW_FORM_flag:
    case DW_FORM_ref1:
    case DW_FORM_strx1:
    case DW_FORM_addrx1: return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2: return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3: return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_ref_sup4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4: return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sup8:
    case DW_FORM_ref_sig8: return 8;
    case DW_FORM_data16: return 16;
    case DW_FORM_addr: return table->address_size;
    case DW_FORM_ref_addr: return table->version <= 2 ? table->address_size : table->offset_size;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_GNU_ref_alt: return table->offset_size;
    default: return -1;
  }
}

static void read_attribute_forms(struct abbreviations *table, struct bytes *bytes, struct abbreviation *abbreviation) {
  bool varies = false;
  int32_t size = 0;
  abbreviation->first = (uint32_t)table->form_count;
  while (!bytes->failed && abbreviation->count < MOST_ATTRIBUTES) {
    uint64_t code = bytes_uleb(bytes), form = bytes_uleb(bytes);
    if (code == 0 && form == 0) break;
    int64_t constant = form == DW_FORM_implicit_const ? bytes_sleb(bytes) : 0;
    uint8_t attribute = attribute_of_code(code);
    if (attribute == ATTRIBUTE_LOW_PC || attribute == ATTRIBUTE_RANGES) abbreviation->has_code = true;
    int own = form_size(table, form);
    if (own < 0) varies = true;
    else size += own;
    grow(&table->forms, &table->form_capacity, table->form_count + 1, sizeof *table->forms);
    table->forms[table->form_count++] =
        (struct attribute_form){.attribute = attribute, .form = form > 0xffff ? 0 : (uint16_t)form, .constant = constant};
    abbreviation->count++;
  }
  abbreviation->size = varies ? -1 : size;
}

static int compare_codes(const void *a, const void *b) {
  const struct abbreviation *left = a, *right = b;
  return left->code < right->code ? -1 : left->code > right->code;
}

static struct abbreviations *read_abbreviations(const struct unit *unit) {
  struct abbreviations *table = take(sizeof *table);
  *table = (struct abbreviations){.offset = unit->abbreviations_offset,
                                  .address_size = unit->address_size,
                                  .offset_size = unit->offset_size,
                                  .version = unit->version};
  struct bytes bytes = section_from(unit->dwarf, SECTION_ABBREV, unit->abbreviations_offset);
  bool sorted = true;
  while (!bytes.failed && table->form_count < UINT32_MAX - MOST_ATTRIBUTES) {
    struct abbreviation abbreviation = {.code = bytes_uleb(&bytes)};
    if (abbreviation.code == 0) break;
    uint64_t tag = bytes_uleb(&bytes);
    abbreviation.tag = tag > 0xffff ? 0 : (uint16_t)tag;
    abbreviation.has_children = bytes_8(&bytes) != 0;
    read_attribute_forms(table, &bytes, &abbreviation);
    if (bytes.failed) break;
    sorted = sorted && abbreviation.code == table->count + 1;
    grow(&table->list, &table->capacity, table->count + 1, sizeof *table->list);
    table->list[table->count++] = abbreviation;
  }
  if (!sorted && table->count) qsort(table->list, table->count, sizeof *table->list, compare_codes);
  return table;
}

/* Units of one file may share a table (as those of LTO and of dwz do), mostly the one of the unit before. */
static struct abbreviations *abbreviations_of(const struct unit *unit) {
  struct dwarf *dwarf = unit->dwarf;
  size_t low = 0, high = dwarf->table_count; /* tables are in the order of their offsets */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (dwarf->tables[middle]->offset < unit->abbreviations_offset) low = middle + 1;
    else high = middle;
  }
  for (size_t i = low; i < dwarf->table_count && dwarf->tables[i]->offset == unit->abbreviations_offset; i++) {
    const struct abbreviations *table = dwarf->tables[i];
    if (table->address_size == unit->address_size && table->offset_size == unit->offset_size &&
        table->version == unit->version)
      return dwarf->tables[i];
  }
  grow(&dwarf->tables, &dwarf->table_capacity, dwarf->table_count + 1, sizeof *dwarf->tables);
  memmove(dwarf->tables + low + 1, dwarf->tables + low, (dwarf->table_count - low) * sizeof *dwarf->tables);
  dwarf->table_count++;
  return dwarf->tables[low] = read_abbreviations(unit);
}

const struct abbreviation *unit_abbreviation(const struct unit *unit, uint64_t code) {
  const struct abbreviations *table = unit->abbreviations;
  if (code - 1 < table->count && table->list[code - 1].code == code) return &table->list[code - 1];
  size_t low = 0, high = table->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table->list[middle].code < code) low = middle + 1;
    else high = middle;
  }
  return low < table->count && table->list[low].code == code ? &table->list[low] : NULL;
}

/* ---- attributes ---- */

static const char *indexed_string(const struct unit *unit, uint64_t index) {
  if (index > UINT32_MAX) return NULL;
  struct bytes bytes =
      section_from(unit->dwarf, SECTION_STR_OFFSETS, unit->str_offsets_base + index * unit->offset_size);
  uint64_t offset = bytes_fixed(&bytes, unit->offset_size);
  return bytes.failed ? NULL : section_string(unit->dwarf, SECTION_STR, offset);
}

static bool indexed_address(const struct unit *unit, uint64_t index, uint64_t *address) {
  if (index > UINT32_MAX) return false;
  struct bytes bytes = section_from(unit->dwarf, SECTION_ADDR, unit->addr_base + index * unit->address_size);
  *address = bytes_fixed(&bytes, unit->address_size);
  return !bytes.failed;
}

static void set_string(struct attribute *value, const char *string) {
  value->kind = string ? VALUE_STRING : VALUE_OTHER;
  value->string = string;
}

static void set_number(struct attribute *value, enum value_kind kind, uint64_t number) {
  value->kind = kind;
  value->number = number;
}

static void set_entry(struct attribute *value, struct dwarf *dwarf, uint64_t offset) {
  value->kind = dwarf ? VALUE_ENTRY : VALUE_OTHER;
  value->dwarf = dwarf;
  value->number = offset;
}

static void set_indexed_address(const struct unit *unit, struct attribute *value, uint64_t index) {
  value->kind = indexed_address(unit, index, &value->number) ? VALUE_ADDRESS : VALUE_OTHER;
}

static const char *alternate_string(const struct unit *unit, uint64_t offset) {
  return unit->dwarf->alternate ? section_string(unit->dwarf->alternate, SECTION_STR, offset) : NULL;
}

void attribute_read(const struct unit *unit, const struct attribute_form *form, struct bytes *bytes,
                    struct attribute *value) {
  struct dwarf *dwarf = unit->dwarf;
  switch (form->form) {
    case DW_FORM_addr: set_number(value, VALUE_ADDRESS, bytes_fixed(bytes, unit->address_size)); break;
    case DW_FORM_data1:
    case DW_FORM_flag: set_number(value, VALUE_CONSTANT, bytes_8(bytes)); break;
    case DW_FORM_data2: set_number(value, VALUE_CONSTANT, bytes_16(bytes)); break;
    /* Before DWARF 4 these two are offsets in other sections, too: who wants an offset takes a constant for one. */
    case DW_FORM_data4: set_number(value, VALUE_CONSTANT, bytes_32(bytes)); break;
    case DW_FORM_data8: set_number(value, VALUE_CONSTANT, bytes_64(bytes)); break;
    case DW_FORM_udata: set_number(value, VALUE_CONSTANT, bytes_uleb(bytes)); break;
    case DW_FORM_sdata: set_number(value, VALUE_CONSTANT, (uint64_t)bytes_sleb(bytes)); break;
    case DW_FORM_implicit_const: set_number(value, VALUE_CONSTANT, (uint64_t)form->constant); break;
    case DW_FORM_sec_offset: set_number(value, VALUE_OFFSET, bytes_fixed(bytes, unit->offset_size)); break;
    case DW_FORM_rnglistx: set_number(value, VALUE_INDEX, bytes_uleb(bytes)); break;
    case DW_FORM_string: set_string(value, bytes_string(bytes)); break;
    case DW_FORM_strp:
      set_string(value, section_string(dwarf, SECTION_STR, bytes_fixed(bytes, unit->offset_size)));
      break;
    case DW_FORM_line_strp:
      set_string(value, section_string(dwarf, SECTION_LINE_STR, bytes_fixed(bytes, unit->offset_size)));
      break;
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt: set_string(value, alternate_string(unit, bytes_fixed(bytes, unit->offset_size))); break;
    case DW_FORM_strx:
    case DW_FORM_GNU_str_index: set_string(value, indexed_string(unit, bytes_uleb(bytes))); break;
    case DW_FORM_strx1: set_string(value, indexed_string(unit, bytes_8(bytes))); break;
    case DW_FORM_strx2: set_string(value, indexed_string(unit, bytes_16(bytes))); break;
    case DW_FORM_strx3: set_string(value, indexed_string(unit, bytes_fixed(bytes, 3))); break;
    case DW_FORM_strx4: set_string(value, indexed_string(unit, bytes_32(bytes))); break;
    case DW_FORM_addrx:
    case DW_FORM_GNU_addr_index: set_indexed_address(unit, value, bytes_uleb(bytes)); break;
    case DW_FORM_addrx1: set_indexed_address(unit, value, bytes_8(bytes)); break;
    case DW_FORM_addrx2: set_indexed_address(unit, value, bytes_16(bytes)); break;
    case DW_FORM_addrx3: set_indexed_address(unit, value, bytes_fixed(bytes, 3)); break;
    case DW_FORM_addrx4: set_indexed_address(unit, value, bytes_32(bytes)); break;
    case DW_FORM_ref1: set_entry(value, dwarf, unit->offset + bytes_8(bytes)); break;
    case DW_FORM_ref2: set_entry(value, dwarf, unit->offset + bytes_16(bytes)); break;
    case DW_FORM_ref4: set_entry(value, dwarf, unit->offset + bytes_32(bytes)); break;
    case DW_FORM_ref8: set_entry(value, dwarf, unit->offset + bytes_64(bytes)); break;
    case DW_FORM_ref_udata: set_entry(value, dwarf, unit->offset + bytes_uleb(bytes)); break;
    case DW_FORM_ref_addr:
      set_entry(value, dwarf, bytes_fixed(bytes, unit->version <= 2 ? unit->address_size : unit->offset_size));
      break;
    case DW_FORM_ref_sup4: set_entry(value, dwarf->alternate, bytes_32(bytes)); break;
    case DW_FORM_ref_sup8: set_entry(value, dwarf->alternate, bytes_64(bytes)); break;
    case DW_FORM_GNU_ref_alt: set_entry(value, dwarf->alternate, bytes_fixed(bytes, unit->offset_size)); break;
    default:
      value->kind = VALUE_OTHER;
      attribute_skip(unit, form, bytes);
  }
}

void attribute_skip(const struct unit *unit, const struct attribute_form *form, struct bytes *bytes) {
  switch (form->form) {
    case DW_FORM_block1: bytes_skip(bytes, bytes_8(bytes)); return;
    case DW_FORM_block2: bytes_skip(bytes, bytes_16(bytes)); return;
    case DW_FORM_block4: bytes_skip(bytes, bytes_32(bytes)); return;
    case DW_FORM_block:
    case DW_FORM_exprloc: bytes_skip(bytes, bytes_uleb(bytes)); return;
    case DW_FORM_string: bytes_string(bytes); return;
    case DW_FORM_udata:
    case DW_FORM_sdata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_str_index:
    case DW_FORM_GNU_addr_index: bytes_skip_leb(bytes); return;
    case DW_FORM_indirect: {
      struct attribute_form real = {.form = (uint16_t)bytes_uleb(bytes)};
      if (real.form == DW_FORM_indirect || real.form == DW_FORM_implicit_const) bytes_fail(bytes);
      else attribute_skip(unit, &real, bytes);
      return;
    }
    default: {
      int size = form_size(unit->abbreviations, form->form);
      if (size < 0) bytes_fail(bytes); /* an unknown form: nothing behind it can be read */
      else bytes_skip(bytes, (uint64_t)size);
    }
  }
}

void entry_read(const struct unit *unit, const struct abbreviation *abbreviation, struct bytes *bytes, uint32_t wanted,
                struct attribute *values) {
  const struct attribute_form *form = unit->abbreviations->forms + abbreviation->first;
  for (const struct attribute_form *end = form + abbreviation->count; form < end; form++) {
    if (form->attribute != ATTRIBUTE_NONE && (wanted >> form->attribute & 1))
      attribute_read(unit, form, bytes, &values[form->attribute]);
    else attribute_skip(unit, form, bytes);
  }
}

/* The bases come first: other attributes of the same entry need them, whatever their order is. */
static void read_root(struct unit *unit, const struct abbreviation *abbreviation, struct bytes bytes) {
  enum { BASES = 1 << ATTRIBUTE_STR_OFFSETS_BASE | 1 << ATTRIBUTE_ADDR_BASE | 1 << ATTRIBUTE_RNGLISTS_BASE };
  struct attribute *root = arena_take(&unit->dwarf->arena, ATTRIBUTE_COUNT * sizeof *root);
  memset(root, 0, ATTRIBUTE_COUNT * sizeof *root);
  struct bytes again = bytes;
  entry_read(unit, abbreviation, &bytes, BASES, root);
  unit->str_offsets_base = root[ATTRIBUTE_STR_OFFSETS_BASE].number;
  unit->addr_base = root[ATTRIBUTE_ADDR_BASE].number;
  unit->rnglists_base = root[ATTRIBUTE_RNGLISTS_BASE].number;
  entry_read(unit, abbreviation, &again, ~(uint32_t)BASES, root);
  unit->root = root;
  unit->name = root[ATTRIBUTE_NAME].string;
  unit->folder = root[ATTRIBUTE_COMP_DIR].string;
  unit->split = root[ATTRIBUTE_DWO_NAME].string;
  unit->has_low_pc = root[ATTRIBUTE_LOW_PC].kind == VALUE_ADDRESS;
  unit->low_pc = unit->has_low_pc ? root[ATTRIBUTE_LOW_PC].number : 0;
  unit->has_line = root[ATTRIBUTE_STMT_LIST].kind == VALUE_OFFSET || root[ATTRIBUTE_STMT_LIST].kind == VALUE_CONSTANT;
  unit->line_offset = root[ATTRIBUTE_STMT_LIST].number;
  unit->has_ranges = root[ATTRIBUTE_RANGES].kind != VALUE_NONE || root[ATTRIBUTE_HIGH_PC].kind != VALUE_NONE;
}

bool unit_open(struct unit *unit) {
  if (unit->opened || !unit->usable) return unit->usable;
  unit->opened = true;
  unit->abbreviations = abbreviations_of(unit);
  struct bytes bytes = bytes_of(unit->dwarf->sections[SECTION_INFO].bytes + unit->entries, unit->end - unit->entries);
  const struct abbreviation *abbreviation = unit_abbreviation(unit, bytes_uleb(&bytes));
  unit->usable = abbreviation && !bytes.failed;
  if (unit->usable) read_root(unit, abbreviation, bytes);
  return unit->usable;
}

/* The ranges of code of an entry: DW_AT_low_pc and DW_AT_high_pc, .debug_ranges, .debug_rnglists. */
#include "dwarf.h"

static struct bytes section_from(const struct dwarf *dwarf, enum dwarf_section name, uint64_t offset) {
  const struct section *section = &dwarf->sections[name];
  if (offset > section->size) return (struct bytes){.failed = true};
  return bytes_of(section->bytes + offset, section->size - (size_t)offset);
}

static uint64_t address_of_index(const struct unit *unit, struct bytes *bytes) {
  uint64_t index = bytes_uleb(bytes);
  if (index > UINT32_MAX) {
    bytes_fail(bytes);
    return 0;
  }
  struct bytes address = section_from(unit->dwarf, SECTION_ADDR, unit->addr_base + index * unit->address_size);
  uint64_t value = bytes_fixed(&address, unit->address_size);
  if (address.failed) bytes_fail(bytes);
  return value;
}

/* DWARF 2 to 4. */
static void read_ranges(const struct unit *unit, uint64_t offset, add_range *add, void *context) {
  struct bytes bytes = section_from(unit->dwarf, SECTION_RANGES, offset);
  const uint64_t largest = unit->address_size == 8 ? UINT64_MAX : UINT32_MAX;
  uint64_t base = unit->low_pc;
  for (;;) {
    uint64_t start = bytes_fixed(&bytes, unit->address_size), end = bytes_fixed(&bytes, unit->address_size);
    if (bytes.failed || (start == 0 && end == 0)) return;
    if (start == largest) base = end;
    else if (start < end) add(context, base + start, base + end);
  }
}

static void read_rnglists(const struct unit *unit, uint64_t offset, add_range *add, void *context) {
  struct bytes bytes = section_from(unit->dwarf, SECTION_RNGLISTS, offset);
  uint64_t base = unit->low_pc;
  while (!bytes.failed) {
    uint64_t start = 0, end = 0;
    switch (bytes_8(&bytes)) {
      case DW_RLE_end_of_list: return;
      case DW_RLE_base_addressx: base = address_of_index(unit, &bytes); break;
      case DW_RLE_startx_endx:
        start = address_of_index(unit, &bytes);
        end = address_of_index(unit, &bytes);
        break;
      case DW_RLE_startx_length:
        start = address_of_index(unit, &bytes);
        end = start + bytes_uleb(&bytes);
        break;
      case DW_RLE_offset_pair:
        start = base + bytes_uleb(&bytes);
        end = base + bytes_uleb(&bytes);
        break;
      case DW_RLE_base_address: base = bytes_fixed(&bytes, unit->address_size); break;
      case DW_RLE_start_end:
        start = bytes_fixed(&bytes, unit->address_size);
        end = bytes_fixed(&bytes, unit->address_size);
        break;
      case DW_RLE_start_length:
        start = bytes_fixed(&bytes, unit->address_size);
        end = start + bytes_uleb(&bytes);
        break;
      default: return;
    }
    if (start < end && !bytes.failed) add(context, start, end);
  }
}

/* The list of that number in the table of offsets at the unit's base. */
static void read_indexed_list(const struct unit *unit, uint64_t index, add_range *add, void *context) {
  if (index > UINT32_MAX) return;
  struct bytes bytes = section_from(unit->dwarf, SECTION_RNGLISTS, unit->rnglists_base + index * unit->offset_size);
  uint64_t offset = bytes_fixed(&bytes, unit->offset_size);
  if (!bytes.failed) read_rnglists(unit, unit->rnglists_base + offset, add, context);
}

void unit_ranges(const struct unit *unit, const struct attribute *values, add_range *add, void *context) {
  const struct attribute *low = &values[ATTRIBUTE_LOW_PC], *high = &values[ATTRIBUTE_HIGH_PC];
  const struct attribute *ranges = &values[ATTRIBUTE_RANGES];
  if (low->kind == VALUE_ADDRESS && (high->kind == VALUE_ADDRESS || high->kind == VALUE_CONSTANT)) {
    uint64_t end = high->kind == VALUE_ADDRESS ? high->number : low->number + high->number;
    if (low->number < end) add(context, low->number, end);
  } else if (ranges->kind == VALUE_INDEX) {
    read_indexed_list(unit, ranges->number, add, context);
  } else if (ranges->kind == VALUE_OFFSET || ranges->kind == VALUE_CONSTANT) {
    if (unit->version >= 5) read_rnglists(unit, ranges->number, add, context);
    else read_ranges(unit, ranges->number, add, context);
  }
}

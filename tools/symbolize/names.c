/* Names of functions, through the entries that an entry refers to. Each is looked up once: a function that is inlined a
 * thousand times has a thousand entries that refer to one. */
#include <stdlib.h>

#include "dwarf.h"

enum { MOST_STEPS = 32 }; /* of references; more are a circle */

struct name_slot {
  uint64_t offset; /* of the entry, and 1; 0: the slot is free */
  const char *name;
};

static size_t slot_number(uint64_t offset, size_t slots) {
  return (size_t)((offset * 0x9e3779b97f4a7c15u) >> 20) & (slots - 1);
}

static struct name_slot *slot_of(const struct dwarf *dwarf, uint64_t offset) {
  for (size_t i = slot_number(offset, dwarf->name_slots);; i = (i + 1) & (dwarf->name_slots - 1))
    if (dwarf->names[i].offset == 0 || dwarf->names[i].offset == offset + 1) return &dwarf->names[i];
}

static void make_room(struct dwarf *dwarf) {
  if (dwarf->name_count * 2 < dwarf->name_slots) return;
  struct name_slot *old = dwarf->names;
  size_t old_slots = dwarf->name_slots;
  dwarf->name_slots = old_slots ? old_slots * 2 : 1024;
  dwarf->names = take_array(dwarf->name_slots, sizeof *dwarf->names);
  memset(dwarf->names, 0, dwarf->name_slots * sizeof *dwarf->names);
  for (size_t i = 0; i < old_slots; i++)
    if (old[i].offset) *slot_of(dwarf, old[i].offset - 1) = old[i];
  free(old);
}

/* Linkage name and name of the entry and of those that it refers to; what is found first is kept. */
static void look_up(struct dwarf *dwarf, uint64_t offset, unsigned step, const char **linkage, const char **name) {
  struct unit *unit = dwarf_unit_at(dwarf, offset);
  if (!unit || !unit_open(unit)) return;
  struct bytes bytes = bytes_of(dwarf->sections[SECTION_INFO].bytes + offset, unit->end - offset);
  const struct abbreviation *abbreviation = unit_abbreviation(unit, bytes_uleb(&bytes));
  if (!abbreviation) return;
  enum {
    WANTED = 1 << ATTRIBUTE_NAME | 1 << ATTRIBUTE_LINKAGE_NAME | 1 << ATTRIBUTE_ABSTRACT_ORIGIN |
             1 << ATTRIBUTE_SPECIFICATION
  };
  struct attribute values[ATTRIBUTE_COUNT];
  for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) values[i] = (struct attribute){.kind = VALUE_NONE};
  entry_read(unit, abbreviation, &bytes, WANTED, values);
  if (!*linkage && values[ATTRIBUTE_LINKAGE_NAME].kind == VALUE_STRING) *linkage = values[ATTRIBUTE_LINKAGE_NAME].string;
  if (!*name && values[ATTRIBUTE_NAME].kind == VALUE_STRING) *name = values[ATTRIBUTE_NAME].string;
  static const enum attribute_name ways[] = {ATTRIBUTE_ABSTRACT_ORIGIN, ATTRIBUTE_SPECIFICATION};
  for (size_t i = 0; i < 2 && step < MOST_STEPS && !*linkage; i++)
    if (values[ways[i]].kind == VALUE_ENTRY)
      look_up(values[ways[i]].dwarf, values[ways[i]].number, step + MOST_STEPS / 8 * (unsigned)i + 1, linkage, name);
}

const char *entry_function_name(struct dwarf *dwarf, uint64_t offset) {
  make_room(dwarf);
  struct name_slot *slot = slot_of(dwarf, offset);
  if (slot->offset) return slot->name;
  const char *linkage = NULL, *name = NULL;
  look_up(dwarf, offset, 0, &linkage, &name);
  if (linkage && !*linkage) linkage = NULL;
  if (name && !*name) name = NULL;
  *slot = (struct name_slot){.offset = offset + 1, .name = linkage ? linkage : name};
  dwarf->name_count++;
  return slot->name;
}

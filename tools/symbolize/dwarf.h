/* The parts of DWARF 2 to 5 by which an address becomes functions, files and lines.
 *
 * libdw reads DWARF too, one object for each entry that is looked at; a module of 180 MB of .debug_info has 40 million
 * of them. Here a unit is read in one pass over its bytes. Everything read is checked: a damaged unit gives less, never
 * a fault. */
#ifndef ASSAY_SYMBOLIZE_DWARF_H
#define ASSAY_SYMBOLIZE_DWARF_H

#include <dwarf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "memory.h"

enum dwarf_section {
  SECTION_INFO,
  SECTION_ABBREV,
  SECTION_LINE,
  SECTION_STR,
  SECTION_LINE_STR,
  SECTION_STR_OFFSETS,
  SECTION_ADDR,
  SECTION_RANGES,
  SECTION_RNGLISTS,
  SECTION_ARANGES,
  SECTION_COUNT
};
extern const char *const dwarf_section_names[SECTION_COUNT]; /* without the dot */

struct section {
  const uint8_t *bytes;
  size_t size;
};

/* What an attribute means to us; all others are skipped. */
enum attribute_name {
  ATTRIBUTE_NAME,
  ATTRIBUTE_LINKAGE_NAME,
  ATTRIBUTE_COMP_DIR,
  ATTRIBUTE_LOW_PC,
  ATTRIBUTE_HIGH_PC,
  ATTRIBUTE_RANGES,
  ATTRIBUTE_STMT_LIST,
  ATTRIBUTE_ABSTRACT_ORIGIN,
  ATTRIBUTE_SPECIFICATION,
  ATTRIBUTE_CALL_FILE,
  ATTRIBUTE_CALL_LINE,
  ATTRIBUTE_STR_OFFSETS_BASE,
  ATTRIBUTE_ADDR_BASE,
  ATTRIBUTE_RNGLISTS_BASE,
  ATTRIBUTE_DWO_NAME,
  ATTRIBUTE_COUNT,
  ATTRIBUTE_NONE = ATTRIBUTE_COUNT
};

struct attribute_form {
  uint8_t attribute; /* enum attribute_name */
  uint16_t form;
  int64_t constant; /* of DW_FORM_implicit_const */
};

struct abbreviation {
  uint64_t code;
  uint16_t tag;
  bool has_children;
  bool has_code;       /* it can give addresses: DW_AT_low_pc or DW_AT_ranges is among its attributes */
  int32_t size;        /* of all attributes together in bytes, -1 where it varies */
  uint32_t first, count; /* of its attributes in forms */
};

/* The abbreviations of one table. Those of the codes 1, 2, 3, ... lie at index code - 1. */
struct abbreviations {
  uint64_t offset;
  uint8_t address_size, offset_size; /* that the sizes were computed for */
  uint16_t version;
  struct abbreviation *list;
  size_t count, capacity;
  struct attribute_form *forms;
  size_t form_count, form_capacity;
};

struct dwarf;

struct unit {
  struct dwarf *dwarf;
  uint64_t offset, entries, end; /* in .debug_info: the header, the first entry, the first byte behind the unit */
  uint64_t abbreviations_offset;
  struct abbreviations *abbreviations; /* NULL until unit_open */
  uint16_t version;
  uint8_t address_size, offset_size;
  bool is_code; /* a compile or partial unit; types have no code */
  bool opened, usable;
  /* of the root entry, once it is opened */
  const char *name, *folder;
  const char *split; /* the file of a split unit, which is not read; NULL */
  uint64_t low_pc, str_offsets_base, addr_base, rnglists_base, line_offset;
  bool has_low_pc, has_line, has_ranges;
  struct attribute *root; /* ATTRIBUTE_COUNT of them */
};

struct dwarf {
  struct section sections[SECTION_COUNT];
  struct dwarf *alternate; /* the file of DW_FORM_GNU_ref_alt (dwz -m), or NULL */
  struct unit *units;      /* in the order of their offsets */
  size_t unit_count, unit_capacity;
  struct abbreviations **tables;
  size_t table_count, table_capacity;
  struct name_slot *names; /* of entries that were asked for: names.c */
  size_t name_count, name_slots;
  struct arena arena;
};

/* A value of an attribute, as far as it is needed. */
enum value_kind {
  VALUE_NONE,     /* not there */
  VALUE_CONSTANT, /* number */
  VALUE_ADDRESS,  /* number */
  VALUE_OFFSET,   /* number: in another section */
  VALUE_INDEX,    /* number: of a range list */
  VALUE_STRING,   /* string */
  VALUE_ENTRY,    /* number: an offset in .debug_info of dwarf */
  VALUE_OTHER
};
struct attribute {
  enum value_kind kind;
  uint64_t number;
  const char *string;
  struct dwarf *dwarf;
};

/* Reads the headers of all units; sections are set. */
void dwarf_open(struct dwarf *dwarf);
void dwarf_close(struct dwarf *dwarf);

/* The unit that holds this offset of .debug_info; NULL where there is none. */
struct unit *dwarf_unit_at(struct dwarf *dwarf, uint64_t offset);

/* The unit whose header begins there; NULL where none does. */
struct unit *dwarf_unit_starting(struct dwarf *dwarf, uint64_t offset);

/* Reads the abbreviations and the root entry, once; false where the unit cannot be used. */
bool unit_open(struct unit *unit);

/* The abbreviation of an entry; NULL for code 0 and for an unknown one. */
const struct abbreviation *unit_abbreviation(const struct unit *unit, uint64_t code);

/* Reads one value, or passes it. */
void attribute_read(const struct unit *unit, const struct attribute_form *form, struct bytes *bytes,
                    struct attribute *value);
void attribute_skip(const struct unit *unit, const struct attribute_form *form, struct bytes *bytes);

/* Reads those attributes of an entry that are in wanted (bits 1 << attribute_name) into values; the others of values
 * are left as they are, those wanted and not there too. */
void entry_read(const struct unit *unit, const struct abbreviation *abbreviation, struct bytes *bytes, uint32_t wanted,
                struct attribute *values);

/* Calls add for each range of code that low_pc, high_pc and ranges say. */
typedef void add_range(void *context, uint64_t start, uint64_t end);
void unit_ranges(const struct unit *unit, const struct attribute *values, add_range *add, void *context);

/* The function's name of an entry, by its origins and specifications: the linkage name where there is one; NULL where
 * it has none. It lies in the file. */
const char *entry_function_name(struct dwarf *dwarf, uint64_t offset);

#endif

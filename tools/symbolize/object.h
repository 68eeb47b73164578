/* An ELF file, through libelf. */
#ifndef ASSAY_SYMBOLIZE_OBJECT_H
#define ASSAY_SYMBOLIZE_OBJECT_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "dwarf.h"

enum { BUILD_ID_SIZE = 64 }; /* bytes at most; real ones have 8 to 32 */

struct loaded {
  uint64_t offset, size; /* in the file */
  uint64_t address;
  bool executable;
};

struct object {
  char *path; /* as it was opened; for messages */
  int descriptor;
  Elf *elf;
  char *image; /* of an object that lies in memory; it is freed with it */
  char build_id[2 * BUILD_ID_SIZE + 1]; /* lower-case hexadecimal, "" where there is none */
  struct loaded *loaded;
  size_t loaded_count, loaded_capacity;
  uint64_t code_low, code_high; /* of all that is executable; 0 and 0 where nothing is */
};

/* Opens a regular file; NULL, and why (to be freed) where that cannot be, or where it is no ELF file that is read. */
struct object *object_open(const char *path, char **why);

/* The same of an ELF file in memory, which it takes over. */
struct object *object_of_memory(char *image, size_t size, const char *name, char **why);
void object_close(struct object *object);

/* The content of a section, unpacked; size 0 where it has none. The name has no dot. */
struct section object_section(struct object *object, const char *name);

/* The header of a section; false where there is no section of this name. */
bool object_section_header(struct object *object, const char *name, GElf_Shdr *header);

/* Whether there is a section of this name that has content. */
bool object_has_section(struct object *object, const char *name);

/* The address of an offset in the file, by what is loaded; false where the offset is not loaded. */
bool object_address(const struct object *object, uint64_t offset, uint64_t *address);

/* The reverse. */
bool object_offset(const struct object *object, uint64_t address, uint64_t *offset);

/* `NAME` and CRC of .gnu_debuglink; `NAME` and build id of .gnu_debugaltlink. false where there is none. */
bool object_debuglink(struct object *object, const char **name, uint32_t *crc);
bool object_alternate_link(struct object *object, const char **name, char build_id[2 * BUILD_ID_SIZE + 1]);

/* Reads the sections that dwarf.c needs. */
void object_dwarf_sections(struct object *object, struct dwarf *dwarf);

/* Hexadecimal digits of bytes. */
void build_id_digits(const uint8_t *bytes, size_t size, char digits[2 * BUILD_ID_SIZE + 1]);

#endif

#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void set_why(char **why, const char *text) { *why = take_copy(text); }

/* ---- what is loaded, and the build id ---- */

void build_id_digits(const uint8_t *bytes, size_t size, char digits[2 * BUILD_ID_SIZE + 1]) {
  if (size > BUILD_ID_SIZE) size = BUILD_ID_SIZE;
  for (size_t i = 0; i < size; i++) snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
  digits[2 * size] = '\0';
}

static void find_build_id(struct object *object, struct bytes notes) {
  while (notes.at < notes.end) {
    uint32_t name_size = bytes_32(&notes), size = bytes_32(&notes), type = bytes_32(&notes);
    const uint8_t *name = notes.at;
    bytes_skip(&notes, ((uint64_t)name_size + 3) & ~(uint64_t)3);
    const uint8_t *description = notes.at;
    bytes_skip(&notes, ((uint64_t)size + 3) & ~(uint64_t)3);
    bool fits = !notes.failed || (name_size <= 4 && (size_t)(notes.end - description) >= size);
    if (!fits) return;
    if (type != NT_GNU_BUILD_ID || name_size != 4 || memcmp(name, "GNU", 4) != 0) continue;
    build_id_digits(description, size, object->build_id);
    return;
  }
}

static void read_program_headers(struct object *object) {
  size_t count = 0;
  if (elf_getphdrnum(object->elf, &count) != 0) return;
  for (size_t i = 0; i < count && i <= 0xffff; i++) {
    GElf_Phdr header;
    if (!gelf_getphdr(object->elf, (int)i, &header) || header.p_type != PT_LOAD) continue;
    bool executable = header.p_flags & PF_X;
    grow(&object->loaded, &object->loaded_capacity, object->loaded_count + 1, sizeof *object->loaded);
    object->loaded[object->loaded_count++] = (struct loaded){
        .offset = header.p_offset, .size = header.p_filesz, .address = header.p_vaddr, .executable = executable};
    uint64_t end = header.p_vaddr + header.p_memsz;
    if (!executable || end <= header.p_vaddr) continue;
    if (object->code_high == 0 || header.p_vaddr < object->code_low) object->code_low = header.p_vaddr;
    if (end > object->code_high) object->code_high = end;
  }
}

static void read_notes(struct object *object) {
  for (Elf_Scn *section = NULL; (section = elf_nextscn(object->elf, section)) && !*object->build_id;) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE) continue;
    Elf_Data *data = elf_rawdata(section, NULL);
    if (data && data->d_buf) find_build_id(object, bytes_of(data->d_buf, data->d_size));
  }
  size_t count = 0; /* a file may have no sections */
  if (*object->build_id || elf_getphdrnum(object->elf, &count) != 0) return;
  for (size_t i = 0; i < count && i <= 0xffff && !*object->build_id; i++) {
    GElf_Phdr header;
    if (!gelf_getphdr(object->elf, (int)i, &header) || header.p_type != PT_NOTE) continue;
    Elf_Data *data = elf_getdata_rawchunk(object->elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_BYTE);
    if (data && data->d_buf) find_build_id(object, bytes_of(data->d_buf, data->d_size));
  }
}

/* ---- opening ---- */

static Elf_Scn *find_section(struct object *object, const char *prefix, const char *name) {
  size_t names, length = strlen(prefix);
  if (elf_getshdrstrndx(object->elf, &names) != 0) return NULL;
  for (Elf_Scn *section = NULL; (section = elf_nextscn(object->elf, section));) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS) continue;
    const char *found = elf_strptr(object->elf, names, header.sh_name);
    if (found && strncmp(found, prefix, length) == 0 && strcmp(found + length, name) == 0) return section;
  }
  return NULL;
}

static bool is_readable(struct object *object, char **why) {
  GElf_Ehdr header;
  if (!object->elf || elf_kind(object->elf) != ELF_K_ELF || !gelf_getehdr(object->elf, &header)) {
    set_why(why, "it is no ELF file");
    return false;
  }
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) {
    set_why(why, "it is a big-endian ELF file, which is not read");
    return false;
  }
  /* What dwz makes for several debug files to share is of the type of object files, and has no code. */
  bool shared = header.e_type == ET_REL && !find_section(object, ".", "text");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN && !shared) {
    set_why(why, "it is neither a program nor a shared library");
    return false;
  }
  return true;
}

static struct object *finish_opening(struct object *object, char **why) {
  if (!is_readable(object, why)) {
    object_close(object);
    return NULL;
  }
  read_program_headers(object);
  read_notes(object);
  return object;
}

static struct object *new_object(const char *path) {
  struct object *object = take(sizeof *object);
  *object = (struct object){.path = take_copy(path), .descriptor = -1};
  elf_version(EV_CURRENT);
  return object;
}

struct object *object_open(const char *path, char **why) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    struct text text = {0};
    text_append_string(&text, "it cannot be opened: ");
    text_append_string(&text, strerror(errno));
    *why = text.bytes;
    return NULL;
  }
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    set_why(why, "it is no regular file");
    return NULL;
  }
  struct object *object = new_object(path);
  object->descriptor = descriptor;
  object->elf = elf_begin(descriptor, ELF_C_READ_MMAP, NULL);
  return finish_opening(object, why);
}

struct object *object_of_memory(char *image, size_t size, const char *name, char **why) {
  struct object *object = new_object(name);
  object->image = image;
  object->elf = elf_memory(image, size);
  return finish_opening(object, why);
}

void object_close(struct object *object) {
  if (!object) return;
  if (object->elf) elf_end(object->elf);
  if (object->descriptor >= 0) close(object->descriptor);
  free(object->image);
  free(object->loaded);
  free(object->path);
  free(object);
}

/* ---- sections ---- */

/* As it is, or by its older name and form when packed: .zdebug_info is .debug_info. */
static Elf_Scn *find_any_section(struct object *object, const char *name) {
  Elf_Scn *section = find_section(object, ".", name);
  GElf_Shdr header;
  if (section) {
    if (gelf_getshdr(section, &header) && (header.sh_flags & SHF_COMPRESSED) && elf_compress(section, 0, 0) < 0)
      return NULL;
    return section;
  }
  if (strncmp(name, "debug_", 6) != 0) return NULL;
  section = find_section(object, ".z", name);
  if (section && elf_compress_gnu(section, 0, 0) < 0) return NULL;
  return section;
}

struct section object_section(struct object *object, const char *name) {
  Elf_Scn *section = find_any_section(object, name);
  Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
  GElf_Shdr header;
  /* What was unpacked is data, and no longer the raw content. */
  if (section && gelf_getshdr(section, &header) && header.sh_type == SHT_PROGBITS) {
    Elf_Data *unpacked = elf_getdata(section, NULL);
    if (unpacked) data = unpacked;
  }
  if (!data || !data->d_buf) return (struct section){0};
  return (struct section){.bytes = data->d_buf, .size = data->d_size};
}

bool object_section_header(struct object *object, const char *name, GElf_Shdr *header) {
  Elf_Scn *section = find_section(object, ".", name);
  return section && gelf_getshdr(section, header);
}

bool object_has_section(struct object *object, const char *name) {
  return find_section(object, ".", name) || (strncmp(name, "debug_", 6) == 0 && find_section(object, ".z", name));
}

void object_dwarf_sections(struct object *object, struct dwarf *dwarf) {
  for (size_t i = 0; i < SECTION_COUNT; i++) dwarf->sections[i] = object_section(object, dwarf_section_names[i]);
}

/* ---- addresses ---- */

bool object_address(const struct object *object, uint64_t offset, uint64_t *address) {
  const struct loaded *found = NULL;
  for (size_t i = 0; i < object->loaded_count; i++) {
    const struct loaded *loaded = &object->loaded[i];
    if (offset < loaded->offset || offset - loaded->offset >= loaded->size) continue;
    if (!found || loaded->executable) found = loaded;
  }
  if (!found) return false;
  *address = found->address + (offset - found->offset);
  return true;
}

bool object_offset(const struct object *object, uint64_t address, uint64_t *offset) {
  for (size_t i = 0; i < object->loaded_count; i++) {
    const struct loaded *loaded = &object->loaded[i];
    if (address < loaded->address || address - loaded->address >= loaded->size) continue;
    *offset = loaded->offset + (address - loaded->address);
    return true;
  }
  return false;
}

/* ---- links to other files ---- */

bool object_debuglink(struct object *object, const char **name, uint32_t *crc) {
  struct section section = object_section(object, "gnu_debuglink");
  struct bytes bytes = bytes_of(section.bytes, section.size);
  if (section.size < 8 || !(*name = bytes_string(&bytes)) || !**name) return false;
  size_t used = ((size_t)(bytes.at - section.bytes) + 3) & ~(size_t)3;
  if (used + 4 > section.size) return false;
  bytes = bytes_of(section.bytes + used, 4);
  *crc = bytes_32(&bytes);
  return true;
}

bool object_alternate_link(struct object *object, const char **name, char build_id[2 * BUILD_ID_SIZE + 1]) {
  struct section section = object_section(object, "gnu_debugaltlink");
  struct bytes bytes = bytes_of(section.bytes, section.size);
  if (section.size < 2 || !(*name = bytes_string(&bytes)) || !**name) return false;
  build_id_digits(bytes.at, bytes_left(&bytes), build_id);
  return true;
}

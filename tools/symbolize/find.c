#include "find.h"

#include <fcntl.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <zlib.h>

#include "report.h"

static const char debug_folder[] = "/usr/lib/debug";

enum { MOST_MINI_BYTES = 1 << 28 }; /* of an unpacked .gnu_debugdata */

/* ---- candidates ---- */

static char *join(const char *root, const char *first, const char *second, const char *third) {
  struct text path = {0};
  text_append_string(&path, root);
  text_append_string(&path, first);
  text_append_string(&path, second);
  text_append_string(&path, third);
  return path.bytes;
}

static struct object *open_quietly(const char *path) {
  char *why = NULL;
  struct object *object = object_open(path, &why);
  free(why);
  return object;
}

/* ROOT/usr/lib/debug/.build-id/ab/cdef.debug */
static struct object *open_by_build_id(const struct find_options *options, const char *build_id) {
  if (strlen(build_id) < 4) return NULL;
  char first[] = {'/', build_id[0], build_id[1], '/', '\0'};
  char *folder = join(options->root, debug_folder, "/.build-id", first);
  char *path = join(folder, build_id + 2, ".debug", "");
  struct object *object = open_quietly(path);
  if (object && strcmp(object->build_id, build_id) != 0) {
    report_warning("%s: its build id is %s, and its name says %s; it is not used", path, object->build_id, build_id);
    object_close(object);
    object = NULL;
  }
  free(folder);
  free(path);
  return object;
}

static uint32_t crc_of(int descriptor) {
  static uint8_t block[1 << 16];
  uLong crc = crc32(0, NULL, 0);
  off_t offset = 0;
  for (ssize_t count; (count = pread(descriptor, block, sizeof block, offset)) > 0; offset += count)
    crc = crc32(crc, block, (uInt)count);
  return (uint32_t)crc;
}

/* Where both have a build id, that decides; the CRC is of the whole file. */
static struct object *open_debuglink(const struct object *module, char *path, uint32_t crc) {
  struct object *object = open_quietly(path);
  if (object) {
    bool both = *object->build_id && *module->build_id;
    bool same = both ? strcmp(object->build_id, module->build_id) == 0 : crc_of(object->descriptor) == crc;
    if (!same) {
      report_warning("%s: its %s is not the one that %s asks for; it is not used", path,
                     both ? "build id" : "CRC", module->path);
      object_close(object);
      object = NULL;
    }
  }
  free(path);
  return object;
}

/* FOLDER/NAME, FOLDER/.debug/NAME, ROOT/usr/lib/debug/FOLDER/NAME, where FOLDER is that of the module. */
static struct object *open_by_debuglink(struct object *module, const struct find_options *options) {
  const char *name;
  uint32_t crc;
  if (!object_debuglink(module, &name, &crc) || strchr(name, '/')) return NULL;
  const char *slash = strrchr(module->path, '/');
  char *folder = take_copy_of(module->path, slash ? (size_t)(slash + 1 - module->path) : 0);
  size_t root_length = strlen(options->root);
  const char *below_root = strncmp(folder, options->root, root_length) == 0 ? folder + root_length : folder;
  struct object *object = NULL;
  char *own = join(folder, name, "", "");
  if (strcmp(own, module->path) != 0) object = open_debuglink(module, own, crc);
  else free(own);
  if (!object) object = open_debuglink(module, join(folder, ".debug/", name, ""), crc);
  if (!object && below_root[0] == '/') object = open_debuglink(module, join(options->root, debug_folder, below_root, name), crc);
  free(folder);
  return object;
}

/* ---- the file that several debug files share (dwz -m) ---- */

static struct object *open_alternate(struct object *debug, const struct find_options *options) {
  const char *name;
  char build_id[2 * BUILD_ID_SIZE + 1];
  if (!object_alternate_link(debug, &name, build_id)) return NULL;
  struct object *object = open_by_build_id(options, build_id);
  if (object) return object;
  char *path;
  if (name[0] == '/') path = join(options->root, name, "", "");
  else {
    char *real = realpath(debug->path, NULL); /* by the link that .build-id holds, the folder would be another */
    const char *from = real ? real : debug->path, *slash = strrchr(from, '/');
    char *folder = take_copy_of(from, slash ? (size_t)(slash + 1 - from) : 0);
    path = join(folder, name, "", "");
    free(folder);
    free(real);
  }
  object = open_quietly(path);
  if (object && strcmp(object->build_id, build_id) != 0) {
    report_warning("%s: its build id is not the one that %s asks for; names may be missing", path, debug->path);
    object_close(object);
    object = NULL;
  }
  if (!object) report_warning("%s: the file %s that it shares names with is not there; names may be missing", debug->path, path);
  free(path);
  return object;
}

/* ---- .gnu_debugdata: a small ELF file with symbols, packed with xz ---- */

static char *unpack(struct section section, size_t *size) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, UINT64_MAX, 0) != LZMA_OK) return NULL;
  struct text text = {0};
  stream.next_in = section.bytes;
  stream.avail_in = section.size;
  lzma_ret outcome = LZMA_OK;
  while (outcome == LZMA_OK && text.length < MOST_MINI_BYTES) {
    uint8_t block[1 << 14];
    stream.next_out = block;
    stream.avail_out = sizeof block;
    outcome = lzma_code(&stream, LZMA_FINISH);
    text_append(&text, (char *)block, sizeof block - stream.avail_out);
  }
  lzma_end(&stream);
  *size = text.length;
  if (outcome != LZMA_STREAM_END) text_free(&text);
  return text.bytes;
}

static struct object *open_mini(struct object *module) {
  struct section section = object_section(module, "gnu_debugdata");
  size_t size;
  char *image = section.size ? unpack(section, &size) : NULL, *why = NULL;
  struct object *object = image ? object_of_memory(image, size, ".gnu_debugdata", &why) : NULL;
  free(why);
  return object;
}

/* ---- all of them ---- */

static bool has_dwarf(struct object *object) {
  return object_has_section(object, "debug_info") || object_has_section(object, "debug_line");
}

static void find_debug_files(struct found *found, const struct find_options *options) {
  if (has_dwarf(found->module)) found->with_dwarf = found->module;
  else {
    found->debug = open_by_build_id(options, found->module->build_id);
    if (!found->debug) found->debug = open_by_debuglink(found->module, options);
    if (!found->debug && options->ask_server && *found->module->build_id)
      found->debug = open_from_server(found->module->build_id);
    if (found->debug && has_dwarf(found->debug)) found->with_dwarf = found->debug;
  }
  if (!object_has_section(found->module, "symtab") && !(found->debug && object_has_section(found->debug, "symtab")))
    found->mini = open_mini(found->module);
  if (found->with_dwarf) found->alternate = open_alternate(found->with_dwarf, options);
}

struct dwarf *found_dwarf(struct found *found) {
  if (!found->with_dwarf || found->dwarf_is_open) return found->with_dwarf ? &found->dwarf : NULL;
  found->dwarf_is_open = true;
  object_dwarf_sections(found->with_dwarf, &found->dwarf);
  if (found->alternate) {
    object_dwarf_sections(found->alternate, &found->alternate_dwarf);
    dwarf_open(&found->alternate_dwarf);
    found->dwarf.alternate = &found->alternate_dwarf;
  }
  dwarf_open(&found->dwarf);
  return &found->dwarf;
}

/* Whether the module is the one that was asked for; else why not. */
static bool is_the_one(struct found *found, const struct find_options *options, const char *build_id, char **why) {
  if (!*build_id || strcmp(found->module->build_id, build_id) == 0) return true;
  found->other_build_id = true;
  if (options->force) return true;
  struct text text = {0};
  text_append_string(&text, *found->module->build_id ? "its build id is " : "it has no build id");
  text_append_string(&text, found->module->build_id);
  text_append_string(&text, ", that of the capture ");
  text_append_string(&text, build_id);
  *why = text.bytes;
  return false;
}

static bool finish(struct found *found, const struct find_options *options, const char *build_id, char **why) {
  if (!found->module) return false;
  if (!is_the_one(found, options, build_id, why)) {
    object_close(found->module);
    return false;
  }
  find_debug_files(found, options);
  return true;
}

bool find_files(struct found *found, const struct find_options *options, const char *path, const char *build_id,
                char **why) {
  *found = (struct found){0};
  found->module = object_open(path, why);
  return finish(found, options, build_id, why);
}

/* It is an ELF file in memory, whose section headers come last. */
bool find_vdso(struct found *found, const struct find_options *options, const char *build_id, char **why) {
  const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
  *found = (struct found){0};
  if (!image) {
    *why = take_copy("there is none in this process");
    return false;
  }
  Elf64_Ehdr header;
  memcpy(&header, image, sizeof header);
  size_t size = (size_t)(header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize);
  found->module = object_of_memory(take_copy_of(image, size), size, "[vdso]", why);
  return finish(found, options, build_id, why);
}

void found_close(struct found *found) {
  dwarf_close(&found->dwarf);
  dwarf_close(&found->alternate_dwarf);
  object_close(found->debug);
  object_close(found->alternate);
  object_close(found->mini);
  object_close(found->module);
}

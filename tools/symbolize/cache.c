/* The index of a module in a file, by its build id: FOLDER/BUILD-ID.index.
 *
 *   head, points of units, points of symbols, their names, directory of segments, demangled names, segments
 *
 * The head's checksum covers everything before the segments; each segment has its own, which is compared when it is first
 * asked. So one address costs what its unit costs, however large the file is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index.h"
#include "report.h"
#include "stacks.h"

#ifndef ASSAY_VERSION
#define ASSAY_VERSION "unversioned"
#endif

/* Changes with what a segment holds. */
static const char format_name[] = "symbolize index 2, " ASSAY_VERSION;
static const char suffix[] = ".index";

struct head {
  uint64_t format;      /* hash of format_name */
  uint64_t fingerprint; /* of the files that the index was made from */
  uint64_t base;
  uint64_t unit_count, unit_point_count, symbol_count, symbol_name_size, demangled_count, demangled_size;
  uint32_t split_units, has_dwarf;
  uint64_t checksum; /* of the head with 0 here, and of what follows up to the segments */
};

struct entry { /* of the directory */
  uint64_t offset, size, checksum; /* size 0: not built */
};

static char *path_of(const char *folder, const char *build_id, const char *end) {
  struct text path = {0};
  text_append_string(&path, folder);
  text_append_char(&path, '/');
  text_append_string(&path, build_id);
  text_append_string(&path, end);
  return path.bytes;
}

/* ---- what an index was made from ---- */

static void append_identity(const struct object *object, struct text *identity) {
  struct stat status = {0};
  char numbers[80];
  if (object && object->descriptor >= 0 && fstat(object->descriptor, &status) != 0) status.st_size = -1;
  /* A build id says what a file was made from; where there is none, its time must do. */
  snprintf(numbers, sizeof numbers, "%lld,%lld.%09ld;", (long long)status.st_size,
           object && !*object->build_id ? (long long)status.st_mtim.tv_sec : 0,
           object && !*object->build_id ? status.st_mtim.tv_nsec : 0);
  if (object) text_append_string(identity, object->build_id);
  text_append_string(identity, numbers);
}

static uint64_t fingerprint_of(const struct found *found) {
  struct text identity = {0};
  append_identity(found->module, &identity);
  append_identity(found->debug, &identity);
  append_identity(found->alternate, &identity);
  uint64_t hash = bytes_hash(identity.bytes, identity.length);
  text_free(&identity);
  return hash;
}

/* ---- reading ---- */

static size_t padded(uint64_t size) { return (size_t)((size + 7) & ~(uint64_t)7); }

static uint64_t checksum_of(struct head head, const char *tables, size_t size) {
  head.checksum = 0;
  return bytes_hash((const char *)&head, sizeof head) ^ bytes_hash(tables, size) * 3;
}

/* The size of what lies between head and segments; false where it cannot be. */
static bool table_size(const struct head *head, size_t available, size_t *size) {
  const uint64_t most = available;
  if (head->unit_count > most || head->unit_point_count > most || head->symbol_count > most ||
      head->symbol_name_size > most || head->symbol_name_size == 0 || head->demangled_count > most ||
      head->demangled_size > most)
    return false;
  *size = head->unit_point_count * sizeof(struct point) + head->symbol_count * sizeof(struct point) +
          padded(head->symbol_name_size) + head->unit_count * sizeof(struct entry) +
          head->demangled_count * sizeof(struct demangled) + padded(head->demangled_size);
  return *size <= available;
}

static bool read_directory(struct index *index, const struct entry *entries) {
  index->built = take_array(index->unit_count, sizeof *index->built);
  memset(index->built, 0, index->unit_count * sizeof *index->built);
  for (size_t i = 0; i < index->unit_count; i++) {
    if (entries[i].size == 0) continue;
    if (entries[i].offset % 8 || entries[i].offset > index->cached_size ||
        entries[i].size > index->cached_size - entries[i].offset)
      return false;
    index->built[i] = (struct built){.bytes = index->cached + entries[i].offset,
                                     .size = (size_t)entries[i].size,
                                     .checksum = entries[i].checksum,
                                     .cached = true};
  }
  return true;
}

enum outcome { CACHE_READ, CACHE_OTHER, CACHE_DAMAGED };

static enum outcome read_cached(struct index *index) {
  struct head head;
  size_t tables_size;
  if (index->cached_size < sizeof head) return CACHE_DAMAGED;
  memcpy(&head, index->cached, sizeof head);
  if (head.format != bytes_hash(format_name, sizeof format_name)) return CACHE_OTHER;
  if (!table_size(&head, index->cached_size - sizeof head, &tables_size)) return CACHE_DAMAGED;
  const char *tables = index->cached + sizeof head;
  if (checksum_of(head, tables, tables_size) != head.checksum) return CACHE_DAMAGED;
  if (head.fingerprint != fingerprint_of(index->found)) return CACHE_OTHER;
  index->base = head.base;
  index->unit_count = (size_t)head.unit_count;
  index->split_units = head.split_units;
  index->has_dwarf = head.has_dwarf;
  index->units = (const struct point *)(const void *)tables;
  index->unit_point_count = (size_t)head.unit_point_count;
  index->symbols = index->units + index->unit_point_count;
  index->symbol_count = (size_t)head.symbol_count;
  index->symbol_names = (const char *)(index->symbols + index->symbol_count);
  index->symbol_name_size = (size_t)head.symbol_name_size;
  if (index->symbol_names[index->symbol_name_size - 1] != '\0') return CACHE_DAMAGED;
  const char *directory = index->symbol_names + padded(index->symbol_name_size);
  const char *demangled = directory + index->unit_count * sizeof(struct entry);
  index->demangled = (const struct demangled *)(const void *)demangled;
  index->demangled_count = (size_t)head.demangled_count;
  index->demangled_text = (const char *)(index->demangled + index->demangled_count);
  index->demangled_size = (size_t)head.demangled_size;
  if (index->demangled_size && index->demangled_text[index->demangled_size - 1] != '\0') return CACHE_DAMAGED;
  return read_directory(index, (const struct entry *)(const void *)directory) ? CACHE_READ : CACHE_DAMAGED;
}

bool index_open_cached(struct index *index, struct found *found, const char *folder) {
  char *path = path_of(folder, found->module->build_id, suffix);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  struct stat status;
  *index = (struct index){.found = found};
  enum outcome outcome = CACHE_OTHER;
  if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    outcome = CACHE_DAMAGED;
    index->cached_size = (size_t)status.st_size;
    void *map = index->cached_size ? mmap(NULL, index->cached_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    if (map != MAP_FAILED) {
      index->cached = map;
      outcome = read_cached(index);
    }
    if (outcome == CACHE_READ) futimens(descriptor, NULL); /* it was used now */
  }
  if (descriptor >= 0) close(descriptor);
  if (outcome == CACHE_DAMAGED) report_warning("%s: the cached index is damaged; it is made anew", path);
  if (outcome != CACHE_READ) {
    free(index->built);
    if (index->cached) munmap((void *)(uintptr_t)index->cached, index->cached_size);
  }
  free(path);
  return outcome == CACHE_READ;
}

/* ---- writing ---- */

static void append_padding(struct text *text) {
  while (text->length % 8) text_append(text, "", 1);
}

static void append_directory(const struct index *index, uint64_t offset, struct text *tables) {
  for (size_t i = 0; i < index->unit_count; i++) {
    const struct built *built = &index->built[i];
    struct entry entry = {.offset = offset};
    if (built->bytes) {
      entry.size = built->size;
      entry.checksum = built->cached ? built->checksum : bytes_hash(built->bytes, built->size);
      offset += built->size;
    }
    text_append(tables, (const char *)&entry, sizeof entry);
  }
}

static int compare_hashes(const void *a, const void *b) {
  const struct demangled *left = a, *right = b;
  return left->hash < right->hash ? -1 : left->hash > right->hash;
}

/* Those of the cache and the new ones, in one order. */
static void append_demangled(const struct index *index, struct text *tables) {
  size_t old = index->demangled_count, count = old + index->own_demangled_count;
  struct demangled *all = take_array(count, sizeof *all);
  if (old) memcpy(all, index->demangled, old * sizeof *all);
  for (size_t i = old; i < count; i++) {
    all[i] = index->own_demangled[i - old];
    all[i].mangled += (uint32_t)index->demangled_size;
    all[i].plain += (uint32_t)index->demangled_size;
  }
  if (count > 1) qsort(all, count, sizeof *all, compare_hashes);
  text_append(tables, (const char *)all, count * sizeof *all);
  text_append(tables, index->demangled_text, index->demangled_size);
  text_append(tables, index->own_demangled_text.bytes, index->own_demangled_text.length);
  append_padding(tables);
  free(all);
}

static void write_tables(const struct index *index, struct text *tables) {
  text_append(tables, (const char *)index->units, index->unit_point_count * sizeof *index->units);
  text_append(tables, (const char *)index->symbols, index->symbol_count * sizeof *index->symbols);
  text_append(tables, index->symbol_names, index->symbol_name_size);
  append_padding(tables);
  struct text demangled = {0};
  append_demangled(index, &demangled);
  append_directory(index, sizeof(struct head) + tables->length + index->unit_count * sizeof(struct entry) + demangled.length,
                   tables);
  text_append(tables, demangled.bytes, demangled.length);
  text_free(&demangled);
}

static bool write_index(const struct index *index, const char *path) {
  FILE *file = fopen(path, "wxe");
  if (!file) return false;
  struct text tables = {0};
  write_tables(index, &tables);
  struct head head = {.format = bytes_hash(format_name, sizeof format_name),
                      .fingerprint = fingerprint_of(index->found),
                      .base = index->base,
                      .unit_count = index->unit_count,
                      .unit_point_count = index->unit_point_count,
                      .symbol_count = index->symbol_count,
                      .symbol_name_size = index->symbol_name_size,
                      .demangled_count = index->demangled_count + index->own_demangled_count,
                      .demangled_size = index->demangled_size + index->own_demangled_text.length,
                      .split_units = index->split_units,
                      .has_dwarf = index->has_dwarf};
  head.checksum = checksum_of(head, tables.bytes, tables.length);
  fwrite(&head, sizeof head, 1, file);
  fwrite(tables.bytes, 1, tables.length, file);
  for (size_t i = 0; i < index->unit_count; i++)
    if (index->built[i].bytes) fwrite(index->built[i].bytes, 1, index->built[i].size, file);
  text_free(&tables);
  bool failed = ferror(file) != 0;
  return (fclose(file) == 0) && !failed;
}

static uint64_t size_of_index(const struct index *index) {
  uint64_t size = index->symbol_name_size + index->demangled_size + index->own_demangled_text.length + (index->unit_point_count + index->symbol_count) * sizeof(struct point);
  for (size_t i = 0; i < index->unit_count; i++) size += index->built[i].size + sizeof(struct entry);
  return size;
}

/* ---- the cache's size ---- */

struct old_file {
  char *name;
  uint64_t size;
  struct timespec used;
};

static int compare_use(const void *a, const void *b) {
  const struct old_file *left = a, *right = b;
  if (left->used.tv_sec != right->used.tv_sec) return left->used.tv_sec < right->used.tv_sec ? -1 : 1;
  if (left->used.tv_nsec != right->used.tv_nsec) return left->used.tv_nsec < right->used.tv_nsec ? -1 : 1;
  return strcmp(left->name, right->name);
}

static bool is_ours(const char *name) {
  size_t digits = strspn(name, "0123456789abcdef");
  return digits > 0 && strncmp(name + digits, suffix, sizeof suffix - 1) == 0;
}

/* Removes files of the cache, those not used for longest first, until most_bytes are left. */
static void trim(const char *folder, uint64_t most_bytes) {
  struct old_file *files = NULL;
  size_t count = 0, capacity = 0;
  uint64_t total = 0;
  DIR *directory = opendir(folder);
  if (!directory) return;
  for (const struct dirent *found; (found = readdir(directory));) {
    struct stat status;
    if (!is_ours(found->d_name) || fstatat(dirfd(directory), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
      continue;
    grow(&files, &capacity, count + 1, sizeof *files);
    files[count++] = (struct old_file){
        .name = take_copy(found->d_name), .size = (uint64_t)status.st_size, .used = status.st_mtim};
    total += (uint64_t)status.st_size;
  }
  if (count) qsort(files, count, sizeof *files, compare_use);
  for (size_t i = 0; i < count; i++) {
    if (total > most_bytes && unlinkat(dirfd(directory), files[i].name, 0) == 0) total -= files[i].size;
    free(files[i].name);
  }
  closedir(directory);
  free(files);
}

void index_store(const struct index *index, const char *folder, uint64_t most_bytes) {
  if (!index->has_new || size_of_index(index) > most_bytes / 2) return;
  char end[40];
  snprintf(end, sizeof end, "%s.%ld", suffix, (long)getpid());
  char *path = path_of(folder, index->found->module->build_id, suffix);
  char *fresh = path_of(folder, index->found->module->build_id, end);
  if (!write_index(index, fresh) || rename(fresh, path) != 0) unlink(fresh);
  trim(folder, most_bytes);
  free(path);
  free(fresh);
}

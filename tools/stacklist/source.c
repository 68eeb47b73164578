#include "source.h"

#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "command.h"
#include "report.h"

#define GIT(repository) "git", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never", "-C", (repository)

static void without_line_end(struct text *text) {
  if (text->length > 0 && text->bytes[text->length - 1] == '\n') text->bytes[--text->length] = '\0';
}

static void add_file(struct source *source, const char *path, const char *id) {
  grow(&source->files, &source->capacity, source->count + 1, sizeof *source->files);
  source->files[source->count++] = (struct source_file){.path = path, .id = id};
}

/* ---- git ---- */

/* Entries "MODE TYPE ID\tPATH", each ended by NUL. Links and submodules hold no source. */
static void read_tree(struct source *source) {
  char *end = source->listing.bytes + source->listing.length;
  for (char *entry = source->listing.bytes; entry && entry < end; entry += strlen(entry) + 1) {
    char *tab = strchr(entry, '\t'), *type = strchr(entry, ' '), *id = type ? strchr(type + 1, ' ') : NULL;
    if (!tab || !id || id > tab) fail("%s: git lists its files in an unknown way: '%.60s'", source->where, entry);
    if (strncmp(entry, "100", 3) != 0 || strncmp(type, " blob ", 6) != 0) continue;
    *tab = '\0';
    add_file(source, tab + 1, id + 1);
    entry = tab + 1;
  }
}

struct source source_of_git(const char *repository, const char *commit) {
  struct source source = {.where = repository};
  struct text name = {0}, output = {0};
  text_append_string(&name, commit);
  text_append_string(&name, "^{commit}");
  const char *const resolve[] = {GIT(repository), "rev-parse", "--verify", "--quiet", "--end-of-options", name.bytes, NULL};
  if (!command_output(resolve, &output))
    fail("%s: is no git repository with the commit '%s'; --source wants the one from which the profiled program was built",
         repository, commit);
  without_line_end(&output);
  source.version = take_copy(output.bytes);
  const char *const list[] = {GIT(repository), "ls-tree", "-r", "-z", "--full-tree", source.version, NULL};
  if (!command_output(list, &source.listing)) fail("%s: git cannot list the files of %s", repository, source.version);
  read_tree(&source);
  text_clear(&output);
  const char *const top[] = {GIT(repository), "rev-parse", "--show-toplevel", NULL};
  if (command_output(top, &output)) {
    without_line_end(&output);
    source.work_tree = take_copy(output.bytes);
  }
  text_free(&output);
  text_free(&name);
  return source;
}

bool source_was_edited(const struct source *source, const struct source_file *file) {
  if (!source->work_tree) return false;
  struct text path = {0}, output = {0};
  text_append_string(&path, source->work_tree);
  text_append_char(&path, '/');
  text_append_string(&path, file->path);
  const char *const hash[] = {GIT(source->where), "hash-object", "--no-filters", "--", path.bytes, NULL};
  bool is_there = access(path.bytes, R_OK) == 0 && command_output(hash, &output);
  if (is_there) without_line_end(&output);
  bool was_edited = is_there && strcmp(output.bytes, file->id) != 0;
  text_free(&path);
  text_free(&output);
  return was_edited;
}

/* ---- tar ---- */

#define TAR(mode, tar) "tar", "--force-local", "--no-wildcards", (mode), "-f", (tar)

struct source source_of_tar(const char *tar, const char *sha256) {
  struct source source = {.where = tar, .is_tar = true};
  char digest[SHA256_DIGEST_STRING_LENGTH];
  if (!SHA256File(tar, digest)) fail("%s: cannot be read", tar);
  if (strcasecmp(sha256, digest) != 0)
    fail("%s: its SHA-256 is %s, not %s: it is not the source that was profiled", tar, digest, sha256);
  source.version = take_copy(digest);
  const char *const list[] = {TAR("-t", tar), "--quoting-style=literal", NULL};
  if (!command_output(list, &source.listing)) fail("%s: is no tar", tar);
  for (char *line = source.listing.bytes; line && *line;) {
    char *end = strchr(line, '\n');
    if (end) *end = '\0';
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] != '/') add_file(&source, strncmp(line, "./", 2) == 0 ? line + 2 : line, line);
    line = end ? end + 1 : NULL;
  }
  return source;
}

void source_free(struct source *source) {
  for (size_t i = 0; i < source->count; i++) {
    text_free(&source->files[i].text);
    free(source->files[i].line_starts);
  }
  free(source->files);
  free(source->version);
  free(source->work_tree);
  text_free(&source->listing);
}

/* ---- which file a frame means ---- */

static bool is_same(const char *path, const char *file, size_t length) {
  return strlen(path) == length && memcmp(path, file, length) == 0;
}

/* Whether the path of the source is what an absolute name ends with, from a '/' on. */
static bool ends_with_path(const char *file, size_t length, const char *path) {
  size_t path_length = strlen(path);
  return path_length < length && file[length - path_length - 1] == '/' &&
         memcmp(file + length - path_length, path, path_length) == 0;
}

static struct source_file *find_path(const struct source *source, const char *path, size_t length) {
  for (size_t i = 0; i < source->count; i++)
    if (is_same(source->files[i].path, path, length)) return &source->files[i];
  return NULL;
}

static struct source_file *find_ending(const struct source *source, const char *file, size_t length) {
  struct source_file *found = NULL;
  for (size_t i = 0; i < source->count; i++)
    if (ends_with_path(file, length, source->files[i].path) &&
        (!found || strlen(source->files[i].path) > strlen(found->path)))
      found = &source->files[i];
  return found;
}

struct source_file *source_find(const struct source *source, const char *file, size_t length, const char *root) {
  while (length > 2 && file[0] == '.' && file[1] == '/') {
    file += 2;
    length -= 2;
  }
  size_t root_length = root ? strlen(root) : 0;
  while (root_length > 0 && root[root_length - 1] == '/') root_length--;
  if (root && length > root_length && memcmp(file, root, root_length) == 0 && file[root_length] == '/')
    return find_path(source, file + root_length + 1, length - root_length - 1);
  if (length > 0 && file[0] == '/') return root ? NULL : find_ending(source, file, length);
  return find_path(source, file, length);
}

struct source_file *source_find_name(const struct source *source, const char *name, size_t length) {
  struct source_file *found = NULL;
  if (memchr(name, '/', length)) return NULL;
  for (size_t i = 0; i < source->count; i++) {
    const char *path = source->files[i].path, *slash = strrchr(path, '/');
    if (!is_same(slash ? slash + 1 : path, name, length)) continue;
    if (found) return NULL;
    found = &source->files[i];
  }
  return found;
}

/* ---- lines ---- */

static void find_lines(struct source_file *file) {
  size_t capacity = 0, count = 0;
  const char *bytes = file->text.bytes;
  for (size_t at = 0; at < file->text.length;) {
    grow(&file->line_starts, &capacity, count + 2, sizeof *file->line_starts);
    file->line_starts[count++] = at;
    const char *end = memchr(bytes + at, '\n', file->text.length - at);
    at = end ? (size_t)(end - bytes) + 1 : file->text.length;
  }
  grow(&file->line_starts, &capacity, count + 1, sizeof *file->line_starts);
  file->line_starts[count] = file->text.length;
  file->line_count = count;
}

static void read_file(const struct source *source, struct source_file *file) {
  if (file->is_read) return;
  const char *const blob[] = {GIT(source->where), "cat-file", "blob", file->id, NULL};
  const char *const member[] = {TAR("-xO", source->where), "--", file->id, NULL};
  if (!command_output(source->is_tar ? member : blob, &file->text))
    fail("%s: cannot read %s of %s", source->where, file->path, source->version);
  file->is_read = true;
  find_lines(file);
}

size_t source_line_count(const struct source *source, struct source_file *file) {
  read_file(source, file);
  return file->line_count;
}

const char *source_line(const struct source *source, struct source_file *file, size_t number, size_t *length) {
  read_file(source, file);
  *length = 0;
  if (number == 0 || number > file->line_count) return NULL;
  const char *line = file->text.bytes + file->line_starts[number - 1];
  *length = file->line_starts[number] - file->line_starts[number - 1];
  while (*length > 0 && (line[*length - 1] == '\n' || line[*length - 1] == '\r')) --*length;
  return line;
}

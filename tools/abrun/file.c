#include "file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

static _Noreturn void fail_to_write(const char *path) { fail_at(path, 0, "cannot be written: %s", strerror(errno)); }

static bool is_replaced(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return true;
  if (S_ISDIR(status.st_mode)) errno = EISDIR, fail_to_write(path);
  return S_ISREG(status.st_mode);
}

/* A new file beside path, whose name goes to *name. Rights are those of any file that is created. */
static FILE *open_beside(const char *path, struct text *name) {
  text_append_string(name, path);
  text_append_string(name, ".XXXXXX");
  int descriptor = mkstemp(name->bytes);
  if (descriptor < 0) fail_to_write(path);
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
  FILE *file = fdopen(descriptor, "w");
  if (!file) fail_to_write(path);
  return file;
}

void file_check(const char *path) {
  if (!is_replaced(path)) return;
  struct text name = {0};
  fclose(open_beside(path, &name));
  unlink(name.bytes);
  text_free(&name);
}

void file_write(const char *path, const struct text *content) {
  bool replaced = is_replaced(path);
  struct text name = {0};
  FILE *file = replaced ? open_beside(path, &name) : fopen(path, "w");
  if (!file) fail_to_write(path);
  bool failed = fwrite(content->bytes, 1, content->length, file) != content->length;
  failed = fclose(file) != 0 || failed;
  failed = failed || (replaced && rename(name.bytes, path) != 0);
  if (failed) {
    int error = errno;
    if (replaced) unlink(name.bytes);
    errno = error;
    fail_to_write(path);
  }
  text_free(&name);
}

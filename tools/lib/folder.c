#include "folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"
#include "report.h"

void make_folder_of(const char *path) {
  char *folder = take_copy(path);
  for (char *slash = strchr(folder + (*folder == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
      fail_at(folder, 0, "this folder cannot be created: %s", strerror(errno));
    *slash = '/';
  }
  free(folder);
}

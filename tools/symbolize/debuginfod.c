/* Debug files from the servers that DEBUGINFOD_URLS names, by elfutils' library, which is loaded when it is asked for:
 * nothing is sent anywhere without --debuginfod. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "find.h"
#include "report.h"

/* Seconds for one file; the variables of elfutils, where they are set, hold instead. */
static const char most_seconds[] = "60", idle_seconds[] = "20";

struct debuginfod_client;
typedef struct debuginfod_client *begin_function(void);
typedef int find_function(struct debuginfod_client *client, const unsigned char *build_id, int length, char **path);

struct object *open_from_server(const char *build_id) {
  const char *urls = getenv("DEBUGINFOD_URLS");
  if (!urls || !*urls) {
    report_warning("--debuginfod asks nobody: DEBUGINFOD_URLS names no server");
    return NULL;
  }
  setenv("DEBUGINFOD_MAXTIME", most_seconds, 0);
  setenv("DEBUGINFOD_TIMEOUT", idle_seconds, 0);
  void *library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    report_warning("--debuginfod needs libdebuginfod (package libdebuginfod1), which is not installed");
    return NULL;
  }
  begin_function *begin = NULL;
  find_function *find = NULL;
  *(void **)&begin = dlsym(library, "debuginfod_begin");
  *(void **)&find = dlsym(library, "debuginfod_find_debuginfo");
  struct debuginfod_client *client = begin && find ? begin() : NULL;
  char *path = NULL, *why = NULL;
  /* With length 0 the build id is hexadecimal text. */
  int descriptor = client ? find(client, (const unsigned char *)build_id, 0, &path) : -1;
  if (descriptor < 0) return NULL;
  close(descriptor);
  struct object *object = object_open(path, &why);
  if (object && strcmp(object->build_id, build_id) != 0) {
    report_warning("%s: the server sent it for the build id %s, and its own is %s; it is not used", path, build_id,
                   object->build_id);
    object_close(object);
    object = NULL;
  }
  free(why);
  free(path);
  return object;
}

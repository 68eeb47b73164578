#include "format.h"

#include <string.h>

struct parser {
  const char *name;
  void (*read)(struct reader *reader, char *const *paths, size_t count, size_t runs_each);
};

static const struct parser PARSERS[] = {
    [FORMAT_SAMPLES] = {"samples", read_samples_tsv}, [FORMAT_GO] = {"go", read_go},
    [FORMAT_HYPERFINE] = {"hyperfine", read_hyperfine}, [FORMAT_LOG] = {"log", read_log},
    [FORMAT_COLUMNS] = {"columns", read_columns},
};

bool format_named(const char *name, enum format *format) {
  for (size_t i = 0; i < sizeof PARSERS / sizeof *PARSERS; i++)
    if (strcmp(name, PARSERS[i].name) == 0) {
      *format = (enum format)i;
      return true;
    }
  return false;
}

bool format_begins_with_base(enum format format) { return format == FORMAT_GO || format == FORMAT_HYPERFINE; }

void format_read(enum format format, struct reader *reader, char *const *paths, size_t count, size_t runs_each) {
  PARSERS[format].read(reader, paths, count, runs_each);
}

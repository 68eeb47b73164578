/* The line table of a unit (.debug_line, DWARF 2 to 5). */
#ifndef ASSAY_SYMBOLIZE_LINES_H
#define ASSAY_SYMBOLIZE_LINES_H

#include "dwarf.h"

struct line_row {
  uint64_t address;
  uint32_t file; /* as the table numbers its files; LINE_END: no line from here on */
  uint32_t line;
};
#define LINE_END UINT32_MAX

struct line_file {
  const char *name;
  uint64_t folder; /* its number */
};

struct line_table {
  uint16_t version;
  const char **folders;
  size_t folder_count, folder_capacity;
  struct line_file *files;
  size_t file_count, file_capacity;
  struct line_row *rows; /* of all sequences, in the order of their addresses */
  size_t row_count, row_capacity;
};

/* Reads the table of a unit that is open: rows in [low, high) only, which leaves out sequences of discarded sections.
 * Start from {0}; the memory is used again for the next unit. */
void lines_read(struct line_table *table, const struct unit *unit, uint64_t low, uint64_t high);

/* Appends the path of a file by its number, joined with its folder and the unit's; false where there is no such file. */
bool lines_append_path(const struct line_table *table, const struct unit *unit, uint64_t file, struct text *path);

void lines_free(struct line_table *table);

#endif

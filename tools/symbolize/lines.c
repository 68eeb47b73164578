#include "lines.h"

#include <stdlib.h>

struct header {
  struct unit form_unit; /* by which values of forms are read */
  struct abbreviations sizes;
  uint8_t minimum_length, most_operations, line_range, opcode_base;
  int8_t line_base;
  const uint8_t *operand_counts; /* opcode_base - 1 of them */
};

struct sequence {
  size_t first, count; /* of its rows */
  uint64_t low, high;
};

struct sequences {
  struct sequence *list;
  size_t count, capacity;
};

/* ---- the header ---- */

static void add_folder(struct line_table *table, const char *folder) {
  grow(&table->folders, &table->folder_capacity, table->folder_count + 1, sizeof *table->folders);
  table->folders[table->folder_count++] = folder;
}

static void add_file(struct line_table *table, struct line_file file) {
  grow(&table->files, &table->file_capacity, table->file_count + 1, sizeof *table->files);
  table->files[table->file_count++] = file;
}

/* DWARF 2 to 4: lists that an empty string ends. */
static void read_old_lists(struct line_table *table, struct bytes *bytes) {
  for (const char *folder; (folder = bytes_string(bytes)) && *folder;) add_folder(table, folder);
  for (const char *name; (name = bytes_string(bytes)) && *name;) {
    struct line_file file = {.name = name, .folder = bytes_uleb(bytes)};
    bytes_skip_leb(bytes); /* time */
    bytes_skip_leb(bytes); /* size */
    add_file(table, file);
  }
}

/* DWARF 5: a format of pairs of content and form, then so many entries of it. */
static void read_list(struct line_table *table, struct header *header, struct bytes *bytes, bool files) {
  struct {
    uint64_t content;
    struct attribute_form form;
  } format[UINT8_MAX];
  size_t fields = bytes_8(bytes);
  for (size_t i = 0; i < fields; i++) {
    format[i].content = bytes_uleb(bytes);
    format[i].form = (struct attribute_form){.form = (uint16_t)bytes_uleb(bytes)};
  }
  uint64_t count = bytes_uleb(bytes);
  for (uint64_t entry = 0; entry < count && !bytes->failed && fields > 0 && bytes->at < bytes->end; entry++) {
    struct line_file file = {0};
    for (size_t i = 0; i < fields; i++) {
      struct attribute value = {0};
      attribute_read(&header->form_unit, &format[i].form, bytes, &value);
      if (format[i].content == DW_LNCT_path && value.kind == VALUE_STRING) file.name = value.string;
      else if (format[i].content == DW_LNCT_directory_index && value.kind == VALUE_CONSTANT) file.folder = value.number;
    }
    if (files) add_file(table, file);
    else add_folder(table, file.name);
  }
}

/* false where the table cannot be read; else bytes is the program. */
static bool read_header(struct line_table *table, const struct unit *unit, struct header *header, struct bytes *bytes) {
  const struct section *section = &unit->dwarf->sections[SECTION_LINE];
  if (unit->line_offset >= section->size) return false;
  *bytes = bytes_of(section->bytes + unit->line_offset, section->size - (size_t)unit->line_offset);
  header->form_unit = *unit;
  header->form_unit.offset_size = 4;
  uint64_t length = bytes_32(bytes);
  if (length == 0xffffffff) {
    length = bytes_64(bytes);
    header->form_unit.offset_size = 8;
  }
  if (bytes->failed) return false;
  if (length < bytes_left(bytes)) bytes->end = bytes->at + length;
  table->version = bytes_16(bytes);
  if (table->version < 2 || table->version > 5) return false;
  if (table->version >= 5) {
    header->form_unit.address_size = bytes_8(bytes);
    bytes_8(bytes); /* the size of segment selectors */
  }
  header->sizes = (struct abbreviations){.address_size = header->form_unit.address_size,
                                         .offset_size = header->form_unit.offset_size,
                                         .version = table->version};
  header->form_unit.abbreviations = &header->sizes;
  uint64_t header_length = bytes_fixed(bytes, header->form_unit.offset_size);
  if (bytes->failed || header_length > bytes_left(bytes)) return false;
  const uint8_t *program = bytes->at + header_length;
  header->minimum_length = bytes_8(bytes);
  header->most_operations = table->version >= 4 ? bytes_8(bytes) : 1;
  bytes_8(bytes); /* whether rows are statements at first */
  header->line_base = (int8_t)bytes_8(bytes);
  header->line_range = bytes_8(bytes);
  header->opcode_base = bytes_8(bytes);
  header->operand_counts = bytes->at;
  if (header->opcode_base == 0) return false;
  bytes_skip(bytes, header->opcode_base - 1u);
  if (bytes->failed || header->line_range == 0) return false;
  if (table->version >= 5) {
    read_list(table, header, bytes, false);
    read_list(table, header, bytes, true);
  } else read_old_lists(table, bytes);
  *bytes = (struct bytes){.at = program, .end = bytes->end};
  return true;
}

/* ---- the program ---- */

struct machine {
  struct line_table *table;
  struct sequences *sequences;
  uint64_t address, line, file;
  uint32_t operation; /* of a bundle of several in one instruction */
  uint64_t low, high; /* what rows are wanted */
  size_t first;       /* row of the sequence */
  bool ordered;
};

static void begin_sequence(struct machine *machine) {
  machine->address = 0;
  machine->operation = 0;
  machine->file = machine->line = 1;
  machine->first = machine->table->row_count;
  machine->ordered = true;
}

static inline void add_row(struct machine *machine) {
  struct line_table *table = machine->table;
  if (table->row_count == table->row_capacity)
    grow(&table->rows, &table->row_capacity, table->row_count + 1, sizeof *table->rows);
  if (table->row_count > machine->first && table->rows[table->row_count - 1].address > machine->address)
    machine->ordered = false;
  table->rows[table->row_count++] =
      (struct line_row){.address = machine->address,
                        .file = machine->file < LINE_END ? (uint32_t)machine->file : LINE_END - 1,
                        .line = machine->line <= UINT32_MAX ? (uint32_t)machine->line : 0};
}

static int compare_rows(const void *a, const void *b) {
  const struct line_row *left = a, *right = b;
  if (left->address != right->address) return left->address < right->address ? -1 : 1;
  return left < right ? -1 : 1; /* best effort: damaged tables alone are not in order */
}

static void end_sequence(struct machine *machine) {
  struct line_table *table = machine->table;
  struct line_row *rows = table->rows + machine->first;
  size_t count = table->row_count - machine->first;
  if (count > 0 && !machine->ordered) qsort(rows, count, sizeof *rows, compare_rows);
  if (count == 0 || rows[0].address >= machine->address || rows[0].address < machine->low ||
      rows[0].address >= machine->high) {
    table->row_count = machine->first;
  } else {
    uint64_t low = rows[0].address; /* adding a row may move them */
    machine->file = LINE_END;
    add_row(machine);
    struct sequences *sequences = machine->sequences;
    grow(&sequences->list, &sequences->capacity, sequences->count + 1, sizeof *sequences->list);
    sequences->list[sequences->count++] = (struct sequence){
        .first = machine->first, .count = count + 1, .low = low, .high = machine->address};
  }
  begin_sequence(machine);
}

static inline void advance(struct machine *machine, const struct header *header, uint64_t operations) {
  if (header->most_operations <= 1) {
    machine->address += operations * header->minimum_length;
    return;
  }
  uint64_t total = machine->operation + operations;
  machine->address += header->minimum_length * (total / header->most_operations);
  machine->operation = (uint32_t)(total % header->most_operations);
}

static void run_extended(struct machine *machine, struct bytes *bytes) {
  uint64_t length = bytes_uleb(bytes);
  if (bytes->failed || length == 0 || length > bytes_left(bytes)) {
    if (length != 0) bytes_fail(bytes);
    return;
  }
  struct bytes operand = bytes_of(bytes->at, (size_t)length);
  bytes->at += length;
  switch (bytes_8(&operand)) {
    case DW_LNE_end_sequence: end_sequence(machine); break;
    case DW_LNE_set_address:
      machine->address = bytes_fixed(&operand, length - 1 <= 8 ? (size_t)length - 1 : 8);
      machine->operation = 0;
      break;
    case DW_LNE_define_file: {
      const char *name = bytes_string(&operand);
      if (name) add_file(machine->table, (struct line_file){.name = name, .folder = bytes_uleb(&operand)});
      break;
    }
    default: break;
  }
}

static void run_standard(struct machine *machine, const struct header *header, uint8_t opcode, struct bytes *bytes) {
  switch (opcode) {
    case DW_LNS_copy: add_row(machine); break;
    case DW_LNS_advance_pc: advance(machine, header, bytes_uleb(bytes)); break;
    case DW_LNS_advance_line: machine->line += (uint64_t)bytes_sleb(bytes); break;
    case DW_LNS_set_file: machine->file = bytes_uleb(bytes); break;
    case DW_LNS_const_add_pc: advance(machine, header, (255u - header->opcode_base) / header->line_range); break;
    case DW_LNS_fixed_advance_pc:
      machine->address += bytes_16(bytes);
      machine->operation = 0;
      break;
    case DW_LNS_set_column:
    case DW_LNS_set_isa: bytes_skip_leb(bytes); break;
    case DW_LNS_negate_stmt:
    case DW_LNS_set_basic_block:
    case DW_LNS_set_prologue_end:
    case DW_LNS_set_epilogue_begin: break;
    default:
      for (uint8_t i = 0; i < header->operand_counts[opcode - 1]; i++) bytes_skip_leb(bytes);
  }
}

static void run(struct machine *machine, const struct header *header, struct bytes *bytes) {
  begin_sequence(machine);
  while (bytes->at < bytes->end) {
    uint8_t opcode = bytes_8(bytes);
    if (opcode >= header->opcode_base) {
      unsigned adjusted = opcode - header->opcode_base;
      advance(machine, header, adjusted / header->line_range);
      machine->line += (uint64_t)(int64_t)(header->line_base + (int)(adjusted % header->line_range));
      add_row(machine);
    } else if (opcode == 0) run_extended(machine, bytes);
    else run_standard(machine, header, opcode, bytes);
  }
  machine->table->row_count = machine->first; /* a sequence without an end is none */
}

/* ---- order ---- */

static int compare_sequences(const void *a, const void *b) {
  const struct sequence *left = a, *right = b;
  if (left->low != right->low) return left->low < right->low ? -1 : 1;
  return left->first < right->first ? -1 : left->first > right->first;
}

/* Puts the rows of all sequences in one order. Of sequences that overlap (none should) the later begins where the
 * earlier ends. */
static void order_rows(struct line_table *table, struct sequences *sequences) {
  bool ordered = true;
  for (size_t i = 1; i < sequences->count && ordered; i++)
    ordered = sequences->list[i - 1].high <= sequences->list[i].low;
  if (ordered) return;
  qsort(sequences->list, sequences->count, sizeof *sequences->list, compare_sequences);
  struct line_row *rows = take_array(table->row_count, sizeof *rows);
  size_t count = 0;
  uint64_t covered = 0;
  for (size_t i = 0; i < sequences->count; i++) {
    const struct sequence *sequence = &sequences->list[i];
    if (sequence->high <= covered) continue;
    for (size_t row = 0; row < sequence->count; row++) {
      struct line_row from = table->rows[sequence->first + row];
      bool next_is_covered = row + 1 < sequence->count && table->rows[sequence->first + row + 1].address <= covered;
      if (next_is_covered) continue;
      if (from.address < covered) from.address = covered;
      rows[count++] = from;
    }
    covered = sequence->high;
  }
  free(table->rows);
  table->row_capacity = table->row_count;
  table->rows = rows;
  table->row_count = count;
}

void lines_read(struct line_table *table, const struct unit *unit, uint64_t low, uint64_t high) {
  table->folder_count = table->file_count = table->row_count = 0;
  table->version = 0;
  struct header header;
  struct bytes program;
  if (!unit->has_line || !read_header(table, unit, &header, &program)) return;
  struct sequences sequences = {0};
  struct machine machine = {.table = table, .sequences = &sequences, .low = low, .high = high};
  run(&machine, &header, &program);
  order_rows(table, &sequences);
  free(sequences.list);
}

/* ---- paths ---- */

static void append_part(struct text *path, const char *part) {
  if (!part || !*part) return;
  if (path->length > 0 && path->bytes[path->length - 1] != '/') text_append_char(path, '/');
  text_append_string(path, part);
}

bool lines_append_path(const struct line_table *table, const struct unit *unit, uint64_t file, struct text *path) {
  bool old = table->version < 5; /* files and folders count from 1, and folder 0 is the unit's */
  uint64_t index = old ? file - 1 : file;
  if (index >= table->file_count || !table->files[index].name) return false;
  const struct line_file *entry = &table->files[index];
  uint64_t folder_index = old ? entry->folder - 1 : entry->folder;
  const char *folder = folder_index < table->folder_count ? table->folders[folder_index] : NULL;
  struct text joined = {0};
  if (entry->name[0] != '/') {
    bool below_unit = old || entry->folder != 0;
    if (below_unit && !(folder && folder[0] == '/')) append_part(&joined, unit->folder);
    append_part(&joined, folder);
  }
  append_part(&joined, entry->name);
  text_append(path, joined.bytes ? joined.bytes : "", joined.length);
  text_free(&joined);
  return true;
}

void lines_free(struct line_table *table) {
  free(table->folders);
  free(table->files);
  free(table->rows);
  *table = (struct line_table){0};
}

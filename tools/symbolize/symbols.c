/* Symbols of ELF symbol tables. Of several that hold an address:
 * - a function goes before a label without a type;
 * - the one that starts last goes before those around it;
 * - of those that start together, the largest, and of those the last in the table, which is a global one where there is
 *   one (so do llvm-symbolizer and most linkers' maps).
 * A symbol without a size reaches up to the next, or to its section's end. */
#include <stdlib.h>

#include "index.h"

struct symbol {
  uint64_t address, size;
  uint64_t limit; /* the end of its section */
  uint32_t name;  /* in names */
  bool function;
  size_t number; /* in the table */
};

struct symbols {
  struct symbol *list;
  size_t count, capacity;
  uint64_t *section_ends; /* by section */
  size_t section_count, section_capacity;
  struct text names;
};

/* The ends of sections that hold code; those of others are 0. */
static void read_sections(struct symbols *symbols, struct object *object) {
  symbols->section_count = 0;
  for (Elf_Scn *section = NULL; (section = elf_nextscn(object->elf, section));) {
    GElf_Shdr header;
    size_t number = elf_ndxscn(section);
    grow(&symbols->section_ends, &symbols->section_capacity, number + 1, sizeof *symbols->section_ends);
    while (symbols->section_count <= number) symbols->section_ends[symbols->section_count++] = 0;
    if (gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR))
      symbols->section_ends[number] = header.sh_addr + header.sh_size;
  }
}

static void add_symbol(struct symbols *symbols, const GElf_Sym *from, const char *name) {
  unsigned type = GELF_ST_TYPE(from->st_info);
  if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) return;
  if (from->st_shndx == SHN_UNDEF || from->st_shndx >= symbols->section_count) return;
  if (symbols->section_ends[from->st_shndx] <= from->st_value || !name || !*name) return;
  bool function = type != STT_NOTYPE;
  if (!function && (name[0] == '$' || strncmp(name, ".L", 2) == 0)) return; /* marks of assemblers */
  if (symbols->names.length > UINT32_MAX - strlen(name) - 1 || symbols->count >= UINT32_MAX / 2) return;
  if (symbols->count == symbols->capacity)
    grow(&symbols->list, &symbols->capacity, symbols->count + 1, sizeof *symbols->list);
  symbols->list[symbols->count] = (struct symbol){.address = from->st_value,
                                                  .size = from->st_size,
                                                  .name = (uint32_t)symbols->names.length,
                                                  .limit = symbols->section_ends[from->st_shndx],
                                                  .function = function,
                                                  .number = symbols->count};
  symbols->count++;
  text_append(&symbols->names, name, strlen(name) + 1);
}

/* Those of a table (SHT_SYMTAB or SHT_DYNSYM); false where it has none. */
static bool add_symbols(struct symbols *symbols, struct object *object, unsigned type) {
  bool found = false;
  read_sections(symbols, object);
  for (Elf_Scn *section = NULL; (section = elf_nextscn(object->elf, section));) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || header.sh_type != type || header.sh_entsize == 0) continue;
    Elf_Data *data = elf_getdata(section, NULL);
    if (!data || !data->d_buf) continue;
    size_t before = symbols->count;
    for (size_t i = 0; i < data->d_size / header.sh_entsize && i < INT32_MAX; i++) {
      GElf_Sym symbol;
      if (gelf_getsym(data, (int)i, &symbol))
        add_symbol(symbols, &symbol, elf_strptr(object->elf, header.sh_link, symbol.st_name));
    }
    found = found || symbols->count > before;
  }
  return found;
}

/* ---- stubs of the procedure linkage table (x86-64): each jumps through a slot, and a relocation says whose it is ---- */

struct slot {
  uint64_t address;
  const char *name; /* of the function */
};

struct slots {
  struct slot *list;
  size_t count, capacity;
};

static int compare_slots(const void *a, const void *b) {
  const struct slot *left = a, *right = b;
  return left->address < right->address ? -1 : left->address > right->address;
}

static void read_slots(struct slots *slots, struct object *object) {
  for (Elf_Scn *section = NULL; (section = elf_nextscn(object->elf, section));) {
    GElf_Shdr header, symbol_header;
    if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA || header.sh_entsize == 0) continue;
    Elf_Scn *symbol_section = elf_getscn(object->elf, header.sh_link);
    Elf_Data *data = elf_getdata(section, NULL);
    Elf_Data *symbols = symbol_section ? elf_getdata(symbol_section, NULL) : NULL;
    if (!data || !symbols || !gelf_getshdr(symbol_section, &symbol_header) || symbol_header.sh_type != SHT_DYNSYM)
      continue;
    for (size_t i = 0; i < data->d_size / header.sh_entsize && i < INT32_MAX; i++) {
      GElf_Rela relocation;
      GElf_Sym symbol;
      if (!gelf_getrela(data, (int)i, &relocation)) continue;
      uint64_t type = GELF_R_TYPE(relocation.r_info), number = GELF_R_SYM(relocation.r_info);
      if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) || number > INT32_MAX) continue;
      if (!gelf_getsym(symbols, (int)number, &symbol)) continue;
      const char *name = elf_strptr(object->elf, symbol_header.sh_link, symbol.st_name);
      if (!name || !*name) continue;
      grow(&slots->list, &slots->capacity, slots->count + 1, sizeof *slots->list);
      slots->list[slots->count++] = (struct slot){.address = relocation.r_offset, .name = name};
    }
  }
  if (slots->count) qsort(slots->list, slots->count, sizeof *slots->list, compare_slots);
}

/* The slot of a stub: `jmp *DISPLACEMENT(%rip)`, perhaps behind endbr64 and a bnd prefix. */
static bool slot_of_stub(const uint8_t *stub, size_t size, uint64_t address, uint64_t *slot) {
  static const size_t places[] = {0, 1, 4, 5};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    size_t at = places[i];
    int32_t displacement;
    if (at + 6 > size || stub[at] != 0xff || stub[at + 1] != 0x25) continue;
    memcpy(&displacement, stub + at + 2, sizeof displacement);
    *slot = address + at + 6 + (uint64_t)(int64_t)displacement;
    return true;
  }
  return false;
}

static void add_stubs(struct symbols *symbols, struct object *object, const char *section_name) {
  struct slots slots = {0};
  struct section section;
  GElf_Shdr header;
  if (!object_section_header(object, section_name, &header) || header.sh_entsize < 8 || header.sh_entsize > 64) return;
  section = object_section(object, section_name);
  read_slots(&slots, object);
  for (size_t at = 0; slots.count && at + header.sh_entsize <= section.size; at += header.sh_entsize) {
    struct slot wanted = {0};
    if (!slot_of_stub(section.bytes + at, header.sh_entsize, header.sh_addr + at, &wanted.address)) continue;
    const struct slot *slot = bsearch(&wanted, slots.list, slots.count, sizeof *slots.list, compare_slots);
    if (!slot || symbols->names.length > UINT32_MAX - strlen(slot->name) - 5) continue;
    grow(&symbols->list, &symbols->capacity, symbols->count + 1, sizeof *symbols->list);
    symbols->list[symbols->count] = (struct symbol){.address = header.sh_addr + at,
                                                    .size = header.sh_entsize,
                                                    .name = (uint32_t)symbols->names.length,
                                                    .function = true,
                                                    .number = symbols->count};
    symbols->count++;
    text_append_string(&symbols->names, slot->name);
    text_append(&symbols->names, "@plt", 5);
  }
  free(slots.list);
}

/* ---- order ---- */

static int compare_symbols(const void *a, const void *b) {
  const struct symbol *left = a, *right = b;
  if (left->function != right->function) return left->function ? 1 : -1;
  if (left->address != right->address) return left->address < right->address ? -1 : 1;
  if (left->size != right->size) return left->size < right->size ? -1 : 1;
  return left->number < right->number ? -1 : 1;
}

/* The end of a symbol without a size: where the next one of the list begins that lies behind it. */
static uint64_t next_start(const struct symbols *symbols, size_t at, uint64_t end) {
  size_t low = at + 1, high = symbols->count;
  while (low < high && symbols->list[low].function == symbols->list[at].function &&
         symbols->list[low].address == symbols->list[at].address)
    low++;
  if (low < high && symbols->list[low].function == symbols->list[at].function && symbols->list[low].address < end)
    return symbols->list[low].address;
  return end;
}

static void flatten(struct symbols *symbols, struct index *index) {
  struct ranges ranges = {0};
  if (symbols->count) qsort(symbols->list, symbols->count, sizeof *symbols->list, compare_symbols);
  for (size_t i = 0; i < symbols->count; i++) {
    const struct symbol *symbol = &symbols->list[i];
    uint64_t end = symbol->size ? symbol->address + symbol->size : next_start(symbols, i, symbol->limit);
    if (end > symbol->address)
      ranges_add(&ranges, (struct range){
                              .start = symbol->address, .end = end, .rank = (uint32_t)i + 1, .value = symbol->name});
  }
  ranges_flatten(&ranges, index->base, &index->own_symbols);
  free(ranges.list);
}

void index_read_symbols(struct index *index) {
  struct found *found = index->found;
  struct symbols symbols = {0};
  text_append(&symbols.names, "", 1);
  bool whole = add_symbols(&symbols, found->module, SHT_SYMTAB) ||
               (found->debug && add_symbols(&symbols, found->debug, SHT_SYMTAB));
  if (!whole) {
    add_symbols(&symbols, found->module, SHT_DYNSYM);
    if (found->mini) add_symbols(&symbols, found->mini, SHT_SYMTAB);
  }
  GElf_Ehdr header;
  if (gelf_getehdr(found->module->elf, &header) && header.e_machine == EM_X86_64) {
    static const char *const tables[] = {"plt", "plt.sec", "plt.got"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) add_stubs(&symbols, found->module, tables[i]);
  }
  flatten(&symbols, index);
  index->own_names = symbols.names;
  free(symbols.list);
  free(symbols.section_ends);
}

/* The lines below the headers of perf script's text: each distinct one is parsed once, and kept within bounds. */
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "perfscript_fold.h"
#include "report.h"

/* ---- names ---- */

uint32_t perf_frame_of(struct perf_fold *fold, const char *name, size_t length) {
  char *own = take_copy_of(name, length);
  replace_controls(own, length);
  for (char *at = own; (at = memchr(at, ';', length - (size_t)(at - own)));) *at = ':';
  struct stack *known = stacks_find(&fold->names, own, length);
  free(own);
  if (known->number == fold->name_count) {
    if (fold->name_count >= UINT32_MAX) fail("more than 2^32 distinct frames");
    grow(&fold->by_number, &fold->name_capacity, fold->name_count + 1, sizeof(struct stack *));
    fold->by_number[fold->name_count++] = known;
  }
  return (uint32_t)known->number;
}

/* ---- lines ---- */

/* Makes room for one more. */
static void table_widen(struct line_table *table) {
  size_t old_count = table->slot_count;
  struct line **old = table->slots;
  table->slot_count = old_count ? product_of(old_count, 2) : FIRST_SLOTS;
  table->slots = take_array(table->slot_count, sizeof *table->slots);
  memset(table->slots, 0, table->slot_count * sizeof *table->slots);
  size_t mask = table->slot_count - 1;
  for (size_t i = 0; i < old_count; i++) {
    if (!old[i]) continue;
    size_t to = (size_t)old[i]->hash & mask;
    while (table->slots[to]) to = (to + 1) & mask;
    table->slots[to] = old[i];
  }
  free(old);
}

struct line *perf_new_line(struct lines *lines, const char *bytes, size_t length) {
  size_t size = sizeof(struct line) + length;
  struct line *line = arena_take(&lines->arena, size);
  lines->bytes += size;
  *line = (struct line){.length = (uint32_t)length, .kind = LINE_OTHER};
  memcpy(line->bytes, bytes, length);
  return line;
}

/* What comes behind a line is taken for the sample's end until something else was seen there. */
static void lines_start(struct lines *lines) {
  lines->start = perf_new_line(lines, "", 0);
  lines->blank = perf_new_line(lines, "\n", 1);
  lines->blank->kind = LINE_BLANK;
  lines->blank->hash = bytes_hash("\n", 1);
  lines->start->next[0] = lines->start->next[1] = lines->blank->next[0] = lines->blank->next[1] = lines->blank;
  table_widen(&lines->whole);
  table_widen(&lines->named);
  lines->whole.slots[lines->blank->hash & (lines->whole.slot_count - 1)] = lines->blank;
  lines->whole.count = 1;
}

void perf_lines_free(struct lines *lines) {
  arena_free(&lines->arena);
  free(lines->whole.slots);
  free(lines->named.slots);
  *lines = (struct lines){0};
}

static enum line_kind kind_of(enum perf_line parsed) {
  return parsed == PERF_FRAMES ? LINE_FRAMES : parsed == PERF_SOURCE ? LINE_SOURCE : LINE_OTHER;
}

/* Numbers the names that were parsed, leaf first. */
static void take_frames(struct perf_fold *fold, struct lines *lines, struct line *line) {
  if (fold->parsed.length == 0) return;
  const char *bytes = fold->parsed.bytes, *end = bytes + fold->parsed.length;
  for (const char *at = bytes; at < end; at++) line->count += *at == '\n';
  if (line->count > 1) {
    line->frames = arena_take(&lines->arena, product_of(line->count, sizeof *line->frames));
    lines->bytes += line->count * sizeof *line->frames;
  }
  uint32_t *to = line->count > 1 ? line->frames + line->count : &line->frame + 1;
  for (const char *name = bytes; name < end;) {
    const char *name_end = memchr(name, '\n', (size_t)(end - name));
    *--to = perf_frame_of(fold, name, (size_t)(name_end - name));
    name = name_end + 1;
  }
}

bool perf_all_space(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != ' ' && (bytes[i] < '\t' || bytes[i] > '\r')) return false;
  return true;
}

/* Whether a line ends a sample: the script wants it empty, the others pass over blanks, as a line end of CR LF is. */
bool perf_is_empty(const struct perf_fold *fold, const char *bytes, size_t length) {
  if (length == 0) return true;
  if (fold->folding->compat == COMPAT_NONE) return length == 1 && *bytes == '\r';
  return fold->folding->compat == COMPAT_INFERNO && perf_all_space(bytes, length);
}

void perf_parse_kept(struct perf_fold *fold, struct lines *lines, struct line *line, const char *bytes, size_t length) {
  if (perf_is_empty(fold, bytes, length)) {
    line->kind = LINE_BLANK;
    return;
  }
  text_clear(&fold->parsed);
  line->kind = kind_of(perf_line_parse(fold->folding, fold->is_java, bytes, length, &fold->parsed));
  if (line->kind == LINE_OTHER && perf_all_space(bytes, length)) line->kind = LINE_NOTHING; /* source that is unknown */
  if (line->kind == LINE_FRAMES) take_frames(fold, lines, line);
}

/* The slot of the line of these bytes, or the free one where it belongs. */
static struct line **line_slot(const struct line_table *table, uint64_t hash, const char *bytes, size_t length) {
  size_t mask = table->slot_count - 1, at = (size_t)hash & mask;
  for (; table->slots[at]; at = (at + 1) & mask) {
    const struct line *line = table->slots[at];
    if (line->hash == hash && line->length == length && same_bytes(line->bytes, bytes, length)) break;
  }
  return &table->slots[at];
}

/* The table for the sample at hand, not empty and with room for one line. */
struct lines *perf_lines_at_hand(struct perf_fold *fold) {
  struct lines *lines = &fold->lines[fold->is_java];
  if (lines->bytes > LINES_BYTES) perf_lines_free(lines);
  if (!lines->start) lines_start(lines);
  if (lines->whole.count >= lines->whole.slot_count / 2) table_widen(&lines->whole);
  if (lines->named.count >= lines->named.slot_count / 2) table_widen(&lines->named);
  return lines;
}

/* The line of these bytes (the line end is the last of them), or NULL where it is new. */
struct line *perf_known_line(struct perf_fold *fold, const char *bytes, size_t length) {
  const struct lines *lines = &fold->lines[fold->is_java];
  if (!lines->start || length > KEPT_LINE) return NULL;
  return *line_slot(&lines->whole, bytes_hash(bytes, length), bytes, length);
}

/* Parses a new line and keeps it. */
struct line *perf_keep_line(struct perf_fold *fold, const char *bytes, size_t length) {
  struct lines *lines = perf_lines_at_hand(fold);
  uint64_t hash = bytes_hash(bytes, length);
  struct line **slot = line_slot(&lines->whole, hash, bytes, length);
  if (*slot) return *slot;
  struct line *line = perf_new_line(lines, bytes, length);
  line->hash = hash;
  line->next[0] = line->next[1] = lines->blank;
  perf_parse_kept(fold, lines, line, bytes, length - 1);
  *slot = line;
  lines->whole.count++;
  return line;
}

/* ---- lines by their names: TAB, blanks, ADDRESS, a blank, then NAME+0xOFFSET (MODULE) or [unknown] (MODULE), where
 * MODULE holds no blank or bracket ---- */

/* The parts of such a line that make its frame. */
struct named {
  const char *name, *module; /* module begins with its bracket and ends with the line end */
  size_t name_length, module_length;
};

static const char unknown_name[] = "[unknown] (";
enum {
  UNKNOWN_LENGTH = sizeof unknown_name - 3, /* without the blank and the bracket */
  NAME_COLUMN = 18                          /* of a line as perf prints it: TAB and an address of 16 columns */
};

static bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* The top bits of the bytes of word that are hexadecimal digits, or blanks: what is added to a byte takes it past 127
 * if it is at least that digit. Bytes past 127 are neither. */
static void classify(uint64_t word, uint64_t *digits, uint64_t *blanks) {
  const uint64_t each = 0x0101010101010101, top = 0x80 * each;
  uint64_t low = word & ~top, other = low ^ ' ' * each;
  uint64_t decimal = (low + (0x80 - '0') * each) & ~(low + (0x80 - '9' - 1) * each);
  uint64_t letter = (low + (0x80 - 'a') * each) & ~(low + (0x80 - 'f' - 1) * each);
  *digits = (decimal | letter) & ~word & top;
  *blanks = ~(other + 0x7f * each) & ~word & top;
}

/* Whether 16 bytes are blanks and then at least one hexadecimal digit. */
static bool is_address_column(const char *bytes) {
  const uint64_t top = 0x8080808080808080;
  uint64_t digits[2], blanks[2];
  classify(word_at(bytes), &digits[0], &blanks[0]);
  classify(word_at(bytes + 8), &digits[1], &blanks[1]);
  if ((digits[0] | blanks[0]) != top || (digits[1] | blanks[1]) != top || !(digits[1] >> 63)) return false;
  /* Before a blank stands a blank, or nothing. */
  return !(blanks[0] & ~(blanks[0] << 8 | 0x80)) && !(blanks[1] & ~(blanks[1] << 8 | blanks[0] >> 56));
}
#else
static bool is_address_column(const char *bytes) {
  (void)bytes;
  return false;
}
#endif

/* Behind the address of a line that is longer than NAME_COLUMN; NULL where there is none. */
static const char *behind_address(const char *bytes) {
  const char *at = bytes + 1;
  if (is_address_column(at)) return at + 16;
  while (*at == ' ') at++;
  const char *address = at;
  while (is_hexadecimal(*at)) at++;
  return at == address || at - address > 16 ? NULL : at;
}

/* Whether a line, which ends with its line end, is of that form, but for what MODULE holds. */
static bool split_named(const char *bytes, size_t length, struct named *named) {
  const char *end = bytes + length;
  if (length < NAME_COLUMN || *bytes != '\t' || end[-2] != ')') return false;
  const char *at = behind_address(bytes);
  if (!at || *at != ' ' || at[1] == ' ') return false;
  const char *name = at + 1, *open = memrchr(at, '(', (size_t)(end - at));
  if (!open || open[-1] != ' ') return false;
  const char *offset = open - 1;
  if (open - name == UNKNOWN_LENGTH + 1 && memcmp(name, unknown_name, UNKNOWN_LENGTH) == 0) {
    *named = (struct named){name, open, UNKNOWN_LENGTH, (size_t)(end - open)};
    return true;
  }
  while (is_hexadecimal(offset[-1])) offset--;
  if (offset == open - 1 || offset - name < 4 || memcmp(offset - 3, "+0x", 3) != 0) return false;
  *named = (struct named){name, open, (size_t)(offset - 3 - name), (size_t)(end - open)};
  return true;
}

static bool is_simple_module(const struct named *named) {
  for (size_t i = 1; i + 2 < named->module_length; i++)
    if (named->module[i] == ')' || named->module[i] == ' ' || named->module[i] == '\t') return false;
  return named->module_length > 3;
}

/* The slot of these parts, or the free one where they belong. */
static struct line **named_slot(const struct line_table *table, uint64_t hash, const struct named *named) {
  size_t mask = table->slot_count - 1, at = (size_t)hash & mask, length = named->name_length + named->module_length;
  for (; table->slots[at]; at = (at + 1) & mask) {
    const struct line *line = table->slots[at];
    if (line->hash == hash && line->length == length &&
        memcmp(line->bytes, named->name, named->name_length) == 0 &&
        memcmp(line->bytes + named->name_length, named->module, named->module_length) == 0)
      break;
  }
  return &table->slots[at];
}

/* Whether the address of a line hardly repeats: that of the instruction being executed, which the first line has, and
 * one in no module, which is no address of code. */
static bool is_fleeting(const char *bytes, size_t length, bool is_first) {
  static const char nowhere[] = "[unknown] ([unknown])\n";
  return is_first || (length == NAME_COLUMN + sizeof nowhere - 1 &&
                      memcmp(bytes + NAME_COLUMN, nowhere, sizeof nowhere - 1) == 0);
}

/* The line with the frame of this one, whose address and offset may be others; NULL where it is of another form. */
struct line *perf_named_line(struct perf_fold *fold, const char *bytes, size_t length, bool is_first) {
  struct named named;
  if (length > KEPT_LINE || fold->folding->addrs || !is_fleeting(bytes, length, is_first) ||
      !split_named(bytes, length, &named))
    return NULL;
  struct lines *lines = perf_lines_at_hand(fold);
  uint64_t hash = bytes_hash(named.name, named.name_length) * 3 + bytes_hash(named.module, named.module_length);
  struct line **slot = named_slot(&lines->named, hash, &named);
  if (*slot) return *slot;
  if (!is_simple_module(&named)) return NULL;
  /* Takes as many bytes as the parts have, of which the second must yet be put in its place. */
  struct line *line = perf_new_line(lines, named.name, named.name_length + named.module_length);
  memcpy(line->bytes + named.name_length, named.module, named.module_length);
  line->hash = hash;
  line->next[0] = line->next[1] = lines->blank;
  perf_parse_kept(fold, lines, line, bytes, length - 1);
  *slot = line;
  lines->named.count++;
  return line;
}

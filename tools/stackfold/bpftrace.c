/* Maps of bpftrace whose keys hold stacks, as it prints them when it ends, or with -f json:
 *
 *   @[
 *       finish_task_switch+147        a stack: a frame a line, indented, leaf first
 *       __schedule+980
 *   , python3.11, 1623]: 5            other keys, and the value
 *
 * A stack that could not be read is empty: `@[, ` and then the next key. The other keys become the frame above the
 * stacks, in one piece, since a command's name may hold ", " too. Of several maps one is folded, as of several events. */
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "format.h"
#include "json.h"
#include "report.h"
#include "row.h"

enum { PEEK_BYTES = 1 << 16, TEXT_KEY = -1 };

struct piece {
  size_t start, length; /* in pieces_text */
  int stack;            /* which stack of the entry it is a frame of, or TEXT_KEY */
};

/* What is known of the entry being read: keys and their value. */
struct maps {
  struct input *input;
  struct sums *sums;
  struct text wanted; /* the name of the map that is folded, without '@' */
  bool has_wanted;
  bool user_first; /* its keys have the stack of the kernel behind that of the program */

  struct text name; /* of the entry's map */
  struct text text; /* of all pieces */
  struct piece *pieces;
  size_t count, capacity;
  int stack;       /* the stack that the last frame belongs to */
  bool after_text; /* the last line was of other keys, so that the next frame begins a stack */
  bool text_goes_on;
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_name(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of "@NAME[", or 0. */
static size_t key_start(const char *line, size_t length) {
  size_t at = 1;
  if (length < 2 || line[0] != '@') return 0;
  while (at < length && is_name(line[at])) at++;
  return at < length && line[at] == '[' ? at + 1 : 0;
}

/* ---- the entry ---- */

static void start_entry(struct maps *maps, const char *name, size_t length) {
  text_clear(&maps->name);
  text_append(&maps->name, name, length);
  text_clear(&maps->text);
  maps->count = 0;
  maps->stack = 0;
  maps->after_text = true;
  maps->text_goes_on = false;
}

static void add_piece(struct maps *maps, const char *bytes, size_t length, int stack) {
  grow(&maps->pieces, &maps->capacity, maps->count + 1, sizeof *maps->pieces);
  maps->pieces[maps->count++] = (struct piece){.start = maps->text.length, .length = length, .stack = stack};
  text_append(&maps->text, bytes, length);
}

static void add_frame(struct maps *maps, const char *line, size_t length) {
  while (length > 0 && is_blank(*line)) line++, length--;
  if (maps->after_text) maps->stack++;
  maps->after_text = false;
  add_piece(maps, line, length, maps->stack);
}

/* Keys that are no stacks, without the separators around them. */
static void add_text(struct maps *maps, const char *text, size_t length) {
  while (length > 0 && *text == ',') {
    size_t step = length > 1 && text[1] == ' ' ? 2 : 1;
    text += step;
    length -= step;
  }
  while (length > 1 && text[length - 2] == ',' && text[length - 1] == ' ') length -= 2;
  if (length > 0 && text[length - 1] == ',') length--;
  maps->after_text = true;
  if (length > 0) add_piece(maps, text, length, TEXT_KEY);
}

/* How the outermost frame of a kernel's stack begins, on a thread that came from a program or belongs to the kernel. */
static bool is_kernel_entry(const char *frame, size_t length) {
  static const char *const starts[] = {"entry_SYSCALL_",   "asm_sysvec_",      "asm_exc_",    "asm_common_interrupt",
                                       "ret_from_fork",    "secondary_startup_", "el0t_64_",  "el0_svc",
                                       "do_syscall_64",    "0xffffffff",       "ret_fast_syscall"};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (row_starts_with(frame, length, starts[i])) return true;
  return false;
}

static bool ends_in_kernel(const struct maps *maps, int stack) {
  const struct piece *outermost = NULL;
  for (size_t i = 0; i < maps->count; i++)
    if (maps->pieces[i].stack == stack) outermost = &maps->pieces[i];
  return outermost && is_kernel_entry(maps->text.bytes + outermost->start, outermost->length);
}

static void hand_on(const struct maps *maps, size_t piece) {
  sums_frame(maps->sums, maps->text.bytes + maps->pieces[piece].start, maps->pieces[piece].length);
}

static void hand_on_stack(const struct maps *maps, int stack) {
  for (size_t i = maps->count; i-- > 0;)
    if (maps->pieces[i].stack == stack) hand_on(maps, i);
}

static bool is_wanted(const struct maps *maps) {
  return maps->has_wanted && maps->wanted.length == maps->name.length &&
         memcmp(maps->wanted.bytes, maps->name.bytes, maps->name.length) == 0;
}

static void want(struct maps *maps, const char *name, size_t length) {
  text_append(&maps->wanted, name, length);
  maps->has_wanted = true;
}

/* The values of other maps are of another kind, and are not added to those that came in. */
static void end_entry(struct maps *maps, uint64_t value) {
  if (!is_wanted(maps)) {
    sums_drop(maps->sums, DROP_OTHER_EVENT, 0);
    return;
  }
  if (maps->count == 0) {
    sums_drop(maps->sums, DROP_NO_FRAMES, value);
    return;
  }
  for (size_t i = 0; i < maps->count; i++)
    if (maps->pieces[i].stack == TEXT_KEY) hand_on(maps, i);
  if (maps->stack == 2 && ends_in_kernel(maps, 2) && !ends_in_kernel(maps, 1)) maps->user_first = true;
  if (maps->user_first)
    for (int stack = 1; stack <= maps->stack; stack++) hand_on_stack(maps, stack);
  else
    for (int stack = maps->stack; stack >= 1; stack--) hand_on_stack(maps, stack);
  sums_end(maps->sums, ROOT_FIRST, false, value);
}

/* A value that is no count. It matters only in the map that is folded. */
static void end_entry_without_count(struct maps *maps, const char *value, size_t length, const char *wrong) {
  if (!is_wanted(maps)) {
    sums_drop(maps->sums, DROP_OTHER_EVENT, 0);
    return;
  }
  const char *name = input_name(maps->input);
  size_t line = input_line_number(maps->input);
  if (length > 0 && value[0] == '-')
    fail_at(name, line, "the value %.*s of map @%s %s; a count is expected", length < 40 ? (int)length : 40, value,
            maps->name.bytes, wrong);
  fail_at(name, line, "map @%s holds histograms, statistics or stacks, which are no counts of stacks; fold a map of "
          "count() or sum(), or name one by --event-filter", maps->name.bytes);
}

/* ---- as text ---- */

/* Where the last "]: " stands, or NULL. */
static const char *end_of_keys(const char *text, size_t length) {
  for (size_t at = length >= 2 ? length - 1 : 0; at-- > 0;)
    if (text[at] == ']' && text[at + 1] == ':' && (at + 2 == length || text[at + 2] == ' ')) return text + at;
  return NULL;
}

static bool is_statistics(const char *value, size_t length) { return row_starts_with(value, length, "count "); }

/* A line (or the rest of one) that is no frame: other keys, and perhaps the value. Whether the entry ended. */
static bool take_text(struct maps *maps, const char *text, size_t length) {
  const char *keys_end = end_of_keys(text, length);
  uint64_t value = 0;
  const char *wrong = NULL;
  if (keys_end) {
    const char *number = keys_end + 2, *end = text + length;
    if (number < end) number++;
    size_t number_length = (size_t)(end - number);
    wrong = read_count(number, number_length, &value);
    bool has_value = !wrong || number_length == 0 || number[0] == '-' || is_statistics(number, number_length) ||
                     strcmp(wrong, "is past 64 bits") == 0;
    if (has_value) {
      add_text(maps, text, (size_t)(keys_end - text));
      if (wrong && strcmp(wrong, "is past 64 bits") == 0 && is_wanted(maps))
        fail_at(input_name(maps->input), input_line_number(maps->input), "the value %.40s %s", number, wrong);
      if (wrong) end_entry_without_count(maps, number, number_length, wrong);
      else end_entry(maps, value);
      return true;
    }
  }
  maps->text_goes_on = length > 0 && !(length >= 2 && text[length - 2] == ',' && text[length - 1] == ' ');
  add_text(maps, text, length);
  return false;
}

/* A line inside an entry; whether the entry ended. */
static bool take_line(struct maps *maps, const char *line, size_t length) {
  if (!maps->text_goes_on && length > 0 && is_blank(*line)) {
    add_frame(maps, line, length);
    return false;
  }
  bool goes_on = maps->text_goes_on || (length > 0 && (*line == ',' || *line == ']'));
  if (!goes_on)
    fail_at(input_name(maps->input), input_line_number(maps->input),
            "other output stands among the keys of map @%s; an indented frame, ',' or ']' is expected",
            maps->name.bytes);
  return take_text(maps, line, length);
}

static bool is_heading(const char *line, size_t length) {
  return row_starts_with(line, length, "Attaching ") || row_starts_with(line, length, "Attached ");
}

/* The map of the first stack among the bytes; of other keys where there is none. */
static void choose_map(struct maps *maps, const char *bytes, size_t length) {
  const char *keyed = NULL;
  size_t keyed_length = 0;
  for (const char *line = bytes, *end = bytes + length; line < end;) {
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) line_end = end;
    size_t start = key_start(line, (size_t)(line_end - line));
    if (start > 0 && !keyed) {
      keyed = line + 1;
      keyed_length = start - 2;
    }
    if (start > 0 && line_end + 1 < end && is_blank(line_end[1])) {
      want(maps, line + 1, start - 2);
      return;
    }
    line = line_end + 1;
  }
  if (keyed) want(maps, keyed, keyed_length);
}

static void parse_text(struct maps *maps) {
  char *line;
  size_t length;
  bool in_entry = false;
  while (input_line(maps->input, &line, &length)) {
    if (!input_line_ended(maps->input) && (in_entry || key_start(line, length) > 0)) {
      in_entry = true;
      break;
    }
    if (in_entry) {
      in_entry = !take_line(maps, line, length);
      continue;
    }
    size_t start = key_start(line, length);
    if (start == 0) {
      if (length > 0 && !is_heading(line, length)) maps->sums->other_lines++;
      continue;
    }
    start_entry(maps, line + 1, start - 2);
    if (!maps->has_wanted) want(maps, line + 1, start - 2);
    in_entry = !take_text(maps, line + start, length - start);
  }
  if (in_entry) sums_cut_off(maps->sums, maps->input, "a stack");
}

/* ---- as JSON: an object a line, {"type": "map", "data": {"@NAME": {"KEYS": VALUE, ...}}}
 *
 * The keys of such an object need not differ, since two stacks may read the same; a library would keep the last alone.
 * ---- */

/* The keys of an entry, in which frames stand in lines as in the text form. */
static void take_keys(struct maps *maps, const char *keys, size_t length) {
  const char *end = keys + length;
  for (const char *line = keys; line;) {
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    size_t line_length = (size_t)((line_end ? line_end : end) - line);
    if (line > keys && line_length > 0 && is_blank(*line)) add_frame(maps, line, line_length);
    else add_text(maps, line, line_length);
    line = line_end ? line_end + 1 : NULL;
  }
}

static void take_json_entry(struct maps *maps, struct json_cursor *cursor, const char *name, size_t name_length) {
  size_t keys_length, value_length;
  const char *keys = json_string(cursor, &keys_length);
  char *text;
  start_entry(maps, name, name_length);
  take_keys(maps, keys, keys_length);
  json_expect(cursor, ':', "':'");
  json_value(cursor, &text, &value_length);
  uint64_t value;
  const char *wrong = read_count(text, value_length, &value);
  if (wrong && is_wanted(maps) && strcmp(wrong, "is past 64 bits") == 0)
    fail_at(input_name(maps->input), input_line_number(maps->input), "a value of map @%s %s", maps->name.bytes, wrong);
  if (wrong) end_entry_without_count(maps, text, value_length, wrong);
  else end_entry(maps, value);
}

static void take_json_map(struct maps *maps, struct json_cursor *cursor) {
  size_t name_length;
  json_expect(cursor, '{', "a map in \"data\"");
  const char *name = json_string(cursor, &name_length);
  json_expect(cursor, ':', "':'");
  if (name_length > 0 && *name == '@') name++, name_length--;
  if (!json_next_is(cursor, '{')) { /* one value without a key */
    maps->sums->other_lines++;
    return;
  }
  /* The first map with stacks: a line end stands in none of its other keys. */
  bool has_stacks = memmem(cursor->at, (size_t)(cursor->end - cursor->at), "\\n", 2) != NULL;
  if (!maps->has_wanted && has_stacks) want(maps, name, name_length);
  if (!json_next_is(cursor, '}')) {
    do take_json_entry(maps, cursor, name, name_length);
    while (json_next_is(cursor, ','));
    json_expect(cursor, '}', "',' or '}'");
  }
  json_expect(cursor, '}', "'}'");
  json_expect(cursor, '}', "'}'");
}

static bool is_word(const char *bytes, size_t length, const char *word) {
  return strlen(word) == length && memcmp(bytes, word, length) == 0;
}

static void parse_json_line(struct maps *maps, char *line, size_t length) {
  struct json_cursor cursor = {
      .input = maps->input, .what = "is no line of bpftrace -f json", .at = line, .end = line + length};
  size_t key_length, type_length;
  json_expect(&cursor, '{', "an object");
  const char *key = json_string(&cursor, &key_length);
  if (!is_word(key, key_length, "type")) json_fail(&cursor, "\"type\"");
  json_expect(&cursor, ':', "':'");
  const char *type = json_string(&cursor, &type_length);
  bool is_map = is_word(type, type_length, "map") || is_word(type, type_length, "hist") ||
                is_word(type, type_length, "stats");
  if (!is_map) {
    if (!is_word(type, type_length, "attached_probes")) maps->sums->other_lines++;
    return;
  }
  json_expect(&cursor, ',', "','");
  key = json_string(&cursor, &key_length);
  if (!is_word(key, key_length, "data")) json_fail(&cursor, "\"data\"");
  json_expect(&cursor, ':', "':'");
  take_json_map(maps, &cursor);
}

static void parse_json(struct maps *maps) {
  char *line;
  size_t length;
  while (input_line(maps->input, &line, &length)) {
    if (!input_line_ended(maps->input)) {
      sums_cut_off(maps->sums, maps->input, "a map");
      return;
    }
    if (length > 0 && *line == '{') parse_json_line(maps, line, length);
    else if (length > 0) maps->sums->other_lines++;
  }
}

/* ---- */

static bool is_json(const char *bytes, size_t length) {
  return row_starts_with(bytes, length, "{\"type\": \"attached_probes\"") ||
         row_starts_with(bytes, length, "{\"type\": \"map\", \"data\": {\"@");
}

/* The opening of an entry with a frame below it; or any keys, below the line with which bpftrace begins. */
static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  if (is_json(bytes, length)) return true;
  bool has_heading = is_heading(bytes, length);
  for (const char *line = bytes, *end = bytes + length; line < end;) {
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    if (!line_end) return false;
    size_t line_length = (size_t)(line_end - line), start = key_start(line, line_length);
    bool opens = start > 0 && (start == line_length || (line[line_length - 1] == ' ' && line[line_length - 2] == ','));
    if (opens && line_end + 1 < end && is_blank(line_end[1])) return true;
    if (start > 0 && has_heading) return true;
    line = line_end + 1;
  }
  return false;
}

static void parse(struct input *input, struct sums *sums) {
  struct maps maps = {.input = input, .sums = sums};
  const char *bytes;
  size_t length = input_peek(input, &bytes, PEEK_BYTES);
  bool as_json = length > 0 && *bytes == '{';
  const char *event = sums->folding->event;
  if (event) want(&maps, event + (*event == '@'), strlen(event + (*event == '@')));
  else if (!as_json) choose_map(&maps, bytes, length);
  if (as_json) parse_json(&maps);
  else parse_text(&maps);
  text_free(&maps.wanted);
  text_free(&maps.name);
  text_free(&maps.text);
  free(maps.pieces);
}

FORMAT(bpftrace,
    .name = "bpftrace",
    .description = "maps of bpftrace with stacks among their keys: @[kstack, ustack, comm]: COUNT, or -f json",
    .recognize = recognize,
    .parse = parse);

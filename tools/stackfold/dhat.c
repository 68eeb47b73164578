/* Profiles of DHAT, version 2: JSON, as `valgrind --tool=dhat` and Rust's dhat write it.
 *
 * One object. Its list "pps" holds the program points: objects with numbers and, as "fs", the indices of their frames
 * in the list "ftbl" of texts, which stands behind it. json-c reads the members of the lists one by one, so that no tree
 * of the whole file is ever built. */
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "report.h"
#include "row.h"

enum { FILE_VERSION = 2 };

/* What a program point calls a value, and the flag of the file that says whether it is there. */
static const struct value {
  const char *name, *key, *flag;
} known_values[] = {
    {"total_bytes", "tb", NULL}, {"total_blocks", "tbk", NULL}, {"at_peak", "gb", "bklt"},
    {"at_end", "eb", "bklt"},    {"reads", "rb", "bkacc"},      {"writes", "wb", "bkacc"},
};

/* The frames of a program point, and its value. */
struct point {
  uint64_t value;
  size_t first_index, index_count; /* in indices */
};

struct dhat {
  struct input *input;
  struct sums *sums;
  const char *start, *next, *end; /* the file; what is before next is read */
  struct json_tokener *tokener;
  const struct value *value;
  struct point *points;
  size_t point_count, point_capacity;
  uint64_t *indices;
  size_t index_count, index_capacity;
  struct text names; /* of the frames, one after another */
  size_t *name_ends;
  size_t name_count, name_capacity;
  bool has_version, cut_off;
};

static _Noreturn void fail_here(const struct dhat *dhat, const char *expected) {
  fail_at(input_name(dhat->input), 0, "byte %zu: %s is expected", (size_t)(dhat->next - dhat->start), expected);
}

/* ---- the file as far as the members of its lists; where something returns false, the file was cut off ---- */

static bool skip_blanks(struct dhat *dhat) {
  while (dhat->next < dhat->end && strchr(" \t\r\n", *dhat->next) && *dhat->next) dhat->next++;
  return dhat->next < dhat->end;
}

static bool read_mark(struct dhat *dhat, char mark) {
  if (!skip_blanks(dhat)) return false;
  char expected[] = {'\'', mark, '\'', '\0'};
  if (*dhat->next != mark) fail_here(dhat, expected);
  dhat->next++;
  return true;
}

/* Behind a member: whether another follows (`,`) or the list or object ends. */
static bool read_end(struct dhat *dhat, char end_mark, bool *ended) {
  if (!skip_blanks(dhat)) return false;
  *ended = *dhat->next == end_mark;
  if (!*ended && *dhat->next != ',') fail_here(dhat, "',' or the end of the list");
  dhat->next++;
  return true;
}

/* The next value; NULL is JSON's null. The caller puts it. */
static bool read_value(struct dhat *dhat, struct json_object **value) {
  if (!skip_blanks(dhat)) return false;
  size_t left = (size_t)(dhat->end - dhat->next);
  json_tokener_reset(dhat->tokener);
  *value = json_tokener_parse_ex(dhat->tokener, dhat->next, left < INT_MAX ? (int)left : INT_MAX);
  size_t used = json_tokener_get_parse_end(dhat->tokener);
  enum json_tokener_error error = json_tokener_get_error(dhat->tokener);
  if (error == json_tokener_continue && used >= left) return false;
  if (error != json_tokener_success)
    fail_at(input_name(dhat->input), 0, "byte %zu: is no JSON: %s", (size_t)(dhat->next - dhat->start) + used,
            json_tokener_error_desc(error));
  dhat->next += used;
  return true;
}

/* Calls take with each member of a list. */
static bool read_list(struct dhat *dhat, void (*take_member)(struct dhat *dhat, struct json_object *member)) {
  if (!read_mark(dhat, '[') || !skip_blanks(dhat)) return false;
  bool ended = *dhat->next == ']';
  if (ended) dhat->next++;
  while (!ended) {
    struct json_object *member;
    if (!read_value(dhat, &member)) return false;
    take_member(dhat, member);
    json_object_put(member);
    if (!read_end(dhat, ']', &ended)) return false;
  }
  return true;
}

/* ---- what is in it ---- */

/* A number from 0 to 2^64 - 2: json-c puts 2^64 - 1 for all that is greater. */
static uint64_t number_of(const struct dhat *dhat, struct json_object *number, const char *what) {
  uint64_t count = json_object_is_type(number, json_type_int) ? json_object_get_uint64(number) : UINT64_MAX;
  bool negative = json_object_is_type(number, json_type_int) && json_object_get_int64(number) < 0;
  if (negative || count == UINT64_MAX)
    fail_at(input_name(dhat->input), 0, "before byte %zu: '%s' is no number from 0 to 2^64 - 2",
            (size_t)(dhat->next - dhat->start), what);
  return count;
}

static void add_point(struct dhat *dhat, struct json_object *member) {
  struct json_object *value, *frames;
  if (!json_object_is_type(member, json_type_object)) fail_here(dhat, "a program point before this, an object,");
  if (!json_object_object_get_ex(member, dhat->value->key, &value)) {
    if (dhat->value->flag)
      fail_at(input_name(dhat->input), 0, "has no value '%s': it was recorded without (its \"%s\" is false)",
              dhat->value->name, dhat->value->flag);
    fail_at(input_name(dhat->input), 0, "before byte %zu: a program point has no '%s'",
            (size_t)(dhat->next - dhat->start), dhat->value->key);
  }
  if (!json_object_object_get_ex(member, "fs", &frames) || !json_object_is_type(frames, json_type_array))
    fail_at(input_name(dhat->input), 0, "before byte %zu: a program point has no list 'fs'",
            (size_t)(dhat->next - dhat->start));
  size_t count = json_object_array_length(frames);
  grow(&dhat->points, &dhat->point_capacity, dhat->point_count + 1, sizeof *dhat->points);
  dhat->points[dhat->point_count++] = (struct point){
      .value = number_of(dhat, value, dhat->value->key), .first_index = dhat->index_count, .index_count = count};
  grow(&dhat->indices, &dhat->index_capacity, sum_of(dhat->index_count, count), sizeof *dhat->indices);
  for (size_t i = 0; i < count; i++)
    dhat->indices[dhat->index_count++] = number_of(dhat, json_object_array_get_idx(frames, i), "fs");
}

/* "0xADDRESS: " in front of a frame: its length, or 0. */
static size_t address_before(const char *frame, size_t length, uint64_t *address) {
  struct row row = row_of(frame, length);
  if (!row_starts_with(frame, length, "0x") || !row_address(&row, address)) return 0;
  return row_starts_with(row.at, (size_t)(row.end - row.at), ": ") ? (size_t)(row.at + 2 - frame) : 0;
}

static bool all_digits(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i] < '0' || bytes[i] > '9') return false;
  return length > 0;
}

/* Whether this is FILE:LINE or, from Rust, FILE:LINE:COLUMN. */
static bool is_line(const char *place, size_t length) {
  const char *colon = memrchr(place, ':', length);
  return colon && all_digits(colon + 1, (size_t)(place + length - colon - 1));
}

/* NAME (in MODULE), NAME (FILE:LINE) or NAME: the length of NAME. *has_line says whether it is the second. A name may
 * hold parentheses of its own. */
static size_t name_before(const char *frame, size_t length, bool *has_line) {
  *has_line = false;
  if (length == 0 || frame[length - 1] != ')') return length;
  const char *last = NULL;
  for (const char *from = frame, *end = frame + length, *in; (in = memmem(from, (size_t)(end - from), " (in ", 5));
       from = in + 1)
    last = in;
  if (last) return (size_t)(last - frame);
  size_t at = length, open = 0; /* back to the parenthesis that the last one closes */
  do {
    at--;
    if (frame[at] == ')') open++;
    if (frame[at] == '(') open--;
  } while (at > 0 && open > 0);
  *has_line = at > 1 && frame[at - 1] == ' ' && is_line(frame + at + 1, length - at - 2);
  return *has_line ? at - 1 : length;
}

static void add_name(struct dhat *dhat, struct json_object *member) {
  if (!json_object_is_type(member, json_type_string)) fail_here(dhat, "a frame before this, a text,");
  const char *frame = json_object_get_string(member);
  size_t length = (size_t)json_object_get_string_len(member);
  uint64_t address = 0;
  size_t before = address_before(frame, length, &address);
  bool has_line;
  size_t name = name_before(frame + before, length - before, &has_line);
  if (before > 0 && name == 3 && memcmp(frame + before, "???", 3) == 0)
    address_space_append_frame(&(struct address_space){0}, &dhat->sums->modules, address, &dhat->names);
  else
    text_append(&dhat->names, frame + before, has_line && dhat->sums->folding->context ? length - before : name);
  grow(&dhat->name_ends, &dhat->name_capacity, dhat->name_count + 1, sizeof *dhat->name_ends);
  dhat->name_ends[dhat->name_count++] = dhat->names.length;
}

static void check_version(struct dhat *dhat, struct json_object *version) {
  uint64_t number = number_of(dhat, version, "dhatFileVersion");
  if (number != FILE_VERSION)
    fail_at(input_name(dhat->input), 0, "is of version %" PRIu64 " of DHAT's format; %d is read", number, FILE_VERSION);
  dhat->has_version = true;
}

/* KEY: VALUE. */
static bool read_member(struct dhat *dhat) {
  struct json_object *key, *value;
  if (!read_value(dhat, &key)) return false;
  if (!json_object_is_type(key, json_type_string)) fail_here(dhat, "the name of a member before this");
  struct text name = {0};
  text_append_string(&name, json_object_get_string(key));
  json_object_put(key);
  bool whole = read_mark(dhat, ':');
  if (whole && strcmp(name.bytes, "pps") == 0) {
    whole = read_list(dhat, add_point);
  } else if (whole && strcmp(name.bytes, "ftbl") == 0) {
    whole = read_list(dhat, add_name);
  } else if (whole && (whole = read_value(dhat, &value))) {
    if (strcmp(name.bytes, "dhatFileVersion") == 0) check_version(dhat, value);
    json_object_put(value);
  }
  text_free(&name);
  return whole;
}

static bool read_file(struct dhat *dhat) {
  if (!read_mark(dhat, '{')) return false;
  for (bool ended = false; !ended;)
    if (!read_member(dhat) || !read_end(dhat, '}', &ended)) return false;
  if (skip_blanks(dhat)) fail_here(dhat, "the end of the file");
  return true;
}

/* ---- stacks ---- */

/* false where a cut-off file does not hold the frame. */
static bool add_frame(const struct dhat *dhat, uint64_t index) {
  if (index < dhat->name_count) {
    size_t start = index > 0 ? dhat->name_ends[index - 1] : 0;
    sums_frame(dhat->sums, dhat->names.bytes + start, dhat->name_ends[index] - start);
    return true;
  }
  if (!dhat->cut_off)
    fail_at(input_name(dhat->input), 0, "refers to frame %" PRIu64 "; it has %zu", index, dhat->name_count);
  return false;
}

static void add_stacks(const struct dhat *dhat) {
  for (size_t i = 0; i < dhat->point_count; i++) {
    const struct point *point = &dhat->points[i];
    bool whole = true;
    for (size_t frame = 0; whole && frame < point->index_count; frame++)
      whole = add_frame(dhat, dhat->indices[point->first_index + frame]);
    if (!whole) sums_drop(dhat->sums, DROP_CUT_OFF, point->value);
    else if (point->value == 0) sums_drop(dhat->sums, DROP_NO_VALUE, 0);
    else if (point->index_count == 0) sums_drop(dhat->sums, DROP_NO_FRAMES, point->value);
    else sums_end(dhat->sums, LEAF_FIRST, false, point->value);
  }
}

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  static const char key[] = "\"dhatFileVersion\"";
  size_t at = 0;
  if (length == 0 || bytes[at++] != '{') return false;
  while (at < length && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r' || bytes[at] == '\n')) at++;
  return length - at >= sizeof key - 1 && memcmp(bytes + at, key, sizeof key - 1) == 0;
}

static void free_dhat(struct dhat *dhat) {
  json_tokener_free(dhat->tokener);
  free(dhat->points);
  free(dhat->indices);
  free(dhat->name_ends);
  text_free(&dhat->names);
}

static void parse(struct input *input, struct sums *sums) {
  struct dhat dhat = {.input = input, .sums = sums, .value = known_values, .tokener = json_tokener_new()};
  if (!dhat.tokener) fail("out of memory (json-c)");
  while (strcmp(dhat.value->name, sums->value) != 0) dhat.value++;
  size_t length = input_peek(input, &dhat.start, SIZE_MAX);
  dhat.next = dhat.start;
  dhat.end = dhat.start + length;
  dhat.cut_off = !read_file(&dhat);
  if (!dhat.cut_off && !dhat.has_version) fail_at(input_name(input), 0, "has no 'dhatFileVersion' as DHAT's files have");
  add_stacks(&dhat);
  if (dhat.cut_off) sums_cut_off_at(sums, input, "its JSON", length);
  free_dhat(&dhat);
}

static const char *const values[] = {"total_bytes", "total_blocks", "at_peak", "at_end", "reads", "writes", NULL};

FORMAT(dhat,
    .name = "dhat",
    .description = "a profile of DHAT, of valgrind or Rust (JSON of version 2)",
    .values = values,
    .recognize = recognize,
    .parse = parse);

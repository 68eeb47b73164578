/* Profiles of pprof: the message Profile of profile.proto (github.com/google/pprof), as Go, gperftools and many others
 * write it.
 *
 * Samples may stand before what they refer to, and the strings stand last as a rule. So the profile is held whole, and
 * its fields are stepped through twice: for the tables, then for the samples, which are unpacked one by one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"
#include "format.h"
#include "pprof_fields.h"
#include "report.h"
#include "lib/profile.pb-c.h"

/* Fields of Profile. */
enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, DEFAULT_SAMPLE_TYPE = 14 };

/* Whether fields of this number hold messages or strings. All others are numbers, or lists of them. */
static bool is_message(uint64_t number) { return (number >= SAMPLE_TYPE && number <= STRING) || number == 11; }

/* The fields of a Profile, with a sample type (which begins with a tag that no text holds) among those looked at. */
static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  const uint8_t *start = (const uint8_t *)bytes;
  struct fields fields = {.next = start, .end = start + length};
  struct field field;
  bool has_sample_type = false;
  enum step step;
  while ((step = next_field(&fields, &field)) == STEP_FIELD) {
    if (field.number > 15) return false;
    bool wire_fits = is_message(field.number) ? field.wire == BYTES
                                              : field.wire == VARINT || (field.wire == BYTES && field.number == 13);
    if (!wire_fits) return false;
    if (field.number != SAMPLE_TYPE || field.length == 0) continue;
    if (field.bytes[0] != 0x08 && field.bytes[0] != 0x10) return false;
    has_sample_type = true;
  }
  return has_sample_type && step != STEP_MALFORMED;
}

/* ---- the tables ---- */

struct string {
  const char *bytes;
  size_t length;
};

struct mapping_entry {
  uint64_t id, start, offset;
  int64_t filename, build_id;
  size_t module; /* where filename is not empty */
};

struct function_entry {
  uint64_t id;
  int64_t name, system_name, filename;
};

struct location_entry {
  uint64_t id, mapping_id, address;
  size_t first_line, line_count; /* in the lines of all locations */
};

struct line {
  uint64_t function_id;
  int64_t number;
};

struct value_type {
  int64_t type, unit;
};

struct profile {
  struct input *input;
  struct sums *sums;
  const uint8_t *bytes; /* all of it */
  size_t length;
  bool cut_off;
  struct arena scratch; /* of the message being unpacked */
  ProtobufCAllocator allocator;

  struct string *strings;
  size_t string_count, string_capacity;
  struct value_type *types;
  size_t type_count, type_capacity;
  struct mapping_entry *mappings;
  size_t mapping_count, mapping_capacity;
  struct function_entry *functions;
  size_t function_count, function_capacity;
  struct location_entry *locations;
  size_t location_count, location_capacity;
  struct line *lines;
  size_t line_count, line_capacity;
  int64_t default_type;
  size_t value; /* the index in a sample's values of the one that is wanted */
  struct arena names;   /* the strings, as they can stand in a frame */
  struct text stack;    /* of the present sample: frames joined by ';', the root first */
};

#define fail_in(profile, at, ...) fail_in_profile(profile, (size_t)((at) - (profile)->bytes), __VA_ARGS__)

static _Noreturn void fail_in_profile(const struct profile *profile, size_t byte, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail_in_profile(const struct profile *profile, size_t byte, const char *format, ...) {
  char *what;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&what, format, arguments) < 0) fail("out of memory");
  va_end(arguments);
  fail_at(input_name(profile->input), 0, "byte %zu: %s", byte, what);
}

static void *take_scratch(void *profile, size_t size) { return arena_take(&((struct profile *)profile)->scratch, size); }

static void keep_scratch(void *profile, void *memory) {
  (void)profile;
  (void)memory;
}

/* The message of this field; it lives until the next is unpacked. */
static void *unpack(struct profile *profile, const ProtobufCMessageDescriptor *descriptor, const struct field *field) {
  arena_free(&profile->scratch);
  void *message = NULL;
  if (field->wire == BYTES)
    message = protobuf_c_message_unpack(descriptor, &profile->allocator, field->length, field->bytes);
  if (!message) fail_in(profile, field->bytes, "is no message %s of pprof", descriptor->short_name);
  return message;
}

/* The string of this index; NULL where a cut-off profile does not hold it. */
static const struct string *string_of(const struct profile *profile, int64_t index) {
  if (index >= 0 && (uint64_t)index < profile->string_count) return &profile->strings[index];
  if (profile->cut_off && index >= 0) return NULL;
  fail_at(input_name(profile->input), 0, "refers to string %" PRId64 "; it has %zu, unless it was cut off", index,
          profile->string_count);
}

static bool is_empty(const struct profile *profile, int64_t index) {
  const struct string *string = string_of(profile, index);
  return !string || string->length == 0;
}

static void add_mapping(struct profile *profile, const Pprof__Mapping *mapping) {
  grow(&profile->mappings, &profile->mapping_capacity, profile->mapping_count + 1, sizeof *profile->mappings);
  profile->mappings[profile->mapping_count++] = (struct mapping_entry){
      .id = mapping->id,
      .start = mapping->memory_start,
      .offset = mapping->file_offset,
      .filename = mapping->filename,
      .build_id = mapping->build_id,
  };
}

static void add_function(struct profile *profile, const Pprof__Function *function) {
  grow(&profile->functions, &profile->function_capacity, profile->function_count + 1, sizeof *profile->functions);
  profile->functions[profile->function_count++] =
      (struct function_entry){.id = function->id, .name = function->name, .system_name = function->system_name,
                              .filename = function->filename};
}

static void add_location(struct profile *profile, const Pprof__Location *location) {
  grow(&profile->locations, &profile->location_capacity, profile->location_count + 1, sizeof *profile->locations);
  profile->locations[profile->location_count++] = (struct location_entry){
      .id = location->id,
      .mapping_id = location->mapping_id,
      .address = location->address,
      .first_line = profile->line_count,
      .line_count = location->n_line,
  };
  grow(&profile->lines, &profile->line_capacity, sum_of(profile->line_count, location->n_line), sizeof *profile->lines);
  for (size_t i = 0; i < location->n_line; i++)
    profile->lines[profile->line_count++] =
        (struct line){.function_id = location->line[i]->function_id, .number = location->line[i]->line};
}

static void add_type(struct profile *profile, const Pprof__ValueType *type) {
  grow(&profile->types, &profile->type_capacity, profile->type_count + 1, sizeof *profile->types);
  profile->types[profile->type_count++] = (struct value_type){.type = type->type, .unit = type->unit};
}

static void add_string(struct profile *profile, const struct field *field) {
  if (field->wire != BYTES) fail_in(profile, field->bytes, "is no string of pprof");
  if (profile->string_count == 0 && field->length > 0)
    fail_in(profile, field->bytes, "the first string is not empty, as that of pprof is");
  grow(&profile->strings, &profile->string_capacity, profile->string_count + 1, sizeof *profile->strings);
  profile->strings[profile->string_count++] =
      (struct string){.bytes = (const char *)field->bytes, .length = field->length};
}

static void read_tables(struct profile *profile) {
  struct fields fields = {.next = profile->bytes, .end = profile->bytes + profile->length};
  struct field field;
  enum step step;
  while ((step = next_field(&fields, &field)) == STEP_FIELD) {
    switch (field.number) {
      case SAMPLE_TYPE: add_type(profile, unpack(profile, &pprof__value_type__descriptor, &field)); break;
      case MAPPING: add_mapping(profile, unpack(profile, &pprof__mapping__descriptor, &field)); break;
      case LOCATION: add_location(profile, unpack(profile, &pprof__location__descriptor, &field)); break;
      case FUNCTION: add_function(profile, unpack(profile, &pprof__function__descriptor, &field)); break;
      case STRING: add_string(profile, &field); break;
      case DEFAULT_SAMPLE_TYPE:
        if (field.wire == VARINT) profile->default_type = (int64_t)field.value;
        break;
    }
  }
  if (step == STEP_MALFORMED) fail_in(profile, fields.next, "no field of a message begins here");
  profile->cut_off = step == STEP_CUT_OFF || input_was_cut(profile->input);
  profile->length = (size_t)(fields.next - profile->bytes);
}

/* All tables begin with the id, and are in its order once they are sorted. */
static int compare_ids(const void *a, const void *b) {
  uint64_t left, right;
  memcpy(&left, a, sizeof left);
  memcpy(&right, b, sizeof right);
  return left < right ? -1 : left > right;
}

static uint64_t id_at(const void *table, size_t size, size_t index) {
  uint64_t id;
  memcpy(&id, (const char *)table + index * size, sizeof id);
  return id;
}

static void sort_table(const struct profile *profile, void *table, size_t count, size_t size, const char *what) {
  if (count == 0) return;
  qsort(table, count, size, compare_ids);
  if (id_at(table, size, 0) == 0)
    fail_at(input_name(profile->input), 0, "a %s has the id 0, which stands for none", what);
  for (size_t i = 1; i < count; i++)
    if (id_at(table, size, i) == id_at(table, size, i - 1))
      fail_at(input_name(profile->input), 0, "two %ss have the id %" PRIu64, what, id_at(table, size, i));
}

/* The entry of this id; NULL where a cut-off profile does not hold it. Most profiles number from 1. */
static const void *entry_of(const struct profile *profile, const void *table, size_t count, size_t size, uint64_t id,
                            const char *what) {
  if (id - 1 < count && id_at(table, size, (size_t)(id - 1)) == id) return (const char *)table + (size_t)(id - 1) * size;
  const void *entry = count > 0 ? bsearch(&id, table, count, size, compare_ids) : NULL;
  if (!entry && !profile->cut_off)
    fail_at(input_name(profile->input), 0, "refers to %s %" PRIu64 ", which it does not have, unless it was cut off",
            what, id);
  return entry;
}

/* Lower-case hexadecimal digits of a build id; the empty text where it is none, since some write a word there. */
static char *build_id_of(const struct profile *profile, int64_t index) {
  const struct string *string = string_of(profile, index);
  char *build_id = take_copy_of(string ? string->bytes : "", string ? string->length : 0);
  for (char *c = build_id; *c; c++) {
    if (*c >= 'A' && *c <= 'F') *c = (char)(*c - 'A' + 'a');
    if (!strchr("0123456789abcdef", *c)) *build_id = '\0';
  }
  return build_id;
}

static void add_modules(struct profile *profile) {
  for (size_t i = 0; i < profile->mapping_count; i++) {
    struct mapping_entry *mapping = &profile->mappings[i];
    if (is_empty(profile, mapping->filename)) continue;
    const struct string *path = string_of(profile, mapping->filename);
    char *build_id = build_id_of(profile, mapping->build_id);
    mapping->module = modules_add(&profile->sums->modules, path->bytes, path->length, build_id);
    free(build_id);
  }
}

static const struct function_entry *function_of(const struct profile *profile, uint64_t id) {
  return entry_of(profile, profile->functions, profile->function_count, sizeof *profile->functions, id, "function");
}

/* Whatever refers to strings and functions refers to those that are there, and so it does with nothing to be read. */
static void check_tables(const struct profile *profile) {
  for (size_t i = 0; i < profile->function_count; i++) {
    string_of(profile, profile->functions[i].name);
    string_of(profile, profile->functions[i].system_name);
    string_of(profile, profile->functions[i].filename);
  }
  for (size_t i = 0; i < profile->line_count; i++)
    if (profile->lines[i].function_id != 0) function_of(profile, profile->lines[i].function_id);
}

static void prepare_tables(struct profile *profile) {
  sort_table(profile, profile->mappings, profile->mapping_count, sizeof *profile->mappings, "mapping");
  sort_table(profile, profile->functions, profile->function_count, sizeof *profile->functions, "function");
  sort_table(profile, profile->locations, profile->location_count, sizeof *profile->locations, "location");
  check_tables(profile);
  add_modules(profile);
}

/* ---- which value ---- */

static bool is_type(const struct profile *profile, size_t type, const char *name, size_t length) {
  const struct string *string = string_of(profile, profile->types[type].type);
  return string && string->length == length && memcmp(string->bytes, name, length) == 0;
}

static _Noreturn void fail_value(const struct profile *profile) {
  struct text names = {0};
  for (size_t i = 0; i < profile->type_count; i++) {
    const struct string *name = string_of(profile, profile->types[i].type);
    if (i > 0) text_append_string(&names, ", ");
    if (name) text_append(&names, name->bytes, name->length);
  }
  fail_at(input_name(profile->input), 0, "has no value '%s'; its values are %s", profile->sums->value, names.bytes);
}

/* pprof's own default is the last value, where the profile names no other. */
static size_t default_value(const struct profile *profile) {
  const struct string *name = string_of(profile, profile->default_type);
  for (size_t i = 0; name && name->length > 0 && i < profile->type_count; i++)
    if (is_type(profile, i, name->bytes, name->length)) return i;
  return profile->type_count - 1;
}

/* Bytes, nanoseconds and counts are what these values are in everywhere. Any other unit is a part of the name, so that
 * no two units are added. */
static void name_value(struct profile *profile, const struct value_type *type) {
  const struct string *name = string_of(profile, type->type), *unit = string_of(profile, type->unit);
  if (!name || !unit)
    fail_at(input_name(profile->input), 0, "was cut off before the names of its values; nothing of it can be used");
  struct text words = {0};
  text_append(&words, name->bytes, name->length);
  static const char *const usual[] = {"", "count", "bytes", "nanoseconds"};
  bool is_usual = false;
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    is_usual |= unit->length == strlen(usual[i]) && memcmp(unit->bytes, usual[i], unit->length) == 0;
  if (!is_usual) {
    text_append_string(&words, " in ");
    text_append(&words, unit->bytes, unit->length);
  }
  sums_name_value(profile->sums, words.bytes, words.length);
  text_free(&words);
}

static void choose_value(struct profile *profile) {
  if (profile->type_count == 0) fail_at(input_name(profile->input), 0, "says of no value what it counts");
  const char *wanted = profile->sums->value;
  if (wanted) {
    while (profile->value < profile->type_count && !is_type(profile, profile->value, wanted, strlen(wanted)))
      profile->value++;
    if (profile->value == profile->type_count) fail_value(profile);
  } else {
    profile->value = default_value(profile);
  }
  name_value(profile, &profile->types[profile->value]);
}

/* ---- the samples ---- */

/* From here on strings stand in frames. Each is cleaned once, and not once for each frame. */
static void clean_strings(struct profile *profile) {
  for (size_t i = 0; i < profile->string_count; i++) {
    struct string *string = &profile->strings[i];
    char *own = arena_copy(&profile->names, string->bytes, string->length);
    replace_controls(own, string->length);
    for (char *at = own; (at = memchr(at, ';', string->length - (size_t)(at - own)));) *at = ':';
    string->bytes = own;
  }
}

static void start_frame(struct profile *profile) {
  if (profile->stack.length > 0) text_append_char(&profile->stack, ';');
}

/* A frame without the name of a function. */
static void add_address(struct profile *profile, const struct location_entry *location) {
  const struct mapping_entry *mapping = NULL;
  if (location->mapping_id != 0)
    mapping = entry_of(profile, profile->mappings, profile->mapping_count, sizeof *mapping, location->mapping_id,
                       "mapping");
  start_frame(profile);
  if (mapping && !is_empty(profile, mapping->filename) && location->address >= mapping->start)
    modules_append_frame(&profile->sums->modules, mapping->module,
                         location->address - mapping->start + mapping->offset, &profile->stack);
  else
    address_space_append_frame(&(struct address_space){0}, NULL, location->address, &profile->stack);
}

/* A frame NAME, or NAME (FILE:LINE) where that was asked for. */
static void add_name(struct profile *profile, const struct string *name, int64_t filename, int64_t number) {
  const struct string *file = profile->sums->folding->context ? string_of(profile, filename) : NULL;
  start_frame(profile);
  text_append(&profile->stack, name->bytes, name->length);
  if (!file || file->length == 0 || number <= 0) return;
  text_append(&profile->stack, " (", 2);
  text_append(&profile->stack, file->bytes, file->length);
  char line[24];
  snprintf(line, sizeof line, ":%" PRId64 ")", number);
  text_append_string(&profile->stack, line);
}

/* false where a cut-off profile does not hold what the frame is called. */
static bool add_line(struct profile *profile, const struct location_entry *location, const struct line *line) {
  const struct function_entry *function = NULL;
  const struct string *name = NULL;
  if (line->function_id != 0) {
    function = function_of(profile, line->function_id);
    if (!function || !(name = string_of(profile, function->name))) return false;
    if (name->length == 0 && !(name = string_of(profile, function->system_name))) return false;
  }
  if (name && name->length > 0) add_name(profile, name, function->filename, line->number);
  else add_address(profile, location);
  return true;
}

static bool add_frames(struct profile *profile, uint64_t location_id) {
  const struct location_entry *location = entry_of(profile, profile->locations, profile->location_count,
                                                   sizeof *location, location_id, "location");
  if (!location) return false;
  for (size_t i = location->line_count; i > 0; i--)
    if (!add_line(profile, location, &profile->lines[location->first_line + i - 1])) return false;
  if (location->line_count == 0) add_address(profile, location);
  return true;
}

static void add_sample(struct profile *profile, const struct field *field) {
  const Pprof__Sample *sample = unpack(profile, &pprof__sample__descriptor, field);
  if (sample->n_value != profile->type_count)
    fail_in(profile, field->bytes, "a sample has %zu values; %zu are expected", sample->n_value, profile->type_count);
  int64_t value = sample->value[profile->value];
  if (value < 0)
    fail_in(profile, field->bytes,
            "the value %" PRId64 " is negative, as in a difference of profiles; fold each of the two instead", value);
  bool whole = true;
  text_clear(&profile->stack);
  for (size_t i = sample->n_location_id; whole && i > 0; i--) whole = add_frames(profile, sample->location_id[i - 1]);
  if (!whole) sums_drop(profile->sums, DROP_CUT_OFF, (uint64_t)value);
  else if (value == 0) sums_drop(profile->sums, DROP_NO_VALUE, 0);
  else if (sample->n_location_id == 0) sums_drop(profile->sums, DROP_NO_FRAMES, (uint64_t)value);
  else sums_add_joined(profile->sums, profile->stack.bytes, profile->stack.length, (uint64_t)value);
}

static void read_samples(struct profile *profile) {
  struct fields fields = {.next = profile->bytes, .end = profile->bytes + profile->length};
  struct field field;
  while (next_field(&fields, &field) == STEP_FIELD)
    if (field.number == SAMPLE) add_sample(profile, &field);
}

static void report_cut(const struct profile *profile) {
  sums_cut_off_at(profile->sums, profile->input, "a message", profile->length);
}

static void free_profile(struct profile *profile) {
  free(profile->strings);
  free(profile->types);
  free(profile->mappings);
  free(profile->functions);
  free(profile->locations);
  free(profile->lines);
  text_free(&profile->stack);
  arena_free(&profile->names);
  arena_free(&profile->scratch);
}

static void parse(struct input *input, struct sums *sums) {
  struct profile profile = {.input = input, .sums = sums};
  profile.allocator = (ProtobufCAllocator){.alloc = take_scratch, .free = keep_scratch, .allocator_data = &profile};
  const char *bytes;
  profile.length = input_peek(input, &bytes, SIZE_MAX);
  profile.bytes = (const uint8_t *)bytes;
  if (profile.length == 0) return;
  read_tables(&profile);
  prepare_tables(&profile);
  choose_value(&profile);
  clean_strings(&profile);
  read_samples(&profile);
  if (profile.cut_off) report_cut(&profile);
  free_profile(&profile);
}

FORMAT(pprof,
    .name = "pprof",
    .description = "a profile of pprof (protobuf), as Go and others write it; --value names one of its own values",
    .any_value = true,
    .binary = true,
    .recognize = recognize,
    .parse = parse);

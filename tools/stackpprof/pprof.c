/* Writing the message Profile of pprof, packed by gzip without a time, so that equal input gives equal bytes. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/profile.pb-c.h"
#include "memory.h"
#include "profile.h"
#include "report.h"

/* Fields of Profile. */
enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, DEFAULT_SAMPLE_TYPE = 14 };
enum { WIRE_VARINT = 0, WIRE_BYTES = 2, PAGE = 4096 };

/* Frames that are one place in the code: a function, and those inlined into it. */
struct location {
  size_t first_line, line_count; /* the innermost first */
  struct frame place;            /* the frame that says where */
};

struct line {
  uint64_t function;
  uint64_t number;
};

struct function {
  size_t name, file; /* strings */
};

/* The offsets of a module that are used, and where they come to lie. */
struct extent {
  uint64_t low, high; /* high is the last */
  uint64_t start;
  bool is_used, has_functions, lacks_functions, has_lines, has_inlined;
};

struct writer {
  struct profile *profile;
  z_stream gzip;
  struct text message;
  struct stacks strings, functions, locations; /* by their number: their index or their id - 1 */
  struct function *function_list;
  struct location *location_list;
  struct line *lines;
  size_t function_capacity, location_capacity, line_count, line_capacity;
  struct extent *extents;
  size_t extent_capacity;
};

/* ---- bytes ---- */

static void deflate_bytes(struct writer *writer, const void *bytes, size_t length, int flush) {
  unsigned char out[1 << 14];
  const unsigned char *at = bytes;
  do {
    unsigned piece = length > 1 << 30 ? 1 << 30 : (unsigned)length;
    writer->gzip.next_in = (unsigned char *)(uintptr_t)at; /* zlib does not write there */
    writer->gzip.avail_in = piece;
    do {
      writer->gzip.next_out = out;
      writer->gzip.avail_out = sizeof out;
      if (deflate(&writer->gzip, flush) == Z_STREAM_ERROR) fail("cannot be compressed");
      fwrite(out, 1, sizeof out - writer->gzip.avail_out, stdout);
    } while (writer->gzip.avail_out == 0);
    at += piece;
    length -= piece;
  } while (length > 0);
}

static void put_varint(struct writer *writer, uint64_t number) {
  unsigned char bytes[10];
  size_t length = 0;
  for (; number >= 0x80; number >>= 7) bytes[length++] = (unsigned char)(number | 0x80);
  bytes[length++] = (unsigned char)number;
  deflate_bytes(writer, bytes, length, Z_NO_FLUSH);
}

static void put_bytes(struct writer *writer, unsigned field, const void *bytes, size_t length) {
  put_varint(writer, field << 3 | WIRE_BYTES);
  put_varint(writer, length);
  if (length > 0) deflate_bytes(writer, bytes, length, Z_NO_FLUSH);
}

static void put_message(struct writer *writer, unsigned field, const ProtobufCMessage *message) {
  size_t length = protobuf_c_message_get_packed_size(message);
  grow(&writer->message.bytes, &writer->message.capacity, sum_of(length, 1), 1);
  protobuf_c_message_pack(message, (uint8_t *)writer->message.bytes);
  put_bytes(writer, field, writer->message.bytes, length);
}

static int64_t string(struct writer *writer, const char *bytes, size_t length) {
  return (int64_t)stacks_find(&writer->strings, bytes, length)->number;
}

/* ---- tables ---- */

static uint64_t function_of(struct writer *writer, const struct frame *frame) {
  size_t names[2] = {(size_t)string(writer, frame->name, frame->name_length),
                     frame->file ? (size_t)string(writer, frame->file, frame->file_length) : 0};
  const struct stack *known = stacks_find(&writer->functions, (const char *)names, sizeof names);
  grow(&writer->function_list, &writer->function_capacity, known->number + 1, sizeof *writer->function_list);
  writer->function_list[known->number] = (struct function){.name = names[0], .file = names[1]};
  return known->number + 1;
}

static struct extent *extent_of(struct writer *writer, uint32_t module) {
  size_t old = writer->extent_capacity;
  grow(&writer->extents, &writer->extent_capacity, (size_t)module + 1, sizeof *writer->extents);
  if (writer->extent_capacity > old)
    memset(writer->extents + old, 0, (writer->extent_capacity - old) * sizeof *writer->extents);
  return &writer->extents[module];
}

static void use_place(struct writer *writer, const struct location *location) {
  const struct frame *place = &location->place;
  if (place->module == NO_MODULE) return;
  struct extent *extent = extent_of(writer, place->module);
  uint64_t offset = place->has_offset ? place->offset : 0;
  if (!extent->is_used || offset < extent->low) extent->low = offset;
  if (!extent->is_used || offset > extent->high) extent->high = offset;
  extent->is_used = true;
  if (place->is_address) extent->lacks_functions = true;
  else extent->has_functions = true;
  extent->has_lines |= place->line > 0;
  extent->has_inlined |= location->line_count > 1;
}

/* A new location of the frames from bytes on, the outermost first. */
static void make_location(struct writer *writer, size_t number, const char *bytes, size_t length) {
  struct location location = {.first_line = writer->line_count, .place = {.module = NO_MODULE}};
  for (size_t end = length;;) { /* the innermost first */
    const char *semicolon = memrchr(bytes, ';', end);
    size_t start = semicolon ? (size_t)(semicolon - bytes) + 1 : 0;
    struct frame frame = profile_frame(writer->profile, bytes + start, end - start);
    if (location.place.module == NO_MODULE && !location.place.has_offset) location.place = frame;
    if (!frame.is_address) {
      grow(&writer->lines, &writer->line_capacity, writer->line_count + 1, sizeof *writer->lines);
      writer->lines[writer->line_count++] =
          (struct line){.function = function_of(writer, &frame), .number = frame.line};
      location.line_count++;
    }
    if (start == 0) break;
    end = start - 1;
  }
  grow(&writer->location_list, &writer->location_capacity, number + 1, sizeof *writer->location_list);
  writer->location_list[number] = location;
  use_place(writer, &location);
}

static uint64_t location_of(struct writer *writer, const char *bytes, size_t length) {
  size_t known = writer->locations.count;
  const struct stack *location = stacks_find(&writer->locations, bytes, length);
  if (location->number == known) make_location(writer, known, bytes, length);
  return location->number + 1;
}

static size_t frame_end(const struct stack *stack, size_t start) {
  const char *semicolon = memchr(stack->bytes + start, ';', stack->length - start);
  return semicolon ? (size_t)(semicolon - stack->bytes) : stack->length;
}

/* The end of the location whose outermost frame begins at start: what was inlined into that belongs to it. */
static size_t location_end(struct writer *writer, const struct stack *stack, size_t start) {
  size_t end = frame_end(stack, start);
  bool may_be_address = stack->bytes[start] == '[';
  while (end < stack->length) {
    size_t next = frame_end(stack, end + 1);
    if (!profile_is_inlined(writer->profile, stack->bytes + end + 1, next - end - 1)) break;
    if (may_be_address && profile_frame(writer->profile, stack->bytes + start, end - start).is_address) break;
    may_be_address = false;
    end = next;
  }
  return end;
}

/* ---- the parts of a profile ---- */

static void put_kinds(struct writer *writer) {
  for (size_t i = 0; i < writer->profile->kind_count; i++) {
    const struct value_kind *kind = &writer->profile->kinds[i];
    Pprof__ValueType type = PPROF__VALUE_TYPE__INIT;
    type.type = string(writer, kind->name, strlen(kind->name));
    type.unit = string(writer, kind->unit, strlen(kind->unit));
    put_message(writer, SAMPLE_TYPE, &type.base);
  }
}

static void put_samples(struct writer *writer) {
  struct profile *profile = writer->profile;
  struct stack **sorted = stacks_sorted(&profile->stacks);
  uint64_t *ids = NULL;
  size_t capacity = 0;
  int64_t *values = take_array(profile->kind_count, sizeof *values);
  for (size_t i = 0; i < profile->stacks.count; i++) {
    const struct stack *stack = sorted[i];
    size_t count = 0;
    for (size_t start = 0; start <= stack->length;) {
      size_t end = location_end(writer, stack, start);
      grow(&ids, &capacity, count + 1, sizeof *ids);
      ids[count++] = location_of(writer, stack->bytes + start, end - start);
      start = end + 1;
    }
    for (size_t left = 0, right = count - 1; left < right; left++, right--) { /* the leaf first */
      uint64_t id = ids[left];
      ids[left] = ids[right];
      ids[right] = id;
    }
    for (size_t kind = 0; kind < profile->kind_count; kind++)
      values[kind] = (int64_t)profile->values[stack->number * profile->kind_count + kind];
    Pprof__Sample sample = PPROF__SAMPLE__INIT;
    sample.n_location_id = count;
    sample.location_id = ids;
    sample.n_value = profile->kind_count;
    sample.value = values;
    put_message(writer, SAMPLE, &sample.base);
  }
  free(values);
  free(ids);
  free(sorted);
}

/* Modules lie one behind another, each as long as its offsets need. */
static void put_mappings(struct writer *writer) {
  uint64_t next = 0x400000;
  for (size_t i = 0; i < writer->profile->modules.count; i++) {
    const struct module *module = &writer->profile->modules.list[i];
    struct extent *extent = extent_of(writer, (uint32_t)i);
    uint64_t low = extent->low & ~(uint64_t)(PAGE - 1), size = (extent->high - low) | (PAGE - 1);
    if (size >= UINT64_MAX - next)
      fail("the offsets in module '%s' and those before do not fit 64 bits together; symbolize the stacks first",
           module->name);
    extent->low = low;
    extent->start = next;
    Pprof__Mapping mapping = PPROF__MAPPING__INIT;
    mapping.id = i + 1;
    mapping.memory_start = next;
    mapping.memory_limit = next + size + 1;
    mapping.file_offset = low;
    mapping.filename = string(writer, module->path, strlen(module->path));
    mapping.build_id = string(writer, module->build_id, strlen(module->build_id));
    mapping.has_functions = extent->has_functions && !extent->lacks_functions;
    mapping.has_filenames = mapping.has_line_numbers = mapping.has_functions && extent->has_lines;
    mapping.has_inline_frames = mapping.has_functions && extent->has_inlined;
    next = mapping.memory_limit;
    put_message(writer, MAPPING, &mapping.base);
  }
}

static void put_location(struct writer *writer, size_t number) {
  const struct location *own = &writer->location_list[number];
  Pprof__Line *lines = take_array(own->line_count, sizeof *lines),
              **pointers = take_array(own->line_count, sizeof *pointers);
  for (size_t i = 0; i < own->line_count; i++) {
    pprof__line__init(&lines[i]);
    lines[i].function_id = writer->lines[own->first_line + i].function;
    lines[i].line = (int64_t)writer->lines[own->first_line + i].number;
    pointers[i] = &lines[i];
  }
  Pprof__Location location = PPROF__LOCATION__INIT;
  location.id = number + 1;
  if (own->place.module != NO_MODULE) {
    const struct extent *extent = &writer->extents[own->place.module];
    location.mapping_id = own->place.module + 1;
    location.address = extent->start + ((own->place.has_offset ? own->place.offset : extent->low) - extent->low);
  } else if (own->place.is_address) {
    location.address = own->place.offset;
  }
  location.n_line = own->line_count;
  location.line = pointers;
  put_message(writer, LOCATION, &location.base);
  free(lines);
  free(pointers);
}

static void put_functions(struct writer *writer) {
  for (size_t i = 0; i < writer->functions.count; i++) {
    Pprof__Function function = PPROF__FUNCTION__INIT;
    function.id = i + 1;
    function.name = (int64_t)writer->function_list[i].name;
    function.system_name = function.name;
    function.filename = (int64_t)writer->function_list[i].file;
    put_message(writer, FUNCTION, &function.base);
  }
}

static void put_strings(struct writer *writer) {
  const struct stack **list = take_array(writer->strings.count, sizeof *list);
  size_t position = 0;
  for (struct stack *each; (each = stacks_next(&writer->strings, &position));) list[each->number] = each;
  for (size_t i = 0; i < writer->strings.count; i++) put_bytes(writer, STRING, list[i]->bytes, list[i]->length);
  free(list);
}

void write_pprof(struct profile *profile) {
  struct writer writer = {.profile = profile};
  enum { GZIP = 15 + 16, MEMORY = 8 }; /* zlib's default window, as a gzip file, in whose head no time is set */
  if (deflateInit2(&writer.gzip, 6, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) fail("out of memory");
  string(&writer, "", 0); /* the first is empty */
  put_kinds(&writer);
  put_samples(&writer);
  put_mappings(&writer);
  for (size_t i = 0; i < writer.locations.count; i++) put_location(&writer, i);
  put_functions(&writer);
  int64_t first = string(&writer, profile->kinds[0].name, strlen(profile->kinds[0].name));
  put_strings(&writer);
  put_varint(&writer, DEFAULT_SAMPLE_TYPE << 3 | WIRE_VARINT);
  put_varint(&writer, (uint64_t)first);
  deflate_bytes(&writer, "", 0, Z_FINISH);
  deflateEnd(&writer.gzip);
  text_free(&writer.message);
  stacks_free(&writer.strings);
  stacks_free(&writer.functions);
  stacks_free(&writer.locations);
  free(writer.function_list);
  free(writer.location_list);
  free(writer.lines);
  free(writer.extents);
}

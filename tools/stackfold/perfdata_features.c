/* What a capture says of its machine, its events and its files: the sections behind its records, or, where it was
 * written to a pipe, records of the same content. */
#include <stdio.h>
#include <stdlib.h>

#include "perfdata.h"

enum { BUILD_ID_HAS_SIZE = 1 << 15 };

void build_id_text(const char *bytes, size_t length, char text[BUILD_ID_TEXT]) {
  if (length > BUILD_ID_BYTES) length = BUILD_ID_BYTES;
  text[0] = '\0';
  for (size_t i = 0; i < length; i++) snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
}

const char *build_id_of_path(const struct origin *origin, const char *path) {
  const struct stack *found = stacks_known(&origin->paths.table, path, strlen(path));
  return found ? origin->build_ids.bytes + found->number * BUILD_ID_TEXT : "";
}

/* A record: header, pid, 20 bytes of the build id, its size, 3 bytes, path. */
void read_build_id_record(struct origin *origin, const char *bytes, size_t size) {
  struct cursor cursor = {.at = bytes, .end = bytes + size};
  take_32(&cursor);
  uint32_t misc_and_size = take_32(&cursor);
  take_32(&cursor);
  const char *build_id = take_bytes(&cursor, BUILD_ID_BYTES);
  const char *size_byte = take_bytes(&cursor, 4);
  if (cursor.short_of_bytes) return;
  size_t length = misc_and_size & BUILD_ID_HAS_SIZE ? (unsigned char)*size_byte : BUILD_ID_BYTES;
  uint32_t number = number_of_bytes(&origin->paths, cursor.at, strnlen(cursor.at, (size_t)(cursor.end - cursor.at)));
  char text[BUILD_ID_TEXT] = {0};
  build_id_text(build_id, length, text);
  if (number == origin->build_ids.length / BUILD_ID_TEXT) text_append(&origin->build_ids, text, sizeof text);
}

static void read_build_ids(struct origin *origin, struct cursor cursor) {
  while (cursor.end - cursor.at >= RECORD_HEADER) {
    size_t size = number_16(cursor.at + 6);
    if (size < RECORD_HEADER || size > (size_t)(cursor.end - cursor.at)) return;
    read_build_id_record(origin, cursor.at, size);
    cursor.at += size;
  }
}

/* Length, bytes padded with NULs. */
static const char *take_string(struct cursor *cursor, size_t *length) {
  uint32_t size = take_32(cursor);
  const char *bytes = take_bytes(cursor, size);
  *length = bytes ? strnlen(bytes, size) : 0;
  return bytes;
}

static void read_text(struct text *text, struct cursor cursor) {
  size_t length;
  const char *bytes = take_string(&cursor, &length);
  text_clear(text);
  if (bytes) text_append(text, bytes, length);
}

/* Number of events, size of an attr, and for each event: attr, number of ids, name, ids. They come in the order in
 * which the header has them. */
static void read_event_names(struct events *events, struct cursor cursor) {
  uint32_t count = take_32(&cursor), attr_size = take_32(&cursor);
  for (uint32_t i = 0; i < count && i < events->count; i++) {
    take_bytes(&cursor, attr_size);
    uint32_t ids = take_32(&cursor);
    size_t length;
    const char *name = take_string(&cursor, &length);
    take_bytes(&cursor, (uint64_t)ids * 8);
    if (cursor.short_of_bytes) return;
    events_set_name(events, i, name, length);
  }
}

void read_feature(struct origin *origin, struct events *events, uint64_t feature, const char *bytes, size_t length) {
  enum { BUILD_IDS = 2, HOST = 3, RELEASE = 4, EVENT_NAMES = 12 };
  struct cursor cursor = {.at = bytes, .end = bytes + length};
  switch (feature) {
    case BUILD_IDS: read_build_ids(origin, cursor); break;
    case HOST: read_text(&origin->host, cursor); break;
    case RELEASE: read_text(&origin->release, cursor); break;
    case EVENT_NAMES: read_event_names(events, cursor); break;
  }
}

void origin_free(struct origin *origin) {
  text_free(&origin->host);
  text_free(&origin->release);
  numbered_free(&origin->paths);
  text_free(&origin->build_ids);
}

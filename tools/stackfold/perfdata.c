/* perf.data, as perf record writes it into a file or a pipe.
 *
 * A file: a header, the attributes of the events, records, and behind them sections with features. A pipe: a short
 * header and records alone, which hold all of this. Records are delivered in the order of their times. */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "perfdata.h"
#include "report.h"

static const char magic[] = "PERFILE2", foreign_magic[] = "2ELIFREP";
enum { MAGIC_LENGTH = 8, PIPE_HEADER = 16, FILE_HEADER = 104, SECTION = 16, FEATURES = 256 };

/* Records of perf record itself. */
enum {
  RECORD_ATTR = 64,
  RECORD_TRACING_DATA = 66,
  RECORD_BUILD_ID = 67,
  RECORD_FINISHED_ROUND = 68,
  RECORD_AUXTRACE = 71,
  RECORD_EVENT_UPDATE = 78,
  RECORD_FEATURE = 80,
  RECORD_COMPRESSED = 81,
  RECORD_COMPRESSED_SIZED = 83
};

/* The present block of a compressed stream that is unpacked. */
enum { UNPACKED_BLOCK = 1 << 17 };

struct section {
  uint64_t offset, size;
};

struct capture {
  struct input *input;
  struct sums *sums;
  uint64_t position; /* in the input, of what is read next */
  struct events events;
  struct queue queue;
  struct machine machine;
  struct chains chains;
  struct origin origin;
  ZSTD_DStream *unpacker; /* NULL before the first compressed record */
  struct text unpacked;   /* what is unpacked and not yet read */
  uint64_t lost, lost_samples;
  bool cut_off;
};

static _Noreturn void fail_at_byte(const struct capture *capture, uint64_t position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fail_at_byte(const struct capture *capture, uint64_t position, const char *format, ...) {
  char message[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  fail_at(input_name(capture->input), 0, "byte %" PRIu64 ": %s", position, message);
}

static void cut_off(struct capture *capture, const char *what) {
  sums_cut_off_at(capture->sums, capture->input, what, capture->position);
  capture->cut_off = true;
}

static void skip(struct capture *capture, uint64_t length) {
  enum { BLOCK = 1 << 16 };
  const char *bytes;
  while (length > 0) {
    size_t count = input_take(capture->input, &bytes, length < BLOCK ? (size_t)length : BLOCK);
    if (count == 0) {
      cut_off(capture, "the data behind a record");
      return;
    }
    capture->position += count;
    length -= count;
  }
}

/* ---- records in their turn ---- */

static void deliver_record(void *receiver, const struct record *record) {
  struct capture *capture = receiver;
  if (record->type != PERF_RECORD_SAMPLE) {
    if (!machine_record(&capture->machine, record))
      fail_at_byte(capture, record->position, "a record of type %" PRIu32 " has %zu bytes, fewer than its fields need",
                   record->type, record->size);
    return;
  }
  struct sample sample;
  const char *problem = read_sample(&capture->events, record, &sample);
  if (problem) fail_at_byte(capture, record->position, "a sample of %zu bytes %s", record->size, problem);
  if (sample.event == SIZE_MAX) sums_drop(capture->sums, DROP_UNREADABLE, 1);
  else chains_add(&capture->chains, &capture->events, &sample, record->misc);
}

/* ---- records as they come ---- */

static void check_events(struct capture *capture) {
  const char *problem = events_problem(&capture->events);
  if (problem) fail_at(input_name(capture->input), 0, "%s", problem);
}

/* Records without a time, which describe what was there before the first sample, take effect at once. */
static void order(struct capture *capture, const struct record *record) {
  check_events(capture);
  uint64_t time = record_time(&capture->events, record);
  if (time == 0 || time == UINT64_MAX) deliver_record(capture, record);
  else queue_add(&capture->queue, record, time, deliver_record, capture);
}

static struct cursor content_of(const struct record *record) {
  return (struct cursor){.at = record->bytes + RECORD_HEADER, .end = record->bytes + record->size};
}

static void add_lost(struct capture *capture, uint64_t *lost, uint64_t count, const struct record *record) {
  if (!add_checked(lost, count) || *lost > SIZE_MAX / 2)
    fail_at_byte(capture, record->position, "says that %" PRIu64 " more samples were lost, past 63 bits", count);
}

/* A perf_event_attr, which begins with its type and its size, and ids. */
static void read_attr_record(struct capture *capture, const struct record *record) {
  struct cursor cursor = content_of(record);
  size_t attr_size = record->size >= 16 ? number_32(record->bytes + 12) : 0;
  const char *attr = take_bytes(&cursor, attr_size);
  if (!attr || attr_size < 64)
    fail_at_byte(capture, record->position, "the description of an event has %zu bytes, which does not fit its record",
                 attr_size);
  events_add(&capture->events, attr, attr_size);
  while (cursor.end - cursor.at >= 8) events_add_id(&capture->events, take_64(&cursor), capture->events.count - 1);
}

/* Kind of the update, id of the event, content. */
static void read_event_update(struct capture *capture, const struct record *record) {
  enum { UPDATE_NAME = 2 };
  struct cursor cursor = content_of(record);
  uint64_t kind = take_64(&cursor), id = take_64(&cursor);
  size_t event = event_of_id(&capture->events, id);
  if (cursor.short_of_bytes || kind != UPDATE_NAME || event == SIZE_MAX) return;
  events_set_name(&capture->events, event, cursor.at, (size_t)(cursor.end - cursor.at));
}

static void read_feature_record(struct capture *capture, const struct record *record) {
  struct cursor cursor = content_of(record);
  uint64_t feature = take_64(&cursor);
  read_feature(&capture->origin, &capture->events, feature, cursor.at, (size_t)(cursor.end - cursor.at));
}

static void read_unpacked(struct capture *capture, uint64_t position);

/* All of them are one stream; a record of it may begin in one and end in the next. */
static void unpack(struct capture *capture, const struct record *record) {
  struct cursor cursor = content_of(record);
  if (record->type == RECORD_COMPRESSED_SIZED) {
    uint64_t size = take_64(&cursor);
    if (size > (uint64_t)(cursor.end - cursor.at))
      fail_at_byte(capture, record->position, "compressed data of %" PRIu64 " bytes is longer than its record", size);
    cursor.end = cursor.at + size;
  }
  if (!capture->unpacker && !(capture->unpacker = ZSTD_createDStream())) fail("out of memory (zstd)");
  ZSTD_inBuffer in = {.src = cursor.at, .size = (size_t)(cursor.end - cursor.at)};
  for (bool more = true; more;) {
    struct text *text = &capture->unpacked;
    grow(&text->bytes, &text->capacity, sum_of(text->length, UNPACKED_BLOCK), 1);
    ZSTD_outBuffer out = {.dst = text->bytes + text->length, .size = UNPACKED_BLOCK};
    size_t outcome = ZSTD_decompressStream(capture->unpacker, &out, &in);
    if (ZSTD_isError(outcome))
      fail_at_byte(capture, record->position, "a compressed record cannot be unpacked: %s", ZSTD_getErrorName(outcome));
    text->length += out.pos;
    more = in.pos < in.size || out.pos == out.size;
    read_unpacked(capture, record->position);
  }
}

static void read_record(struct capture *capture, const struct record *record, bool in_compressed) {
  struct cursor cursor = content_of(record);
  switch (record->type) {
    case PERF_RECORD_SAMPLE:
    case PERF_RECORD_COMM:
    case PERF_RECORD_FORK:
    case PERF_RECORD_EXIT:
    case PERF_RECORD_MMAP:
    case PERF_RECORD_MMAP2:
    case PERF_RECORD_KSYMBOL: order(capture, record); break;
    case PERF_RECORD_LOST:
      take_64(&cursor); /* id */
      add_lost(capture, &capture->lost, take_64(&cursor), record);
      break;
    case PERF_RECORD_LOST_SAMPLES: add_lost(capture, &capture->lost_samples, take_64(&cursor), record); break;
    case RECORD_ATTR: read_attr_record(capture, record); break;
    case RECORD_BUILD_ID: read_build_id_record(&capture->origin, record->bytes, record->size); break;
    case RECORD_FINISHED_ROUND: queue_round(&capture->queue, deliver_record, capture); break;
    case RECORD_EVENT_UPDATE: read_event_update(capture, record); break;
    case RECORD_FEATURE: read_feature_record(capture, record); break;
    case RECORD_COMPRESSED:
    case RECORD_COMPRESSED_SIZED:
      if (in_compressed) fail_at_byte(capture, record->position, "a compressed record inside another");
      unpack(capture, record);
      break;
  }
}

/* Data that follows a record without being a part of it. */
static uint64_t size_behind(const struct record *record) {
  struct cursor cursor = content_of(record);
  if (record->type == RECORD_AUXTRACE) return take_64(&cursor);
  if (record->type == RECORD_TRACING_DATA) return take_32(&cursor);
  return 0;
}

static struct record record_at(const struct capture *capture, const char *bytes, uint64_t position) {
  struct record record = {.type = number_32(bytes),
                          .misc = number_16(bytes + 4),
                          .size = number_16(bytes + 6),
                          .bytes = bytes,
                          .position = position};
  if (record.size < RECORD_HEADER)
    fail_at_byte(capture, position, "a record of %zu bytes; %d are the least", record.size, RECORD_HEADER);
  return record;
}

static void read_unpacked(struct capture *capture, uint64_t position) {
  struct text *text = &capture->unpacked;
  size_t done = 0;
  while (text->length - done >= RECORD_HEADER) {
    struct record record = record_at(capture, text->bytes + done, position);
    if (record.size > text->length - done) break;
    read_record(capture, &record, true);
    done += record.size;
  }
  text->length -= done;
  if (done > 0) memmove(text->bytes, text->bytes + done, text->length);
}

/* Records up to a position in the input; UINT64_MAX: up to its end. */
static void read_records(struct capture *capture, uint64_t end) {
  while (capture->position < end && !capture->cut_off) {
    const char *bytes;
    size_t available = input_peek(capture->input, &bytes, RECORD_HEADER);
    if (available == 0 && end == UINT64_MAX) return;
    if (available < RECORD_HEADER) {
      cut_off(capture, "its records");
      return;
    }
    struct record record = record_at(capture, bytes, capture->position);
    if (record.size > end - capture->position)
      fail_at_byte(capture, record.position,
                   "a record of %zu bytes reaches past the end of the records at byte %" PRIu64, record.size, end);
    available = input_take(capture->input, &record.bytes, record.size);
    if (available < record.size) {
      cut_off(capture, "the record");
      return;
    }
    capture->position += record.size;
    uint64_t behind = size_behind(&record);
    read_record(capture, &record, false);
    skip(capture, behind);
  }
}

/* ---- the file around the records ---- */

static struct section section_at(const char *bytes) {
  return (struct section){.offset = number_64(bytes), .size = number_64(bytes + 8)};
}

/* Whether a section lies in a part of the file that begins at start and has length bytes. */
static bool lies_in(struct section section, uint64_t start, size_t length) {
  uint64_t before = section.offset - start;
  return section.offset >= start && before <= length && section.size <= length - before;
}

/* Entries of one size each: a perf_event_attr, and a section with the event's ids. */
static void read_attrs(struct capture *capture, const struct text *head, struct section attrs, uint64_t attr_size) {
  if (attr_size < 64 + SECTION || attr_size > UINT16_MAX)
    fail_at_byte(capture, 16, "descriptions of events have %" PRIu64 " bytes; 80 are the least", attr_size);
  if (!lies_in(attrs, 0, head->length) || attrs.size < attr_size)
    fail_at_byte(capture, 24, "the %" PRIu64 " bytes that describe the events, at byte %" PRIu64
                 ", do not lie before the records", attrs.size, attrs.offset);
  for (uint64_t at = 0; attrs.size - at >= attr_size; at += attr_size) {
    const char *entry = head->bytes + attrs.offset + at;
    struct section ids = section_at(entry + attr_size - SECTION);
    events_add(&capture->events, entry, attr_size - SECTION);
    if (!lies_in(ids, 0, head->length))
      fail_at_byte(capture, attrs.offset + at, "the ids of event %zu do not lie before the records",
                   capture->events.count);
    for (uint64_t id = 0; ids.size - id >= 8; id += 8)
      events_add_id(&capture->events, number_64(head->bytes + ids.offset + id), capture->events.count - 1);
  }
}

/* Everything up to a position, or to the end of the input. */
static void read_up_to(struct capture *capture, uint64_t end, struct text *text) {
  enum { BLOCK = 1 << 16 };
  while (capture->position < end) {
    const char *bytes;
    uint64_t left = end - capture->position;
    size_t count = input_take(capture->input, &bytes, left < BLOCK ? (size_t)left : BLOCK);
    if (count == 0) return;
    text_append(text, bytes, count);
    capture->position += count;
  }
}

static unsigned set_features(const char *bits) {
  unsigned count = 0;
  for (size_t i = 0; i < FEATURES / 8; i++) count += (unsigned)__builtin_popcount((unsigned char)bits[i]);
  return count;
}

/* A table of sections, one for each bit that is set in the header, and what they hold. */
static void read_features(struct capture *capture, const char *bits) {
  uint64_t start = capture->position;
  struct text tail = {0};
  read_up_to(capture, UINT64_MAX, &tail);
  bool whole = true;
  size_t table = 0, table_size = (size_t)set_features(bits) * SECTION;
  for (unsigned feature = 0; feature < FEATURES && table + SECTION <= tail.length; feature++) {
    if (!((unsigned char)bits[feature / 8] >> feature % 8 & 1)) continue;
    struct section section = section_at(tail.bytes + table);
    table += SECTION;
    bool inside = lies_in(section, start, tail.length);
    whole &= inside;
    if (inside)
      read_feature(&capture->origin, &capture->events, feature, tail.bytes + (section.offset - start),
                   (size_t)section.size);
  }
  if (!whole || table < table_size) cut_off(capture, "the features");
  text_free(&tail);
}

static void read_file(struct capture *capture, struct text *head, uint64_t header_size) {
  read_up_to(capture, header_size, head);
  if (head->length < FILE_HEADER) {
    cut_off(capture, "the header");
    return;
  }
  uint64_t attr_size = number_64(head->bytes + 16);
  struct section attrs = section_at(head->bytes + 24), data = section_at(head->bytes + 40);
  if (data.offset < header_size || data.size > UINT64_MAX - data.offset)
    fail_at_byte(capture, 40, "the %" PRIu64 " bytes of records at byte %" PRIu64 " cannot be in a file", data.size,
                 data.offset);
  read_up_to(capture, data.offset, head);
  if (head->length < data.offset) {
    cut_off(capture, "the header");
    return;
  }
  read_attrs(capture, head, attrs, attr_size);
  /* perf record writes the size when it ends; where it was killed it is 0, and no features follow. */
  read_records(capture, data.size ? data.offset + data.size : UINT64_MAX);
  if (data.size == 0) cut_off(capture, "the capture (perf record was killed)");
  else if (!capture->cut_off) read_features(capture, head->bytes + 72);
}

static void read_capture(struct capture *capture) {
  struct text head = {0};
  read_up_to(capture, PIPE_HEADER, &head);
  if (head.length >= MAGIC_LENGTH && memcmp(head.bytes, foreign_magic, MAGIC_LENGTH) == 0)
    fail_at(input_name(capture->input), 0, "was recorded on a machine of the other byte order, which is not read; "
            "perf script can convert it into text");
  if (head.length >= MAGIC_LENGTH && memcmp(head.bytes, magic, MAGIC_LENGTH) != 0)
    fail_at(input_name(capture->input), 0, "is no perf.data: it does not begin with %s", magic);
  if (head.length < PIPE_HEADER) {
    cut_off(capture, "the header");
  } else {
    uint64_t header_size = number_64(head.bytes + MAGIC_LENGTH);
    if (header_size == PIPE_HEADER) read_records(capture, UINT64_MAX);
    else if (header_size >= FILE_HEADER && header_size <= UINT16_MAX) read_file(capture, &head, header_size);
    else fail_at_byte(capture, MAGIC_LENGTH, "a header of %" PRIu64 " bytes; 16 or 104 are expected", header_size);
  }
  text_free(&head);
}

/* A record that does not fit its buffer is lost: the kernel puts the number of such records into the next that fits,
 * and perf record asks at the end how many samples of each event were among them. */
static void account_for_lost(struct capture *capture) {
  uint64_t lost = capture->lost > capture->lost_samples ? capture->lost : capture->lost_samples;
  if (lost > 0) sums_drop_many(capture->sums, DROP_LOST, 0, (size_t)lost);
}

static void parse(struct input *input, struct sums *sums) {
  struct capture capture = {.input = input, .sums = sums};
  machine_start(&capture.machine);
  capture.chains =
      (struct chains){.machine = &capture.machine, .folding = sums->folding, .first_event = SIZE_MAX};
  if (sums->folding->symfs) capture.chains.unwinder = unwinder_new(&capture.machine, sums->folding->symfs);
  read_capture(&capture);
  if (capture.unpacked.length > 0 && !capture.cut_off) cut_off(&capture, "a compressed record");
  queue_flush(&capture.queue, deliver_record, &capture);
  chains_fold(&capture.chains, &capture.events, &capture.origin, sums, input_name(input));
  account_for_lost(&capture);
  chains_free(&capture.chains);
  machine_free(&capture.machine);
  unwinder_free(capture.chains.unwinder);
  queue_free(&capture.queue);
  events_free(&capture.events);
  origin_free(&capture.origin);
  text_free(&capture.unpacked);
  ZSTD_freeDStream(capture.unpacker);
}

static bool recognize(const char *bytes, size_t length, bool complete) {
  (void)complete;
  return length >= MAGIC_LENGTH &&
         (memcmp(bytes, magic, MAGIC_LENGTH) == 0 || memcmp(bytes, foreign_magic, MAGIC_LENGTH) == 0);
}

FORMAT(perfdata,
    .name = "perf-data",
    .description = "perf.data, the file or the pipe that perf record writes, without perf script",
    .binary = true,
    .recognize = recognize,
    .parse = parse);

/* The events of a capture: how their samples are laid out, how a sample tells its event, and their names. */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

#include "perfdata.h"
#include "report.h"

/* Where fields lie in a perf_event_attr. */
enum {
  ATTR_TYPE = 0,
  ATTR_CONFIG = 8,
  ATTR_PERIOD = 16,
  ATTR_SAMPLE_TYPE = 24,
  ATTR_READ_FORMAT = 32,
  ATTR_FLAGS = 40,
  ATTR_BRANCH_SAMPLE_TYPE = 72,
  ATTR_USER_REGISTERS = 80,
  ATTR_MAX_STACK = 108,
  ATTR_KNOWN = 128
};
/* Among the flags, a bit field. */
enum { FLAG_FREQUENCY = 1 << 10, FLAG_SAMPLE_ID_ALL = 1 << 18 };

/* How many frames the kernel records at most where the capture does not say (kernel.perf_event_max_stack). */
enum { USUAL_MAX_STACK = 127 };

void events_add(struct events *events, const char *attr, size_t length) {
  char known[ATTR_KNOWN] = {0};
  memcpy(known, attr, length < sizeof known ? length : sizeof known);
  uint64_t flags = number_64(known + ATTR_FLAGS);
  uint16_t max_stack = number_16(known + ATTR_MAX_STACK);
  grow(&events->list, &events->capacity, sum_of(events->count, 1), sizeof *events->list);
  events->list[events->count++] = (struct event){
      .type = number_32(known + ATTR_TYPE),
      .config = number_64(known + ATTR_CONFIG),
      .period = flags & FLAG_FREQUENCY ? 0 : number_64(known + ATTR_PERIOD),
      .sample_type = number_64(known + ATTR_SAMPLE_TYPE),
      .read_format = number_64(known + ATTR_READ_FORMAT),
      .branch_sample_type = number_64(known + ATTR_BRANCH_SAMPLE_TYPE),
      .user_registers = number_64(known + ATTR_USER_REGISTERS),
      .max_stack = max_stack ? max_stack : USUAL_MAX_STACK,
      .sample_id_all = flags & FLAG_SAMPLE_ID_ALL,
  };
}

void events_add_id(struct events *events, uint64_t id, size_t event) {
  stacks_find(&events->ids, (const char *)&id, sizeof id)->value = event;
}

size_t event_of_id(const struct events *events, uint64_t id) {
  const struct stack *known = stacks_known(&events->ids, (const char *)&id, sizeof id);
  return known ? (size_t)known->value : SIZE_MAX;
}

void events_set_name(struct events *events, size_t event, const char *name, size_t length) {
  free(events->list[event].name);
  events->list[event].name = take_copy_of(name, strnlen(name, length));
}

static const char *const hardware_names[] = {
    "cycles",        "instructions", "cache-references",        "cache-misses",           "branches",
    "branch-misses", "bus-cycles",   "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles"};
static const char *const software_names[] = {
    "cpu-clock",    "task-clock",   "page-faults",      "context-switches", "cpu-migrations", "minor-faults",
    "major-faults", "alignment-faults", "emulation-faults", "dummy",            "bpf-output",     "cgroup-switches"};

/* For captures that do not name their events, or were cut off before they do. */
static const char *usual_name(const struct event *event) {
  if (event->type == PERF_TYPE_HARDWARE && event->config < sizeof hardware_names / sizeof *hardware_names)
    return hardware_names[event->config];
  if (event->type == PERF_TYPE_SOFTWARE && event->config < sizeof software_names / sizeof *software_names)
    return software_names[event->config];
  return NULL;
}

const char *event_name(struct events *events, size_t index) {
  struct event *event = &events->list[index];
  if (!event->name) {
    char number[60];
    snprintf(number, sizeof number, "%" PRIu32 ":0x%" PRIx64, event->type, event->config);
    const char *usual = usual_name(event);
    event->name = take_copy(usual ? usual : number);
  }
  return event->name;
}

/* How many of these bits are set. */
static unsigned set_bits(uint64_t bits) { return (unsigned)__builtin_popcountll(bits); }

/* Where in a sample its id is, in bytes from the start of the record; 0: it has none. */
static size_t id_offset(const struct event *event) {
  if (event->sample_type & PERF_SAMPLE_IDENTIFIER) return RECORD_HEADER;
  if (!(event->sample_type & PERF_SAMPLE_ID)) return 0;
  const uint64_t before = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR;
  return RECORD_HEADER + (size_t)8 * set_bits(event->sample_type & before);
}

/* Where the time is in records other than samples, in bytes from the end of the record; 0: they have none. */
static size_t time_from_end(const struct event *event) {
  if (!event->sample_id_all || !(event->sample_type & PERF_SAMPLE_TIME)) return 0;
  const uint64_t behind = PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU | PERF_SAMPLE_IDENTIFIER;
  return (size_t)8 * (1 + set_bits(event->sample_type & behind));
}

/* Where the time of a sample is. */
static size_t time_offset(const struct event *event) {
  if (!(event->sample_type & PERF_SAMPLE_TIME)) return 0;
  const uint64_t before = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID;
  return RECORD_HEADER + (size_t)8 * set_bits(event->sample_type & before);
}

const char *events_problem(struct events *events) {
  if (events->count == 0) return "describes no event";
  const struct event *first = events->list;
  for (; events->checked < events->count; events->checked++) {
    const struct event *event = &events->list[events->checked];
    bool says_which = event->sample_type & first->sample_type & PERF_SAMPLE_IDENTIFIER;
    if (id_offset(event) != id_offset(first) || event->sample_id_all != first->sample_id_all ||
        (!says_which && time_from_end(event) != time_from_end(first)))
      return "has events whose samples cannot be told apart: their ids are in different places";
  }
  return NULL;
}

/* The event of a sample; SIZE_MAX where its id is of none. */
static size_t event_of_sample(const struct events *events, const struct record *record) {
  size_t offset = id_offset(events->list);
  if (events->count == 1 || offset == 0) return 0;
  if (record->size < offset + 8) return SIZE_MAX;
  uint64_t id = number_64(record->bytes + offset);
  return id == 0 ? 0 : event_of_id(events, id);
}

/* The event that another record was written for; what perf itself made up has the id 0, and the form of the first. With
 * identifiers it is the last number of the record. */
static size_t event_of_other(const struct events *events, const struct record *record) {
  const struct event *first = events->list;
  if (events->count == 1 || !first->sample_id_all || !(first->sample_type & PERF_SAMPLE_IDENTIFIER)) return 0;
  if (record->size < RECORD_HEADER + 8) return 0;
  uint64_t id = number_64(record->bytes + record->size - 8);
  size_t index = id == 0 ? 0 : event_of_id(events, id);
  return index == SIZE_MAX ? 0 : index;
}

uint64_t record_time(const struct events *events, const struct record *record) {
  if (record->type != PERF_RECORD_SAMPLE) {
    size_t offset = time_from_end(&events->list[event_of_other(events, record)]);
    return offset && record->size >= RECORD_HEADER + offset ? number_64(record->bytes + record->size - offset) : 0;
  }
  size_t index = event_of_sample(events, record);
  size_t offset = index == SIZE_MAX ? 0 : time_offset(&events->list[index]);
  return offset && record->size >= offset + 8 ? number_64(record->bytes + offset) : 0;
}

/* Counters that were read with the sample. */
static void skip_read(struct cursor *cursor, uint64_t format) {
  const uint64_t times = format & (PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING);
  uint64_t of_each = 8 * (uint64_t)(1 + set_bits(format & (PERF_FORMAT_ID | PERF_FORMAT_LOST)));
  uint64_t count = format & PERF_FORMAT_GROUP ? take_64(cursor) : 1;
  take_bytes(cursor, (uint64_t)8 * set_bits(times));
  if (count > UINT16_MAX) cursor->short_of_bytes = true;
  else take_bytes(cursor, count * of_each);
}

static void skip_branches(struct cursor *cursor, uint64_t type) {
  uint64_t count = take_64(cursor);
  if (type & PERF_SAMPLE_BRANCH_HW_INDEX) take_64(cursor);
  if (count > UINT16_MAX) cursor->short_of_bytes = true;
  else take_bytes(cursor, count * 24);
}

static void read_chain(struct cursor *cursor, struct sample *sample) {
  sample->chain_length = take_64(cursor);
  if (sample->chain_length > UINT16_MAX) cursor->short_of_bytes = true;
  else sample->chain = take_bytes(cursor, sample->chain_length * 8);
}

/* Registers and a copy of the stack, from which the callers can be found. */
static void read_user_state(struct cursor *cursor, const struct event *event, struct sample *sample) {
  if (event->sample_type & PERF_SAMPLE_REGS_USER) {
    sample->user_abi = take_64(cursor);
    if (sample->user_abi) sample->user_registers = take_bytes(cursor, (uint64_t)8 * set_bits(event->user_registers));
  }
  if (event->sample_type & PERF_SAMPLE_STACK_USER) {
    uint64_t size = take_64(cursor);
    sample->user_stack = take_bytes(cursor, size);
    sample->user_stack_size = size;
    uint64_t used = size ? take_64(cursor) : 0;
    if (used < size) sample->user_stack_size = used;
  }
}

const char *read_sample(const struct events *events, const struct record *record, struct sample *sample) {
  *sample = (struct sample){.event = event_of_sample(events, record)};
  if (sample->event == SIZE_MAX) return NULL;
  const struct event *event = &events->list[sample->event];
  const uint64_t type = event->sample_type;
  struct cursor cursor = {.at = record->bytes + RECORD_HEADER, .end = record->bytes + record->size};
  if (type & PERF_SAMPLE_IDENTIFIER) take_64(&cursor);
  if (type & PERF_SAMPLE_IP) sample->ip = take_64(&cursor);
  sample->pid = sample->tid = UINT32_MAX;
  if (type & PERF_SAMPLE_TID) {
    sample->pid = take_32(&cursor);
    sample->tid = take_32(&cursor);
  }
  if (type & PERF_SAMPLE_TIME) sample->time = take_64(&cursor);
  if (type & PERF_SAMPLE_ADDR) take_64(&cursor);
  if (type & PERF_SAMPLE_ID) take_64(&cursor);
  if (type & PERF_SAMPLE_STREAM_ID) take_64(&cursor);
  if (type & PERF_SAMPLE_CPU) take_64(&cursor);
  uint64_t period = type & PERF_SAMPLE_PERIOD ? take_64(&cursor) : event->period;
  if (type & PERF_SAMPLE_READ) skip_read(&cursor, event->read_format);
  if (type & PERF_SAMPLE_CALLCHAIN) read_chain(&cursor, sample);
  if (type & PERF_SAMPLE_RAW) take_bytes(&cursor, take_32(&cursor));
  if (type & PERF_SAMPLE_BRANCH_STACK) skip_branches(&cursor, event->branch_sample_type);
  read_user_state(&cursor, event, sample);
  /* As perf script shows periods: none for a tracepoint. What has none counts 1. */
  sample->weight = event->type == PERF_TYPE_TRACEPOINT || period == 0 ? 1 : period;
  return cursor.short_of_bytes ? "holds less than its fields need" : NULL;
}

void events_free(struct events *events) {
  for (size_t i = 0; i < events->count; i++) free(events->list[i].name);
  free(events->list);
  stacks_free(&events->ids);
}

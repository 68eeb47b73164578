#include "pprof_fields.h"

static enum step read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (*at == end) return STEP_CUT_OFF;
    uint8_t byte = *(*at)++;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return STEP_FIELD;
  }
  return STEP_MALFORMED;
}

enum step next_field(struct fields *fields, struct field *field) {
  const uint8_t *at = fields->next;
  if (at == fields->end) return STEP_END;
  uint64_t tag, size = 0;
  enum step step = read_varint(&at, fields->end, &tag);
  if (step != STEP_FIELD) return step;
  *field = (struct field){.number = tag >> 3, .wire = tag & 7};
  if (field->number == 0) return STEP_MALFORMED;
  switch (field->wire) {
    case VARINT: step = read_varint(&at, fields->end, &field->value); break;
    case FIXED_64: size = 8; break;
    case FIXED_32: size = 4; break;
    case BYTES: step = read_varint(&at, fields->end, &size); break;
    default: return STEP_MALFORMED;
  }
  if (step != STEP_FIELD) return step;
  if (size > (size_t)(fields->end - at)) return STEP_CUT_OFF;
  field->bytes = at;
  field->length = (size_t)size;
  fields->next = at + size;
  return STEP_FIELD;
}

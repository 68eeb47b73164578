/* The wire format of protobufs, as far as the fields of one message are told apart: what a field holds is for protobuf-c
 * to unpack. */
#ifndef ASSAY_STACKFOLD_PPROF_FIELDS_H
#define ASSAY_STACKFOLD_PPROF_FIELDS_H

#include <stddef.h>
#include <stdint.h>

enum wire { VARINT = 0, FIXED_64 = 1, BYTES = 2, FIXED_32 = 5 };

struct field {
  uint64_t number;
  unsigned wire;
  uint64_t value;       /* of a VARINT */
  const uint8_t *bytes; /* of BYTES: length of them */
  size_t length;
};

/* Steps through the fields of a message: start with next at its first byte. */
struct fields {
  const uint8_t *next, *end;
};

enum step { STEP_FIELD, STEP_END, STEP_CUT_OFF, STEP_MALFORMED };

/* The next field; fields->next moves behind it, and stays before one that is not whole or none. */
enum step next_field(struct fields *fields, struct field *field);

#endif

/* Reading numbers from bytes that may end anywhere: what is not there reads as 0, and the reader knows that it failed. */
#ifndef ASSAY_SYMBOLIZE_BYTES_H
#define ASSAY_SYMBOLIZE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
  const uint8_t *at, *end;
  bool failed; /* something was asked for that is not there; at == end then */
};

static inline struct bytes bytes_of(const uint8_t *start, size_t size) {
  return (struct bytes){.at = start, .end = start + size};
}

static inline size_t bytes_left(const struct bytes *bytes) { return (size_t)(bytes->end - bytes->at); }

static inline void bytes_fail(struct bytes *bytes) {
  bytes->failed = true;
  bytes->at = bytes->end;
}

static inline void bytes_skip(struct bytes *bytes, uint64_t count) {
  if (count > bytes_left(bytes)) bytes_fail(bytes);
  else bytes->at += count;
}

/* A little-endian number of 1 to 8 bytes; the machine is little-endian (object.c refuses files that are not). */
static inline uint64_t bytes_fixed(struct bytes *bytes, size_t size) {
  uint64_t number = 0;
  if (size > bytes_left(bytes)) {
    bytes_fail(bytes);
    return 0;
  }
  memcpy(&number, bytes->at, size);
  bytes->at += size;
  return number;
}

static inline uint8_t bytes_8(struct bytes *bytes) {
  if (bytes->at == bytes->end) {
    bytes->failed = true;
    return 0;
  }
  return *bytes->at++;
}
static inline uint16_t bytes_16(struct bytes *bytes) { return (uint16_t)bytes_fixed(bytes, 2); }
static inline uint32_t bytes_32(struct bytes *bytes) { return (uint32_t)bytes_fixed(bytes, 4); }
static inline uint64_t bytes_64(struct bytes *bytes) { return bytes_fixed(bytes, 8); }

/* LEB128. Bits past 64 are dropped. */
static inline uint64_t bytes_uleb(struct bytes *bytes) {
  uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = bytes_8(bytes);
    if (shift < 64) number |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
}

static inline int64_t bytes_sleb(struct bytes *bytes) {
  uint64_t number = 0;
  for (unsigned shift = 0;;) {
    uint8_t byte = bytes_8(bytes);
    if (shift < 64) number |= (uint64_t)(byte & 0x7f) << shift;
    shift += 7;
    if (byte >= 0x80) continue;
    if ((byte & 0x40) && shift < 64) number |= ~(uint64_t)0 << shift;
    return (int64_t)number;
  }
}

static inline void bytes_skip_leb(struct bytes *bytes) {
  while (bytes_8(bytes) >= 0x80) continue;
}

/* A string that a NUL ends; NULL where none does. */
static inline const char *bytes_string(struct bytes *bytes) {
  const uint8_t *nul = memchr(bytes->at, 0, bytes_left(bytes));
  if (!nul) {
    bytes_fail(bytes);
    return NULL;
  }
  const char *string = (const char *)bytes->at;
  bytes->at = nul + 1;
  return string;
}

#endif

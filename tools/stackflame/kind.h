/* What a frame is, as far as its form tells: the language or layer that it belongs to, and its module. */
#ifndef ASSAY_STACKFLAME_KIND_H
#define ASSAY_STACKFLAME_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
  KIND_C,
  KIND_CXX,
  KIND_RUST,
  KIND_GO,
  KIND_PYTHON,
  KIND_JAVASCRIPT,
  KIND_JVM,
  KIND_SCRIPT,
  KIND_JIT,
  KIND_KERNEL,
  KIND_UNRESOLVED,
  KINDS
};

extern const char *const kind_names[KINDS];

enum kind kind_of(const char *frame, size_t length);

/* Whether the frame was inlined into the one above it (`NAME_[i]`). */
bool is_inlined(const char *frame, size_t length);

/* The part of the frame that names its module or package: `libc.so.6` of [libc.so.6+0x10], the file of a line, the
 * namespace of C++ and Rust, the package of Go and Java. length 0 where its form tells none. */
const char *module_of(const char *frame, size_t length, size_t *module_length);

/* A hash of bytes that is the same on every machine and in every version: FNV-1a (Fowler, Noll, Vo 1991), 32 bits. */
uint32_t stable_hash(const char *bytes, size_t length);

#endif

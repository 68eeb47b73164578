/* Names of C++ and Rust as their sources have them (by libiberty). */
#ifndef ASSAY_SYMBOLIZE_DEMANGLE_H
#define ASSAY_SYMBOLIZE_DEMANGLE_H

#include <stdbool.h>

#include "memory.h"

enum demangle_mode {
  DEMANGLE_FULL,
  DEMANGLE_SIMPLE, /* without template arguments and parameters */
  DEMANGLE_NO
};

/* Appends the name as it is to be shown; one that is not mangled as it is, and then false. */
bool demangle(const char *name, enum demangle_mode mode, struct text *text);

/* Appends a demangled name without template arguments and parameters. */
void append_simple(const char *name, struct text *text);

#endif

/* The parts of a frame of a folded stack.
 *
 *   function                 as it is, brackets and blanks included
 *   function (file:line)     with its place; the line is digits or ???
 *   function_[i] ...         inlined into the frame before it (symbolize --annotate); _[k] of the kernel, _[j] compiled
 *                            at run time, as FlameGraph's tools mark them
 *   [module+0xOFFSET]        not resolved: an offset in the file of a module
 *   [module]                 not resolved: only the module is known
 *   [0xADDRESS] [unknown]    not resolved, and no module known
 *   [truncated]              at the root of a stack that the profiler cut short */
#ifndef ASSAY_FRAME_H
#define ASSAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind { FRAME_FUNCTION, FRAME_IN_MODULE, FRAME_UNKNOWN, FRAME_TRUNCATED };

/* Bytes within those of the frame; without any, length is 0. */
struct frame_part {
  const char *bytes;
  size_t length;
};

struct frame {
  enum frame_kind kind;
  struct frame_part function; /* of FRAME_FUNCTION: its name, without mark and place */
  struct frame_part file;     /* where it has a place */
  uint64_t line;              /* 0: not known */
  struct frame_part module;   /* of FRAME_IN_MODULE, without path */
  uint64_t offset;            /* ... and in it, if has_offset; of FRAME_UNKNOWN with has_offset, the address */
  bool has_offset;
  char mark; /* 'i', 'k', 'j', or 0 */
};

/* Any bytes are a frame. */
struct frame frame_of(const char *bytes, size_t length);

/* The length of the frame's function: its name without its place and without the mark of an inlined one, so that the
 * frames of one function are equal in it. The whole of any other frame. */
size_t frame_function_length(const char *bytes, size_t length);

#endif

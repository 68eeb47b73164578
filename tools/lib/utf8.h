/* Text of input, of which nobody knows whether it is UTF-8. */
#ifndef ASSAY_UTF8_H
#define ASSAY_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xfffd };

/* The character that begins at bytes, and its length in *size (at least 1). What is not UTF-8, and what XML cannot
 * hold or a reader cannot see (control characters, U+FFFE, U+FFFF), is U+FFFD. length > 0. */
uint32_t utf8_next(const char *bytes, size_t length, size_t *size);

#endif

/* Any bytes as text of an XML document. */
#ifndef ASSAY_STACKFLAME_XML_H
#define ASSAY_STACKFLAME_XML_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

/* How many columns of a monospaced font the character takes, roughly: 1 or 2. */
unsigned columns_of(uint32_t character);

/* Appends the bytes as text or as the value of an attribute. */
void xml_append(struct text *text, const char *bytes, size_t length);

/* The same, but at most so many columns, of which the last two are '..' where something was left out. */
void xml_append_cut(struct text *text, const char *bytes, size_t length, size_t columns);

#endif

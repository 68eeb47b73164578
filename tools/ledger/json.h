/* A strict check of JSON text (RFC 8259): well-formed UTF-8, no number, escape or white space outside the grammar, and
 * no lone surrogate. Nothing is converted. */
#ifndef ASSAY_LEDGER_JSON_H
#define ASSAY_LEDGER_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* A member that the caller looks for among those of the outermost object. */
struct member {
  const char *name;
  size_t count;      /* how often it is there; its name may be written with escapes */
  const char *value; /* its last value as it is written, not ended by NUL */
  size_t length;
};

/* True when text is exactly one JSON object; white space may stand around it. Fills the count members, which start
 * from {name}. Otherwise false, with what was expected in *expected and the offset where it was missed in *at. */
bool is_json_object(const char *text, size_t length, struct member *members, size_t count, const char **expected,
                    size_t *at);

#endif

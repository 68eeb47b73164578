#include "fields.h"

#include <stddef.h>
#include <string.h>

static const char BLANKS[] = " \t\r\v\f";

char *next_field(char **rest) {
  char *field = *rest + strspn(*rest, BLANKS), *end = field + strcspn(field, BLANKS);
  if (end == field) return NULL;
  *rest = *end ? end + 1 : end;
  *end = '\0';
  return field;
}

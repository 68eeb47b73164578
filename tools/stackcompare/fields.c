#include "fields.h"

#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

void fields_add(struct fields *fields, const char *start, size_t number) {
  struct text name = {0};
  char digits[24];
  snprintf(digits, sizeof digits, "%zu", number);
  text_append_string(&name, start);
  if (number > 0) text_append_string(&name, digits);
  grow(&fields->names, &fields->capacity, fields->count + 1, sizeof *fields->names);
  fields->names[fields->count++] = name.bytes;
}

const char *const *fields_names(const struct fields *fields) { return (const char *const *)fields->names; }

void fields_free(struct fields *fields) {
  for (size_t i = 0; i < fields->count; i++) free(fields->names[i]);
  free(fields->names);
}

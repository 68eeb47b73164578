/* The names of a table's fields, where how many there are depends on the input. */
#ifndef ASSAY_STACKCOMPARE_FIELDS_H
#define ASSAY_STACKCOMPARE_FIELDS_H

#include <stddef.h>

/* Start from {0}. */
struct fields {
  char **names;
  size_t count, capacity;
};

/* Adds a name: start, with the number behind it where that is not 0. */
void fields_add(struct fields *fields, const char *start, size_t number);

/* The names as table_begin wants them, until fields_free. */
const char *const *fields_names(const struct fields *fields);
void fields_free(struct fields *fields);

#endif

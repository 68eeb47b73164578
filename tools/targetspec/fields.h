/* The fields of a target: its target.mk, read and checked field by field. */
#ifndef ASSAY_TARGETSPEC_FIELDS_H
#define ASSAY_TARGETSPEC_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

/* In the order in which they are printed. */
enum field {
  NAME, DESCRIPTION, SOURCE, COMMIT, SHA256, DEPTH, SUBMODULES, PACKAGES, BUILD, BUILD_SYMBOLS, START, READY, PRIMARY, SECONDARY, GUARDS,
  EQUAL, CONTROL, DETERMINISTIC, EDITABLE, PROFILERS, PROFILER_SETTINGS, EVIDENCE_MIN, IMPACT_MIN, LIMIT_BUILD, LIMIT_DEPLOY,
  LIMIT_WORKLOAD, LIMIT_PROFILE, LIMIT_VALIDATE, CCACHE, FIELD_COUNT
};

struct target {
  const char *folder; /* without a slash at its end */
  char *file;         /* folder/target.mk */
  char *values[FIELD_COUNT];
  size_t lines[FIELD_COUNT]; /* where each stands; 0 for a default */
  struct arena arena;
};

/* Reads and checks target.mk in folder: whatever is wrong is fail_at(). */
struct target target_read(const char *folder);

void target_free(struct target *target);

/* The field called name; FIELD_COUNT when there is none. */
enum field field_find(const char *name);
const char *field_name(enum field field);

/* What a field may hold, for messages. */
const char *field_allowed(enum field field);

/* "file:line: field 'name': found '...', allowed: ...", exit 1. */
_Noreturn void field_fail(const struct target *target, enum field field, const char *found, const char *allowed);

/* A copy of a field's value, to be cut up; it lives as long as the target. */
char *field_copy(struct target *target, enum field field);

/* The next word of *rest (cut out of it in place); NULL when there is none. */
char *next_word(char **rest);

/* The next item of a list with commas, blanks around it left out; NULL at the end. Start with *rest the list, which is
 * cut up in place. An empty list has no items, and an empty item is one. */
char *next_item(char **rest);

/* text without blanks at both ends, in place. */
char *trim(char *text);

/* Cuts `METRIC lower|higher UNIT` in place; false when item is none. */
bool cut_metric(char *item, const char **name, const char **direction, const char **unit);

#endif

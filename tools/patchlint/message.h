/* The fields of a patch's message: lines `Name: text`, with continuation lines that begin with a blank. */
#ifndef ASSAY_PATCHLINT_MESSAGE_H
#define ASSAY_PATCHLINT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "patch.h"

enum message_field { SUBJECT, HYPOTHESIS, ROOT_CAUSE, FUNCTION, SAVING, METRIC, WORKLOAD, PARENT, MESSAGE_FIELD_COUNT };

struct message {
  struct text values[MESSAGE_FIELD_COUNT]; /* on one line each; empty where absent */
  size_t lines[MESSAGE_FIELD_COUNT];       /* 0 where absent */
  size_t repeated[MESSAGE_FIELD_COUNT];    /* the line of a second one; 0 without */
};

/* A field's name in the message (`Root-cause`), and in this tool's output (`root_cause`). */
const char *message_name(enum message_field field);
const char *message_output_name(enum message_field field);

/* Reads the message of a patch. A mail whose text is encoded otherwise than as it is, is fail_at(). */
struct message message_read(const struct patch *patch);

/* Whether a field's value is fit to be a part of a file's name: [A-Za-z0-9._-]+, or absent. True for fields of text. */
bool message_word_is_valid(const struct message *message, enum message_field field);

/* Whether text holds digits and one of = * x × + - / as an operator: not a hyphen, slash or x within a word. */
bool message_has_arithmetic(const char *text);

void message_free(struct message *message);

#endif

/* Whether a change of source changes its structure, or only its numbers, or nothing that runs. */
#ifndef ASSAY_PATCHLINT_STRUCTURE_H
#define ASSAY_PATCHLINT_STRUCTURE_H

#include "patch.h"

enum change {
  NO_CODE_CHANGE, /* comments and white space, if anything */
  NUMBERS_ONLY,   /* numbers: a run of them joined by + - * / % << >> ** and parentheses is one number */
  STRUCTURAL
};

enum change hunk_change(const struct hunk *hunk);

#endif

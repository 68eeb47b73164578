/* The verdicts for programs: one row a metric, as TSV or as a JSON array of objects. */
#ifndef ABSTAT_TABLE_H
#define ABSTAT_TABLE_H

#include <stddef.h>

#include "decision.h"

/* What the rows say besides their findings. */
struct table_row {
  const struct finding *finding;
  const struct design *design;
  const char *arm;   /* the changed one; NULL for none that ran */
  const char *scale; /* the file that it is judged by; NULL where scales are not compared */
};

void table_print_tsv(const struct table_row *rows, size_t count);
void table_print_json(const struct table_row *rows, size_t count);

#endif

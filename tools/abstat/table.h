/* The verdicts for programs: one row a metric, as TSV or as a JSON array of objects. */
#ifndef ABSTAT_TABLE_H
#define ABSTAT_TABLE_H

#include <stddef.h>

#include "design.h"
#include "question.h"
#include "rule.h"
#include "statistics.h"

/* A metric with all that was found out about it. */
struct finding {
  const struct question *question;
  struct statistics statistics;
  struct judgement judgement;
};

void table_print_tsv(const struct finding *findings, size_t count, const struct design *design);
void table_print_json(const struct finding *findings, size_t count, const struct design *design);

#endif

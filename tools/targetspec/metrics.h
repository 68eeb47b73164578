/* The metrics of a target, and the pipelines that explain them, put together from its fields. */
#ifndef ASSAY_TARGETSPEC_METRICS_H
#define ASSAY_TARGETSPEC_METRICS_H

#include "fields.h"

/* A metric with what the fields say about it. */
struct metric {
  const char *name;
  const char *direction, *unit; /* NULL where nothing says it */
  const char *guard;            /* the limit, `+10%` or `max=0`; NULL without one */
  enum field field;             /* PRIMARY, SECONDARY, GUARDS, EQUAL or CONTROL: where it is introduced */
  bool deterministic;           /* the same in every run of the same code */
  bool printed;
};

struct metrics {
  struct metric *list; /* in the order of the fields */
  size_t count, capacity;
};

/* An entry of the field profilers; metric may be `default`, `also` or `exercised`. */
struct profiler {
  const char *metric, *pipeline;
};

struct profilers {
  struct profiler *list;
  size_t count, capacity;
};

/* Reads the fields primary, secondary, guards, equal, control and deterministic: what contradicts itself is fail_at(). The texts live as long
 * as the target; the caller frees the list. */
struct metrics metrics_read(struct target *target);

struct metric *metrics_find(const struct metrics *metrics, const char *name);

/* Reads the fields profilers and profiler_settings: every metric that can be primary must have a pipeline. The caller
 * frees the list. */
struct profilers profilers_read(struct target *target, const struct metrics *metrics);

/* The pipeline for a metric, its own or the default; without one, fail_at(). */
const char *profilers_find(const struct target *target, const struct profilers *profilers, const char *metric);

#endif

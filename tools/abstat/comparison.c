#include "comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static struct decision decide_variant(const struct comparison *comparison, const struct options *options,
                                      double divisor) {
  return decide(&comparison->pair, &comparison->design, &options->questions, &options->policy, divisor);
}

/* Holm's step-down over the variants from first on. */
static void step_down(struct comparisons *comparisons, size_t first, const struct options *options) {
  size_t kept = 0, before;
  do {
    before = kept;
    double divisor = (double)(comparisons->count - first - kept);
    for (size_t i = first; i < comparisons->count; i++) {
      struct comparison *comparison = &comparisons->list[i];
      if (comparison->decision.findings && comparison->decision.verdict == VERDICT_KEEP) continue;
      decision_free(&comparison->decision);
      comparison->decision = decide_variant(comparison, options, divisor);
    }
    kept = 0;
    for (size_t i = first; i < comparisons->count; i++)
      kept += comparisons->list[i].decision.verdict == VERDICT_KEEP;
  } while (kept > before && kept < comparisons->count - first);
}

void comparisons_add(struct comparisons *comparisons, const struct samples *whole, const struct options *options,
                     const char *scale) {
  size_t variants = samples_variant_count(whole), first = comparisons->count;
  grow(&comparisons->list, &comparisons->capacity, first + variants, sizeof *comparisons->list);
  for (size_t variant = 1; variant <= variants; variant++) {
    struct comparison *comparison = &comparisons->list[comparisons->count++];
    *comparison = (struct comparison){.scale = scale};
    samples_pair(whole, variant, &comparison->pair);
    comparison->design = design_recognize(&comparison->pair, options->seed, variants + 1);
  }
  step_down(comparisons, first, options);
}

static double sign_of(const struct comparison *comparison) {
  double estimate = comparison->decision.findings[0].statistics.effect.estimate;
  return estimate > 0 ? 1 : estimate < 0 ? -1 : 0;
}

void comparisons_reconcile(struct comparisons *comparisons) {
  for (size_t i = 0; i < comparisons->count; i++) {
    struct comparison *comparison = &comparisons->list[i];
    if (comparison->decision.verdict != VERDICT_KEEP) continue;
    const char *arm = comparison->pair.arm_names[CHANGED];
    for (size_t j = 0; j < comparisons->count; j++) {
      const struct comparison *other = &comparisons->list[j];
      const char *other_arm = other->pair.arm_names[CHANGED];
      if (!arm || !other_arm || strcmp(arm, other_arm) != 0 || sign_of(other) > 0) continue;
      comparison->decision.verdict = VERDICT_INCONCLUSIVE;
      comparison->decision.findings[0].judgement.verdict = VERDICT_INCONCLUSIVE;
      comparison->decision.findings[0].judgement.reason = REASON_SIGNS_DIFFER;
    }
  }
}

enum verdict comparisons_verdict(const struct comparisons *comparisons) {
  const char *last = comparisons->list[comparisons->count - 1].scale;
  enum verdict verdict = VERDICT_DISCARD;
  for (size_t i = 0; i < comparisons->count; i++) {
    const struct comparison *comparison = &comparisons->list[i];
    if (comparison->scale != last) continue;
    if (comparison->decision.verdict == VERDICT_KEEP) return VERDICT_KEEP;
    if (comparison->decision.verdict == VERDICT_INCONCLUSIVE) verdict = VERDICT_INCONCLUSIVE;
  }
  return verdict;
}

void comparisons_free(struct comparisons *comparisons) {
  for (size_t i = 0; i < comparisons->count; i++) {
    decision_free(&comparisons->list[i].decision);
    design_free(&comparisons->list[i].design);
    samples_free(&comparisons->list[i].pair);
  }
  free(comparisons->list);
}

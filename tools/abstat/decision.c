#include "decision.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"

/* What an earlier look than this says does not stand when more blocks were run. */
enum { FIRST_DECIDING_LOOK = 2 };

/* The look at which a number of runs of each arm stand: as many as are in K blocks. */
static size_t look_number(size_t runs, const struct policy *policy) { return runs / policy->runs_each; }

/* Blocks of another size than the policy's share its looks: of two that stand at the same one the first spends it. */
static struct look look_at(const struct design *design, const struct statistics *primary, const struct policy *policy,
                           double divisor) {
  bool has_blocks = design->kind == DESIGN_PLANNED || design->kind == DESIGN_BLOCKED;
  size_t base = primary->arms[BASE].count, changed = primary->arms[CHANGED].count, before = 0;
  size_t number = look_number(base < changed ? base : changed, policy);
  if (has_blocks) {
    number = look_number(design->block_count * design->runs_each, policy);
    before = look_number((design->block_count - 1) * design->runs_each, policy);
  }
  struct look look = {.number = number ? number : 1, .last = policy->max_blocks, .divisor = divisor};
  if (number > before) look.weight = policy->weights[(number < look.last ? number : look.last) - 1];
  look.runs_at_most = (double)(look.last * policy->runs_each);
  return look;
}

static const struct finding *find(const struct decision *decision, enum role role, enum verdict verdict) {
  for (size_t i = 0; i < decision->count; i++)
    if (decision->findings[i].question->role == role && decision->findings[i].judgement.verdict == verdict)
      return &decision->findings[i];
  return NULL;
}

/* Failures first, then wrong answers, then a moved control, then the guards, then the primary itself. */
static void combine(struct decision *decision) {
  const struct finding *primary = &decision->findings[0], *found;
  decision->because = primary;
  decision->verdict = primary->judgement.verdict;
  if (primary->judgement.reason == REASON_FAILURES || primary->judgement.reason == REASON_ENVIRONMENT) return;
  if ((found = find(decision, ROLE_EQUAL, VERDICT_FAIL))) decision->because = found, decision->verdict = VERDICT_DISCARD;
  else if ((found = find(decision, ROLE_CONTROL, VERDICT_INCONCLUSIVE)) &&
           found->judgement.reason == REASON_ENVIRONMENT)
    decision->because = found, decision->verdict = VERDICT_INCONCLUSIVE;
  else if ((found = find(decision, ROLE_GUARD, VERDICT_FAIL)))
    decision->because = found, decision->verdict = VERDICT_DISCARD;
  else if (decision->verdict == VERDICT_KEEP && (found = find(decision, ROLE_GUARD, VERDICT_INCONCLUSIVE)))
    decision->because = found, decision->verdict = VERDICT_INCONCLUSIVE;
}

/* Only what may still change the decision asks for further blocks. */
static void settle(struct decision *decision) {
  bool open = decision->verdict == VERDICT_INCONCLUSIVE && decision->because->judgement.next > 0;
  for (size_t i = 0; i < decision->count; i++)
    if (!open) decision->findings[i].judgement.next = 0;
}

static struct decision decide_at(const struct samples *samples, const struct design *design,
                                 const struct questions *questions, const struct policy *policy, double divisor) {
  struct decision decision = {.count = questions->count, .design = *design};
  decision.findings = take_array(decision.count, sizeof *decision.findings);
  for (size_t i = 0; i < decision.count; i++) {
    struct finding *finding = &decision.findings[i];
    finding->question = &questions->list[i];
    finding->statistics = statistics_of(samples, design, i, finding->question, policy);
    if (i == 0) decision.look = look_at(design, &finding->statistics, policy, divisor);
    finding->judgement = judge(finding->question, &finding->statistics, design, &decision.look, policy);
  }
  combine(&decision);
  settle(&decision);
  return decision;
}

static struct decision decide_by_looks(const struct samples *samples, const struct design *design,
                                       const struct questions *questions, const struct policy *policy,
                                       double divisor) {
  bool has_looks = policy->rule == RULE_BLOCKED && !policy->confirm &&
                   (design->kind == DESIGN_PLANNED || design->kind == DESIGN_BLOCKED);
  if (!has_looks) return decide_at(samples, design, questions, policy, divisor);
  for (size_t blocks = 1; blocks <= design->block_count; blocks++) {
    size_t number = look_number(blocks * design->runs_each, policy);
    bool is_last = blocks == design->block_count || number >= policy->max_blocks;
    if (!is_last && number < FIRST_DECIDING_LOOK) continue;
    struct design prefix = design_prefix(design, blocks);
    bool earlier = blocks < design->block_count;
    struct decision decision = decide_at(samples, earlier ? &prefix : design, questions, policy, divisor);
    decision.earlier = earlier;
    if (is_last || decision.verdict != VERDICT_INCONCLUSIVE) return decision;
    decision_free(&decision);
  }
  return decide_at(samples, design, questions, policy, divisor);
}

/* What the default rule would say. */
static enum verdict blocked_verdict(const struct samples *samples, const struct design *design,
                                    const struct questions *questions, const struct policy *policy, double divisor,
                                    const struct effect *effect) {
  struct policy blocked = *policy;
  blocked.rule = RULE_BLOCKED;
  if (!(blocked.minimum_effect > 0)) blocked.minimum_effect = policy_default().minimum_effect;
  if (!effect->relative && isnan(blocked.minimum_absolute)) blocked.minimum_absolute = 0;
  struct decision decision = decide_by_looks(samples, design, questions, &blocked, divisor);
  decision_free(&decision);
  return decision.verdict;
}

struct decision decide(const struct samples *samples, const struct design *design, const struct questions *questions,
                       const struct policy *policy, double divisor) {
  struct decision decision = decide_by_looks(samples, design, questions, policy, divisor);
  if (policy->rule == RULE_SEED)
    decision.other_verdict = blocked_verdict(samples, design, questions, policy, divisor,
                                             &decision.findings[0].statistics.effect);
  else decision.other_verdict = decision.findings[0].judgement.seed_verdict;
  return decision;
}

void decision_free(struct decision *decision) { free(decision->findings); }

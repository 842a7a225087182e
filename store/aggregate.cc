#include "store/aggregate.h"

#include <algorithm>

namespace winnow::store {
namespace {

void FoldSamples(const Outcome& outcome, PromptAggregate* aggregate) {
  for (const SampleOutcome& sample : outcome.samples) {
    ++aggregate->samples_by_kind[static_cast<size_t>(sample.kind) - 1];
    if (sample.kind != VerdictKind::kScored) continue;
    const double reward = static_cast<double>(sample.reward);
    aggregate->reward_sum += reward;
    aggregate->reward_square_sum += reward * reward;
  }
}

void FoldClass(OutcomeClass cls, PromptAggregate* aggregate) {
  ++aggregate->groups_by_class[static_cast<size_t>(cls)];
  aggregate->streak = NextStreak(aggregate->streak, cls);
  if (cls == OutcomeClass::kUnknown) return;
  if (!aggregate->unseen() && aggregate->last_class() != cls) ++aggregate->class_changes;
  if (aggregate->num_recent == PromptAggregate::kMaxRecent) {
    std::move(aggregate->recent.begin() + 1, aggregate->recent.end(), aggregate->recent.begin());
    --aggregate->num_recent;
  }
  aggregate->recent[aggregate->num_recent++] = cls;
}

void FoldPosterior(const MoppsPrior& prior, const Outcome& outcome, PromptAggregate* aggregate) {
  const double width = prior.reward_max - prior.reward_min;
  double sum = 0;
  double k = 0;
  for (const SampleOutcome& sample : outcome.samples) {
    if (sample.kind != VerdictKind::kScored) continue;
    sum += (static_cast<double>(sample.metric) - prior.reward_min) / width;
    k += 1;
  }
  if (k == 0) return;
  const double forget = 1 - prior.lambda;
  aggregate->mopps_a = prior.lambda * aggregate->mopps_a + forget * prior.prior_alpha + sum;
  aggregate->mopps_b = prior.lambda * aggregate->mopps_b + forget * prior.prior_beta + k - sum;
}

}  // namespace

int PromptAggregate::recent_changes() const {
  int changes = 0;
  for (int i = 1; i < num_recent; ++i) changes += recent[i] != recent[i - 1] ? 1 : 0;
  return changes;
}

PromptAggregate EmptyAggregate(const MoppsPrior& prior) {
  PromptAggregate aggregate;
  aggregate.mopps_a = prior.prior_alpha;
  aggregate.mopps_b = prior.prior_beta;
  return aggregate;
}

void FoldOutcome(const MoppsPrior& prior, const Outcome& outcome, PromptAggregate* aggregate) {
  ++aggregate->groups;
  FoldSamples(outcome, aggregate);
  aggregate->unknown_run = NumScored(outcome) == 0 ? aggregate->unknown_run + 1 : 0;
  if (outcome.shadow) {
    ++aggregate->shadow;
    return;
  }
  aggregate->trained += outcome.trained ? 1 : 0;
  aggregate->surplus += outcome.surplus ? 1 : 0;
  aggregate->last_step = outcome.step;
  aggregate->last_epoch = outcome.epoch;
  FoldClass(outcome.cls, aggregate);
  FoldPosterior(prior, outcome, aggregate);
}

void FoldSkip(const Skip& skip, PromptAggregate* aggregate) {
  ++aggregate->skips;
  ++aggregate->skips_by_reason[static_cast<size_t>(skip.reason)];
  aggregate->last_skip_step = skip.step;
  aggregate->last_skip_epoch = skip.epoch;
  aggregate->last_skip_reason = skip.reason;
}

}  // namespace winnow::store

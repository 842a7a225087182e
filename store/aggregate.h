#pragma once

#include <array>
#include <cstdint>

#include "store/outcome.h"

namespace winnow::store {

// The parameters of the Beta posterior that filter `mopps` keeps for each prompt (greso.md §4).
struct MoppsPrior {
  double lambda = 1;  // share of the old posterior that a new group keeps
  double prior_alpha = 1;
  double prior_beta = 1;
  double reward_min = 0;  // the range [lo, hi] of the metric
  double reward_max = 1;

  friend bool operator==(const MoppsPrior&, const MoppsPrior&) = default;
};

// Everything history has to say of one prompt in one small record: the fold of its outcomes and
// skips in key order, bit for bit (invariant I5). Shadow groups count in `groups`, `shadow`,
// `samples_by_kind`, the reward sums and `unknown_run` only: they are measured, never learnt from.
struct PromptAggregate {
  static constexpr int kMaxRecent = 8;

  uint32_t groups = 0;
  uint32_t trained = 0;
  uint32_t surplus = 0;
  uint32_t shadow = 0;
  std::array<uint32_t, 4> samples_by_kind{};  // at VerdictKind - 1
  double reward_sum = 0;                      // over scored samples
  double reward_square_sum = 0;
  uint64_t last_step = 0;  // of the last group that was no shadow
  uint32_t last_epoch = 0;

  int32_t streak = 0;                             // z of greso.md §2.2
  uint32_t class_changes = 0;                     // between successive known classes
  std::array<uint32_t, 4> groups_by_class{};      // at OutcomeClass
  uint8_t num_recent = 0;                         // known classes in `recent`
  std::array<OutcomeClass, kMaxRecent> recent{};  // the last known classes, newest last
  uint32_t unknown_run = 0;  // groups in a row without one scored sample, up to the last

  uint32_t skips = 0;
  std::array<uint32_t, kNumFilterReasons> skips_by_reason{};
  uint64_t last_skip_step = 0;
  uint32_t last_skip_epoch = 0;
  FilterReason last_skip_reason = FilterReason::kUnseen;

  double mopps_a = 0;
  double mopps_b = 0;

  // No outcome of a known class yet.
  bool unseen() const { return num_recent == 0; }
  // Class of the last known outcome; kUnknown if unseen.
  OutcomeClass last_class() const {
    return unseen() ? OutcomeClass::kUnknown : recent[num_recent - 1];
  }
  uint32_t num_scored() const { return samples_by_kind[0]; }
  // Mean reward of the scored samples; 0 if there is none.
  double mean_reward() const { return num_scored() == 0 ? 0 : reward_sum / num_scored(); }
  // The last offer was skipped.
  bool skipped_last() const {
    return skips > 0 && (groups == shadow || last_skip_step > last_step);
  }
  // Class changes among the last kMaxRecent known outcomes.
  int recent_changes() const;

  friend bool operator==(const PromptAggregate&, const PromptAggregate&) = default;
};

// Of a prompt without history: all zero, a and b at their prior.
PromptAggregate EmptyAggregate(const MoppsPrior& prior);

// Adds one group. With R the metric over the k scored samples, x = (R - lo) / (hi - lo), S = sum x,
// for k > 0 (arXiv:2507.04632, code read):
//   a <- lambda a + (1 - lambda) a0 + S,   b <- lambda b + (1 - lambda) b0 + k - S
void FoldOutcome(const MoppsPrior& prior, const Outcome& outcome, PromptAggregate* aggregate);

// Adds one skipped offer. Touches other members than FoldOutcome, so the two commute.
void FoldSkip(const Skip& skip, PromptAggregate* aggregate);

}  // namespace winnow::store

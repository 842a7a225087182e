#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace winnow::store {

// What history keeps of one sample of a group.
struct SampleOutcome {
  VerdictKind kind = VerdictKind::kError;
  FinishReason finish = FinishReason::kError;
  uint32_t length = 0;  // response tokens
  float reward = 0;     // meaningless, and not stored, unless kind is kScored
  float metric = 0;     // value of `filter.metric`; normally the reward. As for reward.

  friend bool operator==(const SampleOutcome&, const SampleOutcome&) = default;
};

// What a group says of its prompt (greso.md §2.1). Numbers are stored: never renumber.
enum class OutcomeClass : uint8_t { kUnknown = 0, kEffective = 1, kEasy = 2, kHard = 3 };
// `unknown`, `effective`, `easy` or `hard`.
std::string_view OutcomeClassName(OutcomeClass cls);

// Why a filter kept or skipped an offer (greso.md §4). Numbers are stored: never renumber.
enum class FilterReason : uint8_t {
  kUnseen = 0,  // kept, these four
  kEffective = 1,
  kExplore = 2,
  kNoFilter = 3,
  kEasy = 4,  // skipped, the rest
  kHard = 5,
  kRandom = 6,
  kRankedOut = 7,
  kQuarantined = 8,
};
inline constexpr int kNumFilterReasons = 9;
// `unseen`, `effective`, `explore`, `no_filter`, `easy`, `hard`, `random`, `ranked_out` or
// `quarantined`.
std::string_view FilterReasonName(FilterReason reason);

// One group as history keeps it: what was generated for one offer and what came of it.
struct Outcome {
  PromptId prompt;
  uint64_t step = 0;
  uint16_t occurrence = 0;    // 0 in winnow mode: a prompt is offered once a step
  uint32_t epoch = 0;         // pass over the data, from 0
  PolicyVersion version_min;  // of the tokens of all samples
  PolicyVersion version_max;
  std::vector<SampleOutcome> samples;  // in sample order
  OutcomeClass cls = OutcomeClass::kUnknown;
  bool trained = false;
  bool surplus = false;  // effective, but more than the update had place for
  bool shadow = false;   // skipped, generated only to measure the filter

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// One offer that a filter did not let through, with the numbers that decided it.
struct Skip {
  PromptId prompt;
  uint64_t step = 0;
  uint32_t epoch = 0;
  FilterReason reason = FilterReason::kRandom;
  int32_t streak = 0;
  double p = 0;                 // base exploration probability
  double skip_probability = 0;  // s
  double u = 0;                 // the keyed draw; skipped iff u < s

  friend bool operator==(const Skip&, const Skip&) = default;
};

// The parameters of Classify.
struct ClassifyRule {
  double tolerance = 1e-6;  // largest spread of a zero-variance group
  double midpoint = 0.5;    // an easy group's mean lies above it
  uint32_t n = 0;           // samples a group has at least (rollout.n)

  friend bool operator==(const ClassifyRule&, const ClassifyRule&) = default;
};

// The class of a group (greso.md §2.1). R = metric of the scored samples [k] f32, k = |R|:
//   effective  k >= 2 and max R - min R > tolerance
//   easy       k = n and max R - min R <= tolerance and mean R > midpoint;  hard: mean R <=
//   midpoint unknown    otherwise: a missing value may hide a spread, while a spread stays a spread
// Differences and means are double; n is the group's size, at least rule.n (a group that got extra
// samples counts them all; one that lacks samples is never zero-variance).
OutcomeClass Classify(const ClassifyRule& rule, const Outcome& outcome);

// Streaks saturate here, on both sides.
inline constexpr int32_t kMaxStreak = 1 << 30;

// The streak z after one more outcome (greso.md §2.2):
//   effective 0;  easy z > 0 ? z+1 : 1;  hard z < 0 ? z-1 : -1;  unknown z
int32_t NextStreak(int32_t streak, OutcomeClass cls);

// Samples with a reward.
uint32_t NumScored(const Outcome& outcome);

}  // namespace winnow::store

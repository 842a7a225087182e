#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// What a group with one scored sample takes as its baseline (learner.md §2).
enum class SingleSampleGroup {
  kZero,  // mean = R, so A = 0 before any whitening
  kRaw,   // mean = 0 and deviation = 1, as verl does
};

// Reads `zero` or `raw`. Errors: kInvalidArgument naming what is allowed.
Result<SingleSampleGroup> ParseSingleSampleGroup(std::string_view name);

// algorithm.* keys that the estimators read; names are those of spec/config.md.
struct AdvantageOptions {
  bool norm_adv_by_std_in_grpo = true;
  double adv_epsilon = 1e-6;  // added to the deviation
  double gamma = 1.0;         // discount of reinforce_plus_plus
  SingleSampleGroup single_sample_group = SingleSampleGroup::kZero;
  double tolerance = 1e-6;  // filter.tolerance: a group of smaller spread has A = 0 exactly
};

// One training batch: B sequences of response tokens, flat, in batch order.
struct AdvantageInput {
  std::span<const size_t> offsets;  // [B + 1]; tokens of sequence i are [offsets[i], offsets[i+1])
  std::span<const uint8_t> mask;    // [tokens] m: sampled, and its trajectory is trained on
  std::span<const size_t> group;    // [B] any id; equal for samples of one group
  std::span<const uint8_t> scored;  // [B] 0: no reward, out of every statistic, m counts as 0
  std::span<const double> reward;   // [B] R_i; read where scored
  std::span<const double> token_reward;  // [tokens] ρ_t; read by reinforce_plus_plus where scored

  size_t num_sequences() const { return scored.size(); }
};

// Turns rewards into one advantage per token.
// Threads:   stateless, any.
// Numbers:   all arithmetic is double, sums in batch order, then position order.
// Errors:    kInvalidArgument where a statistic does not exist (whitening fewer than two tokens).
class AdvantageEstimator {
 public:
  virtual ~AdvantageEstimator() = default;
  // A per token [tokens]; 0 where m = 0 or the sample is not scored.
  virtual Result<std::vector<double>> Estimate(const AdvantageInput& input) const = 0;
};

}  // namespace winnow::learner

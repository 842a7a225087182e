#pragma once

#include <memory>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// Group-relative advantage (arXiv 2402.03300 §4.1; without the division arXiv 2503.20783, Dr.
// GRPO):
//   A = (R_i − R̄)/(σ + ε)   norm_adv_by_std_in_grpo: true,  ε = adv_epsilon
//   A = R_i − R̄             norm_adv_by_std_in_grpo: false
// R̄, σ (unbiased) over the scored samples of the group; one A for all tokens of a sequence.
std::unique_ptr<AdvantageEstimator> MakeGrpo(const AdvantageOptions& options);

}  // namespace winnow::learner

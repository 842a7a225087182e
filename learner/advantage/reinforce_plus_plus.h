#pragma once

#include <memory>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// Token returns without groups (arXiv 2501.03262): A = whiten(G_t), G_t = ρ_t + γ·G_{t+1}; a token
// with m = 0 passes G_{t+1} on undiscounted. ρ_t = token_reward, γ = gamma.
std::unique_ptr<AdvantageEstimator> MakeReinforcePlusPlus(const AdvantageOptions& options);

}  // namespace winnow::learner

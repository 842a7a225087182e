#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "learner/loss/interface.h"

namespace winnow::learner {

// Clip-Cov (arXiv 2505.22617, eq. 11): PPO's clip, and no gradient at a few tokens of large
// covariance between advantage and log-prob:
//   r = exp(d);  ℓ = max(−A r, −A clip(r, 1 − ε_l, 1 + ε_h));  ℓ = 0 at selected tokens
//   dℓ/dx = −A r; 0 where clipped or selected. Selected tokens stay in N and S.
// Selected: K = max(1, ⌊clip_cov_ratio·N⌋) of ClipCovCandidates without replacement, those of
// smallest keyed priority (SelectionPriority), all if they are fewer.
std::unique_ptr<PolicyLoss> MakeClipCov(const PolicyLossOptions& options);

// Flat indices, ascending, of tokens with clip_cov_lb < C < clip_cov_ub that are not clipped.
std::vector<size_t> ClipCovCandidates(const LossTokens& tokens, const PolicyLossOptions& options);

}  // namespace winnow::learner

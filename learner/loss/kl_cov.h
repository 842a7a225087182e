#pragma once

#include <memory>

#include "learner/loss/interface.h"

namespace winnow::learner {

// KL-Cov (arXiv 2505.22617, eq. 12): no clip, and a penalty at the tokens of largest covariance:
//   r = exp(d);  ℓ = −A r, + λ|d| at selected tokens;  dℓ/dx = −A r, + λ sign(d) there
// λ = ppo_kl_coef. Selected: the K = max(1, ⌊kl_cov_ratio·N⌋) tokens of largest C; ties by
// (sequence, position).
std::unique_ptr<PolicyLoss> MakeKlCov(const PolicyLossOptions& options);

}  // namespace winnow::learner

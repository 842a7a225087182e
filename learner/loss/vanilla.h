#pragma once

#include <memory>

#include "learner/loss/interface.h"

namespace winnow::learner {

// Clipped surrogate of PPO (arXiv 1707.06347, eq. 7) with dual clip (arXiv 1912.09729, eq. 5):
//   r = exp(clamp(d, ±20)), d = x − x_old
//   ℓ = max(−A r, −A clip(r, 1 − ε_l, 1 + ε_h));  if A < 0: ℓ = min(ℓ, −c A)
//   dℓ/dx = −A r; 0 where the clipped branch is strictly larger, the dual branch strictly smaller,
//   or |d| > 20. At equality the unclipped branch counts.
// ε_l, ε_h, c = clip_ratio_low, clip_ratio_high, clip_ratio_c (null = no dual clip).
std::unique_ptr<PolicyLoss> MakeVanilla(const PolicyLossOptions& options);

}  // namespace winnow::learner

#pragma once

#include <memory>

#include "learner/loss/interface.h"

namespace winnow::learner {

// Clipped importance weights, never clipped gradients (arXiv 2506.13585, eq. 4):
//   r = exp(clamp(d, ±20));  ℓ = −sg(clip(r, 1 − ε_l, 1 + ε_h))·A·x
//   dℓ/dx = −clip(r)·A on every token.
std::unique_ptr<PolicyLoss> MakeCispo(const PolicyLossOptions& options);

}  // namespace winnow::learner

#pragma once

#include <memory>

#include "learner/loss/interface.h"

namespace winnow::learner {

// Sequence-level ratio (arXiv 2507.18071, eq. 5 and 7):
//   s_i = exp(min(10, Σ_t m d / max(n_i, 1))),  r_it = s_i · exp(x − sg(x))
//   ℓ = max(−A s, −A clip(s, 1 − ε_l, 1 + ε_h));  dℓ/dx = −A s
//   0 where the clipped branch is strictly larger, and in a sequence whose mean exceeds 10.
// n_i counts tokens with m = 1 only: forced tokens do not lengthen a sequence. No dual clip.
std::unique_ptr<PolicyLoss> MakeGspo(const PolicyLossOptions& options);

}  // namespace winnow::learner

#pragma once

#include <optional>
#include <span>

#include "base/thread_pool.h"

namespace winnow::learner {

// g = sqrt(Σ x²) over a whole flat gradient, in double. Partial sums over blocks of fixed size are
// added in block order, so the result does not depend on the threads.
template <typename Real>
double GlobalNorm(std::span<const Real> gradient, ThreadPool* pool);

// min(1, clip_grad/(g + 1e-6)); 1 if clip_grad is null (arXiv 1211.5063, §3.2).
double ClipFactor(double norm, std::optional<double> clip_grad);

}  // namespace winnow::learner

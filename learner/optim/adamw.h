#pragma once

#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "learner/optim/interface.h"

namespace winnow::learner {

// AdamW (arXiv 1711.05101, algorithm 2), per element, in this order, k counted from 1:
//   p  *= 1 − η·λ                           decayed segments only
//   m1  = β1·m1 + (1 − β1)·g
//   m2  = β2·m2 + (1 − β2)·g²
//   p  −= η·(m1/(1 − β1^k)) / (sqrt(m2/(1 − β2^k)) + eps)
// Arithmetic is double; p, m1, m2 are rounded to Real once each. One fused pass, 28 bytes a
// parameter. `pool` must outlive the result.
template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeAdamW(const OptimizerOptions& options,
                                           std::vector<ParameterSegment> segments,
                                           ThreadPool* pool);

}  // namespace winnow::learner

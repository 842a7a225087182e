#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "learner/optim/interface.h"

namespace winnow::learner {

// The optimizer named options.name over a buffer made of `segments`; `pool` must outlive it.
// Errors: kUnimplemented for a name of the design that is not built, kInvalidArgument for others.
template <typename Real>
Result<std::unique_ptr<Optimizer<Real>>> MakeOptimizer(const OptimizerOptions& options,
                                                       std::vector<ParameterSegment> segments,
                                                       ThreadPool* pool);

}  // namespace winnow::learner

#include "learner/optim/registry.h"

#include <utility>

#include "base/format.h"
#include "learner/optim/adamw.h"

namespace winnow::learner {

template <typename Real>
Result<std::unique_ptr<Optimizer<Real>>> MakeOptimizer(const OptimizerOptions& options,
                                                       std::vector<ParameterSegment> segments,
                                                       ThreadPool* pool) {
  if (options.name == "adamw") return MakeAdamW<Real>(options, std::move(segments), pool);
  if (options.name == "adamw8bit" || options.name == "apollo" || options.name == "galore") {
    return Unimplemented(Format("learner.optim.name: {} is not built yet", options.name));
  }
  return InvalidArgument(Format("learner.optim.name must be adamw: \"{}\"", options.name));
}

template Result<std::unique_ptr<Optimizer<float>>> MakeOptimizer(const OptimizerOptions&,
                                                                 std::vector<ParameterSegment>,
                                                                 ThreadPool*);
template Result<std::unique_ptr<Optimizer<double>>> MakeOptimizer(const OptimizerOptions&,
                                                                  std::vector<ParameterSegment>,
                                                                  ThreadPool*);

}  // namespace winnow::learner

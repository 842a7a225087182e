#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// Names that algorithm.adv_estimator accepts, in the order of spec/config.md.
const std::vector<std::string_view>& AdvantageEstimatorNames();

// Errors: kInvalidArgument naming what is allowed.
Result<std::unique_ptr<AdvantageEstimator>> MakeAdvantageEstimator(std::string_view name,
                                                                   const AdvantageOptions& options);

}  // namespace winnow::learner

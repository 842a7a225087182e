#pragma once

#include <memory>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// Leave-one-out baseline (arXiv 2402.14740, eq. 5): A = R_i − (mean of the others of its group)
//   = (R_i − R̄)·k/(k − 1),  k scored samples.
std::unique_ptr<AdvantageEstimator> MakeRloo(const AdvantageOptions& options);

}  // namespace winnow::learner

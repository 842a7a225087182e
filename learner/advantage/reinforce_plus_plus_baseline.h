#pragma once

#include <memory>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// Group mean as baseline, batch deviation as scale (arXiv 2501.03262): A = whiten(R_i − R̄).
std::unique_ptr<AdvantageEstimator> MakeReinforcePlusPlusBaseline(const AdvantageOptions& options);

}  // namespace winnow::learner

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "learner/advantage/interface.h"

namespace winnow::learner {

// Whitens `values` [tokens] in place over the tokens that count (m = 1 and scored), over the whole
// training batch:  (a − μ)/sqrt(v + 1e-8),  μ = Σa/(N + 1e-8),  v = Σ(a − μ)²/(N + 1e-8)·N/(N − 1).
// Long responses weigh more. Errors: kInvalidArgument for N < 2.
Status Whiten(const AdvantageInput& input, std::span<double> values);

}  // namespace winnow::learner

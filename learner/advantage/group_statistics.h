#pragma once

#include <cstddef>
#include <vector>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// What the group estimators read of the group G of one sequence; k = |G| scored samples.
struct GroupStatistics {
  size_t count = 0;      // k
  double mean = 0;       // R̄ = Σ R / k
  double deviation = 0;  // σ = sqrt(Σ (R − R̄)² / (k − 1)), unbiased; 1 for k = 1 with `raw`
  bool spread = false;   // false: max R − min R ≤ tolerance, so A = 0 by this test (k ≥ 2)
};

// Per sequence [B], the statistics of its group over the scored samples; empty ones for a sequence
// that is not scored. Groups may be interleaved.
std::vector<GroupStatistics> GroupStatisticsOf(const AdvantageInput& input,
                                               const AdvantageOptions& options);

// Gives every token with m = 1 of scored sequence i the value advantage[i]; 0 elsewhere.
std::vector<double> SpreadOverTokens(const AdvantageInput& input,
                                     const std::vector<double>& advantage);

}  // namespace winnow::learner

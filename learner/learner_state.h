#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace winnow::learner {

// What a learner must remember beside weights and moments. Noise is keyed, so there is no generator
// state, and the schedule is a function of the training step.
struct LearnerState {
  uint64_t num_updates = 0;  // k of the bias corrections
  double kl_coef = 0;        // β of a KL in the reward
  int skipped_in_a_row = 0;
};

// One line of JSON; doubles come back bit for bit.
std::string WriteLearnerState(const LearnerState& state);
// Errors: kDataLoss if `json` is not what WriteLearnerState writes.
Result<LearnerState> ReadLearnerState(std::string_view json);

}  // namespace winnow::learner

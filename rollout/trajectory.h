#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace winnow::rollout {

// One response and what is needed to train on it.
struct Trajectory {
  PromptId prompt;
  uint32_t sample = 0;                // index in the group
  std::vector<int32_t> tokens;        // response, the end-of-sequence token included
  std::vector<float> log_probs;       // behaviour log-prob per token (speculation.md §1.4)
  std::vector<float> full_log_probs;  // without truncation, what the learner recomputes
  FinishReason finish = FinishReason::kError;
  bool ended_by_eos = false;  // the last token is an end-of-sequence token
  PolicyVersion version;      // of the weights that generated it
};

}  // namespace winnow::rollout

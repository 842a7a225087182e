#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"

namespace winnow::orchestrator {

// What a run carries from step to step beside weights, moments and history: part of each training
// checkpoint (state.json) and of the history's meta, so it commits with them.
struct RunState {
  uint64_t step = 0;          // the last committed one
  PolicyVersion version;      // of the weights after it
  uint64_t updates_step = 0;  // training steps that made an update: the schedule's u
  uint64_t rollouts = 0;      // responses generated for training
  uint64_t response_tokens = 0;
  uint64_t prompts_skipped = 0;
  double wall_seconds = 0;
  double max_logp_mismatch = 0;
  std::optional<double> accuracy_before;  // at version 0
  std::optional<double> accuracy_last;    // of the last evaluation
  uint64_t accuracy_last_version = 0;     // at which it was made
  std::string planner;                    // RolloutPlanner::Save
  std::string learner;                    // learner's scalar state
  std::string data_digest;                // PromptSource::digest
  std::string tokenizer_digest;
  std::string arithmetic;     // device::ArithmeticName: its bits are part of the run
  uint64_t hist_records = 0;  // of the history at this step
};

// One JSON object, "format" first; doubles keep their bits.
std::string EncodeRunState(const RunState& state);
// kDataLoss if `text` is not what EncodeRunState writes.
Result<RunState> DecodeRunState(std::string_view text);

}  // namespace winnow::orchestrator

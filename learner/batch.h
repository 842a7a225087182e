#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "learner/loss/interface.h"

namespace winnow::learner {

// One sample of a group as the learner wants it: verdict, tokens, and what the rollout stored.
struct TrainTrajectory {
  std::vector<int32_t> tokens;        // prompt, then response
  size_t prompt_length = 0;           // >= 1
  std::vector<uint8_t> sampled;       // [response] 0 for forced tokens
  std::vector<float> behaviour_logp;  // [response] x_beh, after top-k and top-p
  std::vector<float> stored_logp;     // [response] the same without truncation
  float reward = 0;                   // R; read if scored
  bool scored = false;
  bool truncated = false;     // ended by length
  uint32_t sample_index = 0;  // in the group
  PolicyVersion version;      // that generated it
};

// The samples of one prompt, in sample order.
struct TrainGroup {
  PromptId prompt;
  uint32_t occurrence = 0;
  uint32_t step = 0;  // policy step of its dispatch
  std::vector<TrainTrajectory> trajectories;
};

// A training batch flattened over response tokens: sequence after sequence, in batch order (groups
// as given, then samples). Only scored trajectories are in it: the others enter no statistic.
// Numbers are float32 values held in double.
struct TokenBatch {
  struct Sequence {
    const TrainTrajectory* trajectory = nullptr;  // borrowed
    size_t group = 0;                             // index of its group in the batch
    SequenceIdentity identity;
    uint64_t staleness = 0;  // versions behind the learner
  };
  std::vector<Sequence> sequences;     // [B]
  std::vector<size_t> offsets = {0};   // [B + 1]
  std::vector<uint8_t> mask;           // [tokens] m
  std::vector<double> stored_logp;     // [tokens]
  std::vector<double> behaviour_logp;  // [tokens]
  std::vector<double> old_logp;        // [tokens] x_old, once known
  std::vector<double> ref_logp;        // [tokens] x_ref, if a key needs it
  std::vector<double> advantage;       // [tokens]
  std::vector<double> weight;          // [tokens] w, or empty
  size_t num_groups = 0;

  size_t num_tokens() const { return mask.size(); }
};

// m = 1 iff the token was sampled and its trajectory is scored and, with
// mask_truncated_completions, did not end by length.
// Errors: kInvalidArgument naming prompt and sample if lengths do not fit together.
Result<TokenBatch> FlattenBatch(std::span<const TrainGroup> groups, PolicyVersion version,
                                bool mask_truncated_completions);

}  // namespace winnow::learner

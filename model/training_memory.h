#pragma once

#include <cstddef>

#include "model/config.h"
#include "model/policy.h"

namespace winnow::model {

// A training pass, as far as its memory goes.
struct PassSize {
  size_t num_rows = 0;    // tokens that are run
  size_t num_wanted = 0;  // rows that enter the head
  size_t kv_element_bytes = 2;
  size_t lora_rank = 0;
  bool with_reference = false;  // KL over the vocabulary
};

// Bytes of float32 memory that a policy holds for forward and backward passes of this size, as
// Policy::TrainingBytes counts them once it has made one: what grows with the tokens, and one chunk
// of logits. Weights, gradients and what the device keeps for its operands are not in it.
double TrainingPassBytes(const ModelConfig& config, const TrainOptions& options,
                         const PassSize& pass);

}  // namespace winnow::model

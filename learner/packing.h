#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// What fits into memory at once; never changes results.
struct PackingLimits {
  size_t ppo_max_token_len_per_gpu = 16384;            // tokens of a micro-batch
  std::optional<size_t> ppo_micro_batch_size_per_gpu;  // sequences of a micro-batch
};

// Whole sequences that run in one forward and backward pass.
struct MicroBatch {
  std::vector<size_t> sequences;  // indices given to PackSequences, in canonical order
  size_t num_tokens = 0;
};

// Canonical order (learner.md §7): length descending, ties by the given order.
std::vector<size_t> CanonicalOrder(std::span<const size_t> lengths);

// Next-fit of sequences 0 … lengths.size() − 1, in canonical order, into micro-batches. No padding.
// Errors: kInvalidArgument for a sequence longer than the budget.
Result<std::vector<MicroBatch>> PackSequences(std::span<const size_t> lengths,
                                              const PackingLimits& limits);

}  // namespace winnow::learner

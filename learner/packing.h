#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// What fits into memory at once. None of it changes results; with share_prompt the order of sums.
struct PackingLimits {
  size_t ppo_max_token_len_per_gpu = 16384;            // tokens of a micro-batch
  std::optional<size_t> ppo_micro_batch_size_per_gpu;  // sequences of a micro-batch
  // A prompt is run once for all its samples of a micro-batch, and counted once.
  bool share_prompt = false;
  // A sequence longer than the budget is a micro-batch of its own: for streamed backward passes.
  bool allow_longer = false;
};

// Whole sequences that run in one forward and backward pass.
struct MicroBatch {
  std::vector<size_t> sequences;   // indices given to the packing, in the order of the pass
  std::vector<size_t> num_shared;  // [sequences] leading tokens run for the sequence before it
  size_t num_tokens = 0;           // that are run
};

// What packing knows of a sequence.
struct SequenceSize {
  size_t length = 0;
  size_t prompt_length = 0;
  size_t group = 0;  // sequences of one group have equal prompts
};

// Canonical order (learner.md §7): length descending, ties by the given order.
std::vector<size_t> CanonicalOrder(std::span<const size_t> lengths);

// Next-fit of sequences 0 … lengths.size() − 1, in canonical order, into micro-batches. No padding.
// Errors: kInvalidArgument for a sequence longer than the budget, unless allow_longer.
Result<std::vector<MicroBatch>> PackSequences(std::span<const size_t> lengths,
                                              const PackingLimits& limits);

// The same without share_prompt. With it, next-fit of whole groups, in the canonical order of their
// longest members, samples in the given order; a group that does not fit into the micro-batch at
// hand starts a new one, and one that fits into none goes on in the next, where its prompt is run
// again.
Result<std::vector<MicroBatch>> PackGroups(std::span<const SequenceSize> sequences,
                                           const PackingLimits& limits);

}  // namespace winnow::learner

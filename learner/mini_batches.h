#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "learner/batch.h"

namespace winnow::learner {

// How one pass over a training batch is cut into updates.
struct MiniBatchOrder {
  size_t ppo_mini_batch_size = 0;  // prompts; 0 = all
  bool shuffle = false;            // false: batch order
  uint64_t seed = 0;               // run.seed, keys the permutation
  uint32_t step = 0;               // training step
  uint32_t epoch = 0;              // of ppo_epochs
};

// Sequences (indices into `batch`, groups whole) of each update. The permutation sorts groups by a
// keyed draw of their prompt, so it depends on no position in the batch. The last one may be short.
std::vector<std::vector<size_t>> SplitIntoMiniBatches(const TokenBatch& batch,
                                                      const MiniBatchOrder& order);

}  // namespace winnow::learner

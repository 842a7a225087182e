#include "learner/packing.h"

#include <algorithm>
#include <numeric>

#include "base/format.h"

namespace winnow::learner {

std::vector<size_t> CanonicalOrder(std::span<const size_t> lengths) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  return order;
}

Result<std::vector<MicroBatch>> PackSequences(std::span<const size_t> lengths,
                                              const PackingLimits& limits) {
  std::vector<MicroBatch> packed;
  for (size_t sequence : CanonicalOrder(lengths)) {
    const size_t length = lengths[sequence];
    if (length > limits.ppo_max_token_len_per_gpu) {
      return InvalidArgument(
          Format("learner.ppo_max_token_len_per_gpu must be at least the longest trajectory, {} "
                 "tokens: {}",
                 length, limits.ppo_max_token_len_per_gpu));
    }
    const bool fits = !packed.empty() &&
                      packed.back().num_tokens + length <= limits.ppo_max_token_len_per_gpu &&
                      (!limits.ppo_micro_batch_size_per_gpu ||
                       packed.back().sequences.size() < *limits.ppo_micro_batch_size_per_gpu);
    if (!fits) packed.emplace_back();
    packed.back().sequences.push_back(sequence);
    packed.back().num_tokens += length;
  }
  return packed;
}

}  // namespace winnow::learner

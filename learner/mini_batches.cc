#include "learner/mini_batches.h"

#include <algorithm>
#include <numeric>

#include "base/philox.h"

namespace winnow::learner {
namespace {

uint64_t Priority(const SequenceIdentity& identity, const MiniBatchOrder& order) {
  const auto words = Draw(StreamHash({.seed = order.seed,
                                      .prompt = identity.prompt,
                                      .step = order.step,
                                      .use = NoiseUse::kShuffle,
                                      .occurrence = identity.occurrence,
                                      .sample = order.epoch}),
                          /*position=*/0, NoisePurpose::kInverseCdf, /*sub=*/0);
  return static_cast<uint64_t>(words[1]) << 32 | words[0];
}

}  // namespace

std::vector<std::vector<size_t>> SplitIntoMiniBatches(const TokenBatch& batch,
                                                      const MiniBatchOrder& order) {
  std::vector<std::vector<size_t>> members(batch.num_groups);
  for (size_t i = 0; i < batch.sequences.size(); ++i) {
    members[batch.sequences[i].group].push_back(i);
  }
  std::vector<size_t> groups(batch.num_groups);
  std::iota(groups.begin(), groups.end(), size_t{0});
  if (order.shuffle) {
    std::vector<uint64_t> priority(batch.num_groups, 0);
    for (size_t g = 0; g < groups.size(); ++g) {
      if (members[g].empty()) continue;
      priority[g] = Priority(batch.sequences[members[g].front()].identity, order);
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [&](size_t a, size_t b) { return priority[a] < priority[b]; });
  }
  const size_t size = order.ppo_mini_batch_size == 0 ? groups.size() : order.ppo_mini_batch_size;
  std::vector<std::vector<size_t>> updates;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i % size == 0) updates.emplace_back();
    const std::vector<size_t>& sequences = members[groups[i]];
    updates.back().insert(updates.back().end(), sequences.begin(), sequences.end());
  }
  return updates;
}

}  // namespace winnow::learner

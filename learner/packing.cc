#include "learner/packing.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/format.h"

namespace winnow::learner {
namespace {

// Micro-batches, filled one after the other.
class Packer {
 public:
  explicit Packer(const PackingLimits& limits) : limits_(limits) {}

  // True if `sequences` more with `tokens` more fit into the micro-batch at hand.
  bool Fits(size_t sequences, size_t tokens) const {
    if (packed_.empty()) return false;
    const MicroBatch& last = packed_.back();
    return last.num_tokens + tokens <= limits_.ppo_max_token_len_per_gpu &&
           (!limits_.ppo_micro_batch_size_per_gpu ||
            last.sequences.size() + sequences <= *limits_.ppo_micro_batch_size_per_gpu);
  }
  void Open() { packed_.emplace_back(); }
  // `shared` tokens of `length` are run for the sequence before it, if that is in the micro-batch
  // at hand.
  void Add(size_t sequence, size_t length, size_t shared) {
    if (!Fits(1, length - shared)) {
      Open();
      shared = 0;
    }
    MicroBatch& last = packed_.back();
    last.sequences.push_back(sequence);
    last.num_shared.push_back(shared);
    last.num_tokens += length - shared;
  }
  std::vector<MicroBatch> Take() { return std::move(packed_); }

 private:
  const PackingLimits& limits_;
  std::vector<MicroBatch> packed_;
};

Status CheckLengths(std::span<const size_t> lengths, const PackingLimits& limits) {
  for (const size_t length : lengths) {
    if (length <= limits.ppo_max_token_len_per_gpu || limits.allow_longer) continue;
    return InvalidArgument(
        Format("learner.ppo_max_token_len_per_gpu must be at least the longest trajectory, {} "
               "tokens: {}",
               length, limits.ppo_max_token_len_per_gpu));
  }
  return OkStatus();
}

}  // namespace

std::vector<size_t> CanonicalOrder(std::span<const size_t> lengths) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  return order;
}

Result<std::vector<MicroBatch>> PackSequences(std::span<const size_t> lengths,
                                              const PackingLimits& limits) {
  const std::vector<size_t> order = CanonicalOrder(lengths);
  WINNOW_RETURN_IF_ERROR(CheckLengths(lengths, limits));
  Packer packer(limits);
  for (const size_t sequence : order) packer.Add(sequence, lengths[sequence], /*shared=*/0);
  return packer.Take();
}

Result<std::vector<MicroBatch>> PackGroups(std::span<const SequenceSize> sequences,
                                           const PackingLimits& limits) {
  std::vector<size_t> lengths;
  for (const SequenceSize& sequence : sequences) lengths.push_back(sequence.length);
  if (!limits.share_prompt) return PackSequences(lengths, limits);
  WINNOW_RETURN_IF_ERROR(CheckLengths(lengths, limits));
  std::map<size_t, std::vector<size_t>> members;
  for (size_t i = 0; i < sequences.size(); ++i) members[sequences[i].group].push_back(i);
  Packer packer(limits);
  for (const size_t longest : CanonicalOrder(lengths)) {
    const auto group = members.find(sequences[longest].group);
    if (group == members.end()) continue;  // packed with a longer member
    const size_t prompt = sequences[longest].prompt_length;
    size_t tokens = prompt;
    for (const size_t i : group->second) tokens += lengths[i] - prompt;
    if (!packer.Fits(group->second.size(), tokens)) packer.Open();
    size_t shared = 0;
    for (const size_t i : group->second) {
      packer.Add(i, lengths[i], shared);
      shared = prompt;
    }
    members.erase(group);
  }
  return packer.Take();
}

}  // namespace winnow::learner

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace winnow::orchestrator {

// The data as the planners see it: which prompt stands where in which epoch.
// Threads: const members from any thread.
class OfferSource {
 public:
  virtual ~OfferSource() = default;
  virtual size_t num_prompts() const = 0;
  // Epochs until the data end; nothing if they never do.
  virtual std::optional<uint32_t> num_epochs() const = 0;
  // The prompts of an epoch in the order in which they are offered, each once.
  // REQUIRES: epoch < num_epochs().
  virtual std::vector<PromptId> Order(uint32_t epoch) const = 0;
};

// The rows of a data set, in a keyed permutation of each epoch: sorted by 64 bits of
//   philox([seed], [prompt.lo, prompt.hi, epoch, 7 << 28]),  ties by place in the file.
// So the order depends on seed, epoch and ids alone. Without shuffling: file order.
class KeyedOfferSource : public OfferSource {
 public:
  // `prompts` in file order, distinct. total_epochs 0 = unbounded.
  KeyedOfferSource(std::vector<PromptId> prompts, uint64_t seed, bool shuffle,
                   uint32_t total_epochs);
  size_t num_prompts() const override { return prompts_.size(); }
  std::optional<uint32_t> num_epochs() const override;
  std::vector<PromptId> Order(uint32_t epoch) const override;

 private:
  const std::vector<PromptId> prompts_;
  const uint64_t seed_;
  const bool shuffle_;
  const uint32_t total_epochs_;
};

}  // namespace winnow::orchestrator

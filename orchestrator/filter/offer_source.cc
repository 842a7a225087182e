#include "orchestrator/filter/offer_source.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/philox.h"

namespace winnow::orchestrator {
namespace {

uint64_t ShuffleKey(uint64_t seed, PromptId prompt, uint32_t epoch) {
  const auto words =
      StreamHash({.seed = seed, .prompt = prompt, .step = epoch, .use = NoiseUse::kShuffle});
  return static_cast<uint64_t>(words[1]) << 32 | words[0];
}

}  // namespace

KeyedOfferSource::KeyedOfferSource(std::vector<PromptId> prompts, uint64_t seed, bool shuffle,
                                   uint32_t total_epochs)
    : prompts_(std::move(prompts)), seed_(seed), shuffle_(shuffle), total_epochs_(total_epochs) {
  WINNOW_CHECK(!prompts_.empty());
}

std::optional<uint32_t> KeyedOfferSource::num_epochs() const {
  return total_epochs_ == 0 ? std::nullopt : std::optional<uint32_t>(total_epochs_);
}

std::vector<PromptId> KeyedOfferSource::Order(uint32_t epoch) const {
  if (!shuffle_) return prompts_;
  std::vector<std::pair<uint64_t, size_t>> keys;
  keys.reserve(prompts_.size());
  for (size_t row = 0; row < prompts_.size(); ++row) {
    keys.emplace_back(ShuffleKey(seed_, prompts_[row], epoch), row);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<PromptId> order;
  order.reserve(keys.size());
  for (const auto& [key, row] : keys) order.push_back(prompts_[row]);
  return order;
}

}  // namespace winnow::orchestrator

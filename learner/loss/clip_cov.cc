#include "learner/loss/clip_cov.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "learner/loss/covariance.h"
#include "learner/loss/ratio_clip.h"

namespace winnow::learner {
namespace {

class ClipCov : public PolicyLoss {
 public:
  explicit ClipCov(const PolicyLossOptions& options) : options_(options) {}

  bool needs_selection() const override { return true; }

  std::vector<uint8_t> Select(const LossTokens& tokens, const SelectionKey& key) const override {
    const std::vector<size_t> candidates = ClipCovCandidates(tokens, options_);
    std::vector<std::pair<uint64_t, size_t>> ranked;  // (priority, flat index)
    size_t seq = 0;
    for (size_t t : candidates) {
      while (t >= tokens.offsets[seq + 1]) ++seq;
      ranked.emplace_back(
          SelectionPriority(key.seed, key.update, key.sequences[seq], t - tokens.offsets[seq]), t);
    }
    const size_t count = std::min(ranked.size(), SelectionCount(options_.clip_cov_ratio, tokens));
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(count), ranked.end());
    std::vector<uint8_t> selected(tokens.mask.size(), 0);
    for (size_t i = 0; i < count; ++i) selected[ranked[i].second] = 1;
    return selected;
  }

  void Evaluate(const LossTokens& tokens, size_t seq, TokenLosses* out) const override {
    WINNOW_CHECK_EQ(tokens.selected.size(), tokens.mask.size());
    for (size_t t = tokens.offsets[seq]; t < tokens.offsets[seq + 1]; ++t) {
      if (!tokens.mask[t]) continue;
      const double ratio = std::exp(tokens.logp[t] - tokens.old_logp[t]);
      out->ratio[t] = ratio;
      if (tokens.selected[t]) {
        out->flags[t] = kSelected;
        continue;
      }
      const ClippedSurrogate token = ClipSurrogate(
          tokens.advantage[t], ratio, options_.clip_ratio_low, options_.clip_ratio_high);
      const double weight = tokens.weight.empty() ? 1.0 : tokens.weight[t];
      out->loss[t] = weight * token.loss;
      out->gradient[t] = weight * token.gradient;
      out->flags[t] = token.flags;
    }
  }

 private:
  const PolicyLossOptions options_;
};

}  // namespace

std::vector<size_t> ClipCovCandidates(const LossTokens& tokens, const PolicyLossOptions& options) {
  const std::vector<double> covariance = Covariance(tokens);
  std::vector<size_t> candidates;
  for (size_t t = 0; t < tokens.mask.size(); ++t) {
    if (!tokens.mask[t]) continue;
    const double ratio = std::exp(tokens.logp[t] - tokens.old_logp[t]);
    const bool clipped =
        ClipSurrogate(tokens.advantage[t], ratio, options.clip_ratio_low, options.clip_ratio_high)
            .flags != 0;
    if (!clipped && covariance[t] > options.clip_cov_lb && covariance[t] < options.clip_cov_ub) {
      candidates.push_back(t);
    }
  }
  return candidates;
}

std::unique_ptr<PolicyLoss> MakeClipCov(const PolicyLossOptions& options) {
  return std::make_unique<ClipCov>(options);
}

}  // namespace winnow::learner

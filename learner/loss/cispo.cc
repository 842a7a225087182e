#include "learner/loss/cispo.h"

#include <algorithm>
#include <cmath>

#include "learner/loss/ratio_clip.h"

namespace winnow::learner {
namespace {

class Cispo : public PolicyLoss {
 public:
  explicit Cispo(const PolicyLossOptions& options) : options_(options) {}

  void Evaluate(const LossTokens& tokens, size_t seq, TokenLosses* out) const override {
    const double low = 1.0 - options_.clip_ratio_low;
    const double high = 1.0 + options_.clip_ratio_high;
    for (size_t t = tokens.offsets[seq]; t < tokens.offsets[seq + 1]; ++t) {
      if (!tokens.mask[t]) continue;
      const double log_ratio = tokens.logp[t] - tokens.old_logp[t];
      const double ratio = std::exp(std::clamp(log_ratio, -kLogRatioClamp, kLogRatioClamp));
      const double weight = tokens.weight.empty() ? 1.0 : tokens.weight[t];
      const double factor = -std::clamp(ratio, low, high) * tokens.advantage[t];
      out->loss[t] = weight * (factor * tokens.logp[t]);
      out->gradient[t] = weight * factor;
      out->ratio[t] = ratio;
      if (ratio > high) out->flags[t] |= kClippedHigh;
      if (ratio < low) out->flags[t] |= kClippedLow;
      if (std::abs(log_ratio) > kLogRatioClamp) out->flags[t] |= kClamped;
    }
  }

 private:
  const PolicyLossOptions options_;
};

}  // namespace

std::unique_ptr<PolicyLoss> MakeCispo(const PolicyLossOptions& options) {
  return std::make_unique<Cispo>(options);
}

}  // namespace winnow::learner

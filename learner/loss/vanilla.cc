#include "learner/loss/vanilla.h"

#include <algorithm>
#include <cmath>

#include "learner/loss/ratio_clip.h"

namespace winnow::learner {
namespace {

class Vanilla : public PolicyLoss {
 public:
  explicit Vanilla(const PolicyLossOptions& options) : options_(options) {}

  void Evaluate(const LossTokens& tokens, size_t seq, TokenLosses* out) const override {
    for (size_t t = tokens.offsets[seq]; t < tokens.offsets[seq + 1]; ++t) {
      if (!tokens.mask[t]) continue;
      const double advantage = tokens.advantage[t];
      const double log_ratio = tokens.logp[t] - tokens.old_logp[t];
      const double ratio = std::exp(std::clamp(log_ratio, -kLogRatioClamp, kLogRatioClamp));
      ClippedSurrogate token =
          ClipSurrogate(advantage, ratio, options_.clip_ratio_low, options_.clip_ratio_high);
      if (options_.clip_ratio_c && advantage < 0) {
        const double dual = -*options_.clip_ratio_c * advantage;
        if (dual < token.loss) token = {.loss = dual, .gradient = 0, .flags = kDualClipped};
      }
      if (std::abs(log_ratio) > kLogRatioClamp) {
        token.gradient = 0;
        token.flags |= kClamped;
      }
      const double weight = tokens.weight.empty() ? 1.0 : tokens.weight[t];
      out->loss[t] = weight * token.loss;
      out->gradient[t] = weight * token.gradient;
      out->ratio[t] = ratio;
      out->flags[t] = token.flags;
    }
  }

 private:
  const PolicyLossOptions options_;
};

}  // namespace

std::unique_ptr<PolicyLoss> MakeVanilla(const PolicyLossOptions& options) {
  return std::make_unique<Vanilla>(options);
}

}  // namespace winnow::learner

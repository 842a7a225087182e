#include "learner/loss/gspo.h"

#include <algorithm>
#include <cmath>

#include "learner/loss/ratio_clip.h"

namespace winnow::learner {
namespace {

constexpr double kMeanLogRatioCap = 10.0;

class Gspo : public PolicyLoss {
 public:
  explicit Gspo(const PolicyLossOptions& options) : options_(options) {}

  void Evaluate(const LossTokens& tokens, size_t seq, TokenLosses* out) const override {
    double sum = 0, count = 0;
    for (size_t t = tokens.offsets[seq]; t < tokens.offsets[seq + 1]; ++t) {
      if (!tokens.mask[t]) continue;
      sum += tokens.logp[t] - tokens.old_logp[t];
      count += 1;
    }
    const double mean = sum / std::max(count, 1.0);
    const double ratio = std::exp(std::min(kMeanLogRatioCap, mean));
    for (size_t t = tokens.offsets[seq]; t < tokens.offsets[seq + 1]; ++t) {
      if (!tokens.mask[t]) continue;
      ClippedSurrogate token = ClipSurrogate(tokens.advantage[t], ratio, options_.clip_ratio_low,
                                             options_.clip_ratio_high);
      if (mean > kMeanLogRatioCap) {
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

std::unique_ptr<PolicyLoss> MakeGspo(const PolicyLossOptions& options) {
  return std::make_unique<Gspo>(options);
}

}  // namespace winnow::learner

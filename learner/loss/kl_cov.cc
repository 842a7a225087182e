#include "learner/loss/kl_cov.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "learner/loss/covariance.h"

namespace winnow::learner {
namespace {

double SignOf(double x) { return static_cast<double>(x > 0) - static_cast<double>(x < 0); }

class KlCov : public PolicyLoss {
 public:
  explicit KlCov(const PolicyLossOptions& options) : options_(options) {}

  bool needs_selection() const override { return true; }

  std::vector<uint8_t> Select(const LossTokens& tokens, const SelectionKey&) const override {
    const std::vector<double> covariance = Covariance(tokens);
    std::vector<size_t> order;
    for (size_t t = 0; t < tokens.mask.size(); ++t) {
      if (tokens.mask[t]) order.push_back(t);
    }
    const size_t count = std::min(order.size(), SelectionCount(options_.kl_cov_ratio, tokens));
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                      [&](size_t a, size_t b) {
                        if (covariance[a] != covariance[b]) return covariance[a] > covariance[b];
                        return a < b;
                      });
    std::vector<uint8_t> selected(tokens.mask.size(), 0);
    for (size_t i = 0; i < count; ++i) selected[order[i]] = 1;
    return selected;
  }

  void Evaluate(const LossTokens& tokens, size_t seq, TokenLosses* out) const override {
    WINNOW_CHECK_EQ(tokens.selected.size(), tokens.mask.size());
    for (size_t t = tokens.offsets[seq]; t < tokens.offsets[seq + 1]; ++t) {
      if (!tokens.mask[t]) continue;
      const double log_ratio = tokens.logp[t] - tokens.old_logp[t];
      const double ratio = std::exp(log_ratio);
      double loss = -tokens.advantage[t] * ratio;
      double gradient = loss;
      if (tokens.selected[t]) {
        loss += options_.ppo_kl_coef * std::abs(log_ratio);
        gradient += options_.ppo_kl_coef * SignOf(log_ratio);
        out->flags[t] = kSelected;
      }
      const double weight = tokens.weight.empty() ? 1.0 : tokens.weight[t];
      out->loss[t] = weight * loss;
      out->gradient[t] = weight * gradient;
      out->ratio[t] = ratio;
    }
  }

 private:
  const PolicyLossOptions options_;
};

}  // namespace

std::unique_ptr<PolicyLoss> MakeKlCov(const PolicyLossOptions& options) {
  return std::make_unique<KlCov>(options);
}

}  // namespace winnow::learner

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "learner/loss/interface.h"

namespace winnow::learner {

// A mini-batch for tests of losses, token by token.
struct LossBatch {
  std::vector<size_t> offsets = {0};
  std::vector<uint8_t> mask;
  std::vector<double> logp, old_logp, advantage, weight;
  std::vector<uint8_t> selected;

  // One token of the open sequence: d = x − x_old.
  LossBatch& Token(double a, double d, uint8_t m = 1, double old = -1.0) {
    mask.push_back(m);
    advantage.push_back(a);
    old_logp.push_back(old);
    logp.push_back(old + d);
    return *this;
  }
  LossBatch& EndSequence() {
    offsets.push_back(mask.size());
    return *this;
  }
  LossTokens Tokens() const {
    return {.offsets = offsets,
            .mask = mask,
            .logp = logp,
            .old_logp = old_logp,
            .advantage = advantage,
            .weight = weight,
            .selected = selected};
  }
  TokenLosses Evaluate(const PolicyLoss& loss) const {
    TokenLosses out(mask.size());
    for (size_t i = 0; i + 1 < offsets.size(); ++i) loss.Evaluate(Tokens(), i, &out);
    return out;
  }
  // Largest |analytic − numeric| gradient over tokens with m = 1, by central differences.
  double GradientError(const PolicyLoss& loss) const {
    constexpr double kStep = 1e-6;
    const TokenLosses analytic = Evaluate(loss);
    double worst = 0;
    for (size_t t = 0; t < mask.size(); ++t) {
      if (!mask[t]) continue;
      LossBatch up = *this, down = *this;
      up.logp[t] += kStep;
      down.logp[t] -= kStep;
      const double numeric =
          (up.Evaluate(loss).loss[t] - down.Evaluate(loss).loss[t]) / (2 * kStep);
      worst = std::max(worst, std::abs(numeric - analytic.gradient[t]));
    }
    return worst;
  }
};

}  // namespace winnow::learner

#include "learner/advantage/reinforce_plus_plus.h"

#include "learner/advantage/whiten.h"

namespace winnow::learner {
namespace {

class ReinforcePlusPlus : public AdvantageEstimator {
 public:
  explicit ReinforcePlusPlus(const AdvantageOptions& options) : options_(options) {}

  Result<std::vector<double>> Estimate(const AdvantageInput& input) const override {
    std::vector<double> advantage(input.mask.size(), 0.0);
    for (size_t i = 0; i < input.num_sequences(); ++i) {
      if (!input.scored[i]) continue;
      double future = 0;
      for (size_t t = input.offsets[i + 1]; t-- > input.offsets[i];) {
        if (!input.mask[t]) continue;
        future = input.token_reward[t] + options_.gamma * future;
        advantage[t] = future;
      }
    }
    WINNOW_RETURN_IF_ERROR(Whiten(input, advantage));
    return advantage;
  }

 private:
  const AdvantageOptions options_;
};

}  // namespace

std::unique_ptr<AdvantageEstimator> MakeReinforcePlusPlus(const AdvantageOptions& options) {
  return std::make_unique<ReinforcePlusPlus>(options);
}

}  // namespace winnow::learner

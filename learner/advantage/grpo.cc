#include "learner/advantage/grpo.h"

#include "learner/advantage/group_statistics.h"

namespace winnow::learner {
namespace {

class Grpo : public AdvantageEstimator {
 public:
  explicit Grpo(const AdvantageOptions& options) : options_(options) {}

  Result<std::vector<double>> Estimate(const AdvantageInput& input) const override {
    const std::vector<GroupStatistics> groups = GroupStatisticsOf(input, options_);
    std::vector<double> advantage(groups.size(), 0.0);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (!groups[i].spread) continue;
      advantage[i] = input.reward[i] - groups[i].mean;
      if (options_.norm_adv_by_std_in_grpo) {
        advantage[i] /= groups[i].deviation + options_.adv_epsilon;
      }
    }
    return SpreadOverTokens(input, advantage);
  }

 private:
  const AdvantageOptions options_;
};

}  // namespace

std::unique_ptr<AdvantageEstimator> MakeGrpo(const AdvantageOptions& options) {
  return std::make_unique<Grpo>(options);
}

}  // namespace winnow::learner

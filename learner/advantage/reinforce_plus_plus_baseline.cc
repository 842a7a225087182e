#include "learner/advantage/reinforce_plus_plus_baseline.h"

#include "learner/advantage/group_statistics.h"
#include "learner/advantage/whiten.h"

namespace winnow::learner {
namespace {

class ReinforcePlusPlusBaseline : public AdvantageEstimator {
 public:
  explicit ReinforcePlusPlusBaseline(const AdvantageOptions& options) : options_(options) {}

  Result<std::vector<double>> Estimate(const AdvantageInput& input) const override {
    const std::vector<GroupStatistics> groups = GroupStatisticsOf(input, options_);
    std::vector<double> centred(groups.size(), 0.0);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (groups[i].spread) centred[i] = input.reward[i] - groups[i].mean;
    }
    std::vector<double> advantage = SpreadOverTokens(input, centred);
    WINNOW_RETURN_IF_ERROR(Whiten(input, advantage));
    return advantage;
  }

 private:
  const AdvantageOptions options_;
};

}  // namespace

std::unique_ptr<AdvantageEstimator> MakeReinforcePlusPlusBaseline(const AdvantageOptions& options) {
  return std::make_unique<ReinforcePlusPlusBaseline>(options);
}

}  // namespace winnow::learner

#include "learner/advantage/rloo.h"

#include "learner/advantage/group_statistics.h"

namespace winnow::learner {
namespace {

class Rloo : public AdvantageEstimator {
 public:
  explicit Rloo(const AdvantageOptions& options) : options_(options) {}

  Result<std::vector<double>> Estimate(const AdvantageInput& input) const override {
    const std::vector<GroupStatistics> groups = GroupStatisticsOf(input, options_);
    std::vector<double> advantage(groups.size(), 0.0);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (!groups[i].spread) continue;
      const double k = static_cast<double>(groups[i].count);
      advantage[i] = input.reward[i] - groups[i].mean;
      if (groups[i].count > 1) advantage[i] *= k / (k - 1);
    }
    return SpreadOverTokens(input, advantage);
  }

 private:
  const AdvantageOptions options_;
};

}  // namespace

std::unique_ptr<AdvantageEstimator> MakeRloo(const AdvantageOptions& options) {
  return std::make_unique<Rloo>(options);
}

}  // namespace winnow::learner

#include "learner/advantage/registry.h"

#include <string>

#include "base/format.h"
#include "learner/advantage/grpo.h"
#include "learner/advantage/reinforce_plus_plus.h"
#include "learner/advantage/reinforce_plus_plus_baseline.h"
#include "learner/advantage/rloo.h"

namespace winnow::learner {

const std::vector<std::string_view>& AdvantageEstimatorNames() {
  static const std::vector<std::string_view> names = {
      "grpo", "rloo", "reinforce_plus_plus_baseline", "reinforce_plus_plus"};
  return names;
}

Result<std::unique_ptr<AdvantageEstimator>> MakeAdvantageEstimator(
    std::string_view name, const AdvantageOptions& options) {
  if (name == "grpo") return MakeGrpo(options);
  if (name == "rloo") return MakeRloo(options);
  if (name == "reinforce_plus_plus_baseline") return MakeReinforcePlusPlusBaseline(options);
  if (name == "reinforce_plus_plus") return MakeReinforcePlusPlus(options);
  return InvalidArgument(
      Format("algorithm.adv_estimator must be one of grpo, rloo, reinforce_plus_plus_baseline, "
             "reinforce_plus_plus: \"{}\"",
             name));
}

Result<SingleSampleGroup> ParseSingleSampleGroup(std::string_view name) {
  if (name == "zero") return SingleSampleGroup::kZero;
  if (name == "raw") return SingleSampleGroup::kRaw;
  return InvalidArgument(
      Format("algorithm.single_sample_group must be one of zero, raw: \"{}\"", name));
}

}  // namespace winnow::learner

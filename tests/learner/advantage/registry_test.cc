#include "learner/advantage/registry.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(AdvantageRegistryTest, EveryListedNameMakesAnEstimator) {
  for (std::string_view name : AdvantageEstimatorNames()) {
    EXPECT_TRUE(MakeAdvantageEstimator(name, {}).ok()) << name;
  }
}

TEST(AdvantageRegistryTest, UnknownNamesSayWhatIsAllowed) {
  EXPECT_EQ(MakeAdvantageEstimator("gae", {}).status().message(),
            "algorithm.adv_estimator must be one of grpo, rloo, reinforce_plus_plus_baseline, "
            "reinforce_plus_plus: \"gae\"");
  EXPECT_EQ(ParseSingleSampleGroup("one").status().message(),
            "algorithm.single_sample_group must be one of zero, raw: \"one\"");
}

}  // namespace
}  // namespace winnow::learner

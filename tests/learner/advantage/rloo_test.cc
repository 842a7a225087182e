#include "learner/advantage/rloo.h"

#include "gtest/gtest.h"
#include "tests/learner/advantage_batch.h"

namespace winnow::learner {
namespace {

TEST(RlooTest, TheBaselineIsTheMeanOfTheOthers) {
  AdvantageBatch batch;
  for (double reward : {3.0, 0.0, 1.0}) batch.Add(1, reward, {1});
  const auto advantage = MakeRloo({})->Estimate(batch.Input()).value();
  EXPECT_DOUBLE_EQ(advantage[0], 3 - 0.5);
  EXPECT_DOUBLE_EQ(advantage[1], 0 - 2.0);
  EXPECT_DOUBLE_EQ(advantage[2], 1 - 1.5);
}

TEST(RlooTest, ASingleSampleIsZeroUnlessRaw) {
  AdvantageBatch batch;
  batch.Add(1, 0.75, {1});
  EXPECT_EQ(MakeRloo({})->Estimate(batch.Input()).value()[0], 0.0);
  const AdvantageOptions raw = {.single_sample_group = SingleSampleGroup::kRaw};
  EXPECT_EQ(MakeRloo(raw)->Estimate(batch.Input()).value()[0], 0.75);
}

}  // namespace
}  // namespace winnow::learner

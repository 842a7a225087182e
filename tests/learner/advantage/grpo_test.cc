#include "learner/advantage/grpo.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/learner/advantage_batch.h"

namespace winnow::learner {
namespace {

TEST(GrpoTest, EightEqualRewardsHaveAdvantageExactlyZero) {
  AdvantageBatch batch;
  for (int i = 0; i < 8; ++i) batch.Add(1, static_cast<double>(0.1f), {1});
  const auto advantage = MakeGrpo({})->Estimate(batch.Input()).value();
  for (double a : advantage) EXPECT_EQ(a, 0.0);
}

TEST(GrpoTest, EpsilonIsAddedToTheUnbiasedDeviation) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1});
  batch.Add(1, 0, {1});
  const auto advantage = MakeGrpo({.adv_epsilon = 0.5})->Estimate(batch.Input()).value();
  EXPECT_DOUBLE_EQ(advantage[0], 0.5 / (std::sqrt(0.5) + 0.5));
}

TEST(GrpoTest, DrGrpoDoesNotDivide) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1, 1});
  batch.Add(1, 0, {1});
  const auto advantage =
      MakeGrpo({.norm_adv_by_std_in_grpo = false})->Estimate(batch.Input()).value();
  EXPECT_EQ(advantage, (std::vector<double>{0.5, 0.5, -0.5}));
}

TEST(GrpoTest, ASingleSampleIsZeroUnlessRaw) {
  AdvantageBatch batch;
  batch.Add(1, 0.75, {1});
  EXPECT_EQ(MakeGrpo({})->Estimate(batch.Input()).value()[0], 0.0);
  const AdvantageOptions raw = {.single_sample_group = SingleSampleGroup::kRaw};
  EXPECT_DOUBLE_EQ(MakeGrpo(raw)->Estimate(batch.Input()).value()[0], 0.75 / (1 + 1e-6));
}

TEST(GrpoTest, ATruncatedSampleStaysInTheStatisticsOfItsGroup) {
  AdvantageBatch batch;
  batch.Add(1, 1, {0, 0});  // masked, still scored
  batch.Add(1, 0, {1});
  const auto advantage =
      MakeGrpo({.norm_adv_by_std_in_grpo = false})->Estimate(batch.Input()).value();
  EXPECT_EQ(advantage, (std::vector<double>{0, 0, -0.5}));
}

}  // namespace
}  // namespace winnow::learner

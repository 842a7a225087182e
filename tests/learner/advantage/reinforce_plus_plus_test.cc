#include "learner/advantage/reinforce_plus_plus.h"

#include <cmath>

#include "gtest/gtest.h"
#include "learner/advantage/whiten.h"
#include "tests/learner/advantage_batch.h"

namespace winnow::learner {
namespace {

TEST(ReinforcePlusPlusTest, AForcedTokenPassesTheReturnOnUndiscounted) {
  AdvantageBatch batch;
  batch.Add(1, 8, {1, 0, 1, 1});
  const auto got = MakeReinforcePlusPlus({.gamma = 0.5})->Estimate(batch.Input()).value();
  std::vector<double> want = {2, 0, 4, 8};
  ASSERT_TRUE(Whiten(batch.Input(), want).ok());
  EXPECT_EQ(got, want);
}

TEST(ReinforcePlusPlusTest, TokenRewardsAddUpFromTheEnd) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1, 1});
  batch.Add(2, 0, {1});
  batch.token_reward[0] = -0.25;  // a KL penalty
  const auto got = MakeReinforcePlusPlus({})->Estimate(batch.Input()).value();
  std::vector<double> want = {0.75, 1, 0};
  ASSERT_TRUE(Whiten(batch.Input(), want).ok());
  EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace winnow::learner

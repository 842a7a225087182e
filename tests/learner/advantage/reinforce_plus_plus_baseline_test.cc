#include "learner/advantage/reinforce_plus_plus_baseline.h"

#include "gtest/gtest.h"
#include "learner/advantage/whiten.h"
#include "tests/learner/advantage_batch.h"

namespace winnow::learner {
namespace {

TEST(ReinforcePlusPlusBaselineTest, CentredRewardsAreWhitenedOverTheTokensOfTheBatch) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1, 1, 1});
  batch.Add(1, 0, {1});
  batch.Add(2, 5, {1});
  batch.Add(2, 5, {1});
  const auto got = MakeReinforcePlusPlusBaseline({})->Estimate(batch.Input()).value();
  std::vector<double> want = {0.5, 0.5, 0.5, -0.5, 0, 0};
  ASSERT_TRUE(Whiten(batch.Input(), want).ok());
  EXPECT_EQ(got, want);
  EXPECT_NE(got[4], 0.0) << "whitening moves a zero-variance group by the batch mean";
}

}  // namespace
}  // namespace winnow::learner

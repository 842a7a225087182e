#include "learner/advantage/group_statistics.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/learner/advantage_batch.h"

namespace winnow::learner {
namespace {

TEST(GroupStatisticsTest, DeviationIsUnbiasedAndGroupsMayInterleave) {
  AdvantageBatch batch;
  batch.Add(7, 1, {1});
  batch.Add(3, 10, {1});
  batch.Add(7, 0, {1});
  batch.Add(7, 0, {1});
  const auto statistics = GroupStatisticsOf(batch.Input(), {});
  EXPECT_EQ(statistics[0].count, 3u);
  EXPECT_DOUBLE_EQ(statistics[0].mean, 1.0 / 3);
  EXPECT_DOUBLE_EQ(statistics[2].deviation, std::sqrt((4.0 / 9 + 1.0 / 9 + 1.0 / 9) / 2));
  EXPECT_EQ(statistics[1].count, 1u);
}

TEST(GroupStatisticsTest, UnscoredSamplesAreInNoStatistic) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1});
  batch.Add(1, std::numeric_limits<double>::quiet_NaN(), {1}, /*is_scored=*/false);
  batch.Add(1, 0, {1});
  const auto statistics = GroupStatisticsOf(batch.Input(), {});
  EXPECT_EQ(statistics[0].count, 2u);
  EXPECT_EQ(statistics[0].mean, 0.5);
  EXPECT_EQ(statistics[1].count, 0u);
}

TEST(GroupStatisticsTest, ASpreadWithinTheToleranceIsNone) {
  AdvantageBatch batch;
  for (double reward : {0.1, 0.1 + 9e-7, 0.1}) batch.Add(1, reward, {1});
  for (double reward : {0.1, 0.1 + 2e-6, 0.1}) batch.Add(2, reward, {1});
  const auto statistics = GroupStatisticsOf(batch.Input(), {});
  EXPECT_FALSE(statistics[0].spread);
  EXPECT_TRUE(statistics[3].spread);
}

TEST(GroupStatisticsTest, ANanRewardIsSpreadSoThatItIsNamedLater) {
  AdvantageBatch batch;
  for (double reward : {0.0, std::nan(""), 0.0}) batch.Add(1, reward, {1});
  EXPECT_TRUE(GroupStatisticsOf(batch.Input(), {})[0].spread);
}

TEST(GroupStatisticsTest, SpreadOverTokensFillsTrainedTokensOnly) {
  AdvantageBatch batch;
  batch.Add(1, 1, {1, 0, 1});
  batch.Add(1, 0, {1}, /*is_scored=*/false);
  EXPECT_EQ(SpreadOverTokens(batch.Input(), {0.5, 9}), (std::vector<double>{0.5, 0, 0.5, 0}));
}

}  // namespace
}  // namespace winnow::learner

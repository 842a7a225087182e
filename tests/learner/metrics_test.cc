#include "learner/metrics.h"

#include <cmath>

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(MetricsTest, EmptySetsGiveNull) {
  const Moments moments;
  EXPECT_FALSE(moments.mean() || moments.deviation() || moments.min() || moments.max());
  EXPECT_FALSE(Fraction(0, 0));
  EXPECT_FALSE(Percentile({}, 50));
}

TEST(MetricsTest, MomentsAreUnbiased) {
  Moments moments;
  moments.Add(1e9);
  EXPECT_FALSE(moments.deviation());
  moments.Add(1e9 + 2);
  moments.Add(1e9 + 4);
  EXPECT_EQ(moments.mean(), 1e9 + 2);
  EXPECT_EQ(moments.deviation(), 2.0);
  EXPECT_EQ(moments.min(), 1e9);
  EXPECT_EQ(moments.max(), 1e9 + 4);
}

TEST(MetricsTest, PercentilesAreNearestRank) {
  EXPECT_EQ(Percentile({5, 1, 4, 2, 3}, 50), 3.0);
  EXPECT_EQ(Percentile({5, 1, 4, 2, 3}, 95), 5.0);
  EXPECT_EQ(Percentile({2, 1}, 50), 1.0);
}

}  // namespace
}  // namespace winnow::learner

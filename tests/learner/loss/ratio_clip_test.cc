#include "learner/loss/ratio_clip.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(ClipSurrogateTest, TheClippedBranchCountsOnlyWhereStrictlyLarger) {
  EXPECT_EQ(ClipSurrogate(1, 1.5, 0.2, 0.2).flags, kClippedHigh);
  EXPECT_EQ(ClipSurrogate(-1, 0.5, 0.2, 0.2).flags, kClippedLow);
  EXPECT_EQ(ClipSurrogate(-1, 1.5, 0.2, 0.2).flags, 0);
  EXPECT_EQ(ClipSurrogate(1, 0.5, 0.2, 0.2).flags, 0);
  EXPECT_EQ(ClipSurrogate(0, 1.5, 0.2, 0.2).flags, 0);
  EXPECT_EQ(ClipSurrogate(1, 1.25, 0.25, 0.25).gradient, -1.25) << "at equality";
}

TEST(ClipSurrogateTest, AClippedTokenKeepsItsLossAndLosesItsGradient) {
  const ClippedSurrogate token = ClipSurrogate(2, 1.5, 0.2, 0.25);
  EXPECT_EQ(token.loss, -2.5);
  EXPECT_EQ(token.gradient, 0.0);
}

}  // namespace
}  // namespace winnow::learner

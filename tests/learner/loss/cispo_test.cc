#include "learner/loss/cispo.h"

#include "gtest/gtest.h"
#include "tests/learner/loss_batch.h"

namespace winnow::learner {
namespace {

TEST(CispoTest, ClippedTokensKeepAGradient) {
  LossBatch batch;
  batch.Token(2, 1).Token(2, -1).Token(2, 30).EndSequence();
  const TokenLosses out = batch.Evaluate(*MakeCispo({.clip_ratio_high = 0.25}));
  EXPECT_EQ(out.gradient, (std::vector<double>{-2.5, -1.6, -2.5}));
  EXPECT_EQ(out.loss[0], -2.5 * batch.logp[0]);
  EXPECT_EQ(out.flags[0], kClippedHigh);
  EXPECT_EQ(out.flags[1], kClippedLow);
  EXPECT_EQ(out.flags[2], kClippedHigh | kClamped);
}

}  // namespace
}  // namespace winnow::learner

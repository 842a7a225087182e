#include "learner/loss/gspo.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/learner/loss_batch.h"

namespace winnow::learner {
namespace {

TEST(GspoTest, OneRatioASequenceFromItsSampledTokensAlone) {
  LossBatch batch;
  batch.Token(1, 0.1).Token(1, 9, /*m=*/0).Token(1, 0.3).EndSequence();
  batch.Token(-1, -0.1).EndSequence();
  const TokenLosses out = batch.Evaluate(*MakeGspo({.clip_ratio_high = 0.5}));
  EXPECT_DOUBLE_EQ(out.ratio[0], std::exp(0.2));
  EXPECT_DOUBLE_EQ(out.ratio[2], std::exp(0.2));
  EXPECT_DOUBLE_EQ(out.gradient[0], -std::exp(0.2));
  EXPECT_EQ(out.gradient[1], 0.0);
  EXPECT_DOUBLE_EQ(out.gradient[3], std::exp(-0.1));
}

TEST(GspoTest, AMeanAboveTenHasNoGradientAndThereIsNoDualClip) {
  LossBatch batch;
  batch.Token(-1, 12).EndSequence();
  batch.Token(-1, 9).EndSequence();
  const TokenLosses out = batch.Evaluate(*MakeGspo({.clip_ratio_c = 3.0}));
  EXPECT_DOUBLE_EQ(out.loss[0], std::exp(10.0));
  EXPECT_EQ(out.gradient[0], 0.0);
  EXPECT_TRUE(out.flags[0] & kClamped);
  EXPECT_DOUBLE_EQ(out.gradient[1], std::exp(9.0));
}

}  // namespace
}  // namespace winnow::learner

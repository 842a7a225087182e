#include "learner/loss/vanilla.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/learner/loss_batch.h"

namespace winnow::learner {
namespace {

TEST(VanillaTest, OnPolicyTheGradientIsExactlyMinusTheAdvantage) {
  LossBatch batch;
  batch.Token(0.3, 0).Token(-1.7, 0).EndSequence();
  const TokenLosses out = batch.Evaluate(*MakeVanilla({}));
  EXPECT_EQ(out.gradient, (std::vector<double>{-0.3, 1.7}));
  EXPECT_EQ(out.ratio, (std::vector<double>{1, 1}));
  EXPECT_EQ(out.flags, (std::vector<uint8_t>{0, 0}));
}

TEST(VanillaTest, GradientsAgreeWithDifferencesAwayFromKinks) {
  LossBatch batch;
  for (double d : {-1.5, -0.3, -0.1, 0.1, 0.25, 1.05, 1.2, 1.5}) {
    for (double a : {-1.3, 0.8}) batch.Token(a, d);
  }
  batch.EndSequence();
  EXPECT_LT(batch.GradientError(*MakeVanilla({})), 1e-7);
}

TEST(VanillaTest, DualClipBoundsNegativeAdvantagesOnly) {
  LossBatch batch;
  batch.Token(-1, 2).Token(1, 2).EndSequence();
  const TokenLosses out = batch.Evaluate(*MakeVanilla({.clip_ratio_c = 3.0}));
  EXPECT_EQ(out.loss[0], 3.0);
  EXPECT_EQ(out.gradient[0], 0.0);
  EXPECT_EQ(out.flags[0], kDualClipped);
  EXPECT_EQ(out.loss[1], -1.2);
  const TokenLosses off = batch.Evaluate(*MakeVanilla({.clip_ratio_c = std::nullopt}));
  EXPECT_DOUBLE_EQ(off.loss[0], std::exp(2.0));
}

TEST(VanillaTest, TheLogRatioIsClampedAndHasNoGradientBeyond) {
  LossBatch batch;
  batch.Token(1, -21).Token(-1, 25).EndSequence();
  const TokenLosses out = batch.Evaluate(*MakeVanilla({.clip_ratio_c = std::nullopt}));
  EXPECT_DOUBLE_EQ(out.ratio[0], std::exp(-20.0));
  EXPECT_DOUBLE_EQ(out.loss[1], std::exp(20.0));
  EXPECT_EQ(out.gradient, (std::vector<double>{0, 0}));
  EXPECT_TRUE(out.flags[1] & kClamped);
}

TEST(VanillaTest, WeightsMultiplyAfterClippingAndMaskedNanIsNeverRead) {
  LossBatch batch;
  batch.Token(1, 0.5).Token(std::nan(""), std::nan(""), /*m=*/0).EndSequence();
  batch.weight = {3, std::nan("")};
  const TokenLosses out = batch.Evaluate(*MakeVanilla({}));
  EXPECT_EQ(out.loss, (std::vector<double>{3 * -1.2, 0}));
  EXPECT_EQ(out.gradient, (std::vector<double>{0, 0}));
}

}  // namespace
}  // namespace winnow::learner

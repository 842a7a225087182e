#include "orchestrator/filter/reference_rule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace winnow::orchestrator {
namespace {

using store::FilterReason;

// Decides with these draws at p = 0.5 and the published floor; `used` counts them.
Decision Decide(std::optional<int32_t> z, std::vector<double> draws, uint64_t* used = nullptr,
                double p = 0.5) {
  draws.resize(2, 0.999);
  ListStream stream(draws);
  const Decision decision =
      DecideReference({PromptId(1), 1}, z, {p, p}, /*floor=*/0.01, &stream).value();
  if (used != nullptr) *used = stream.draws();
  return decision;
}

TEST(ReferenceRuleTest, MeansAreFloat32) {
  const float tenth = 0.1f;
  float sum = 0;
  for (int i = 0; i < 8; ++i) sum += tenth;
  EXPECT_EQ(ReferenceMean(std::vector<float>(8, tenth)), sum / 8.0f);
  EXPECT_EQ(ReferenceMean(std::vector<float>{1, 0, 0, 0}), 0.25f);
}

TEST(ReferenceRuleTest, SharesAreFloat32Widened) {
  EXPECT_EQ(ReferenceShare(47, 96), static_cast<double>(47.0f / 96.0f));
  EXPECT_NE(ReferenceShare(47, 96), 47.0 / 96.0);
}

TEST(ReferenceRuleTest, StreaksGoByThresholdsOnTheMean) {
  EXPECT_EQ(NextReferenceStreak(0, 1.0f), 1);
  EXPECT_EQ(NextReferenceStreak(3, 1.0f), 4);
  EXPECT_EQ(NextReferenceStreak(3, 0.1f), -1);  // a flip restarts at one
  EXPECT_EQ(NextReferenceStreak(-3, 0.0f), -4);
  EXPECT_EQ(NextReferenceStreak(-3, 0.98f), 1);
  EXPECT_EQ(NextReferenceStreak(-3, 0.5f), 0);
  EXPECT_EQ(NextReferenceStreak(0, 0.875f), 0);
}

TEST(ReferenceRuleTest, ThresholdsAreDoubleAndMeansAreNot) {
  // float32(0.98) lies above the double 0.98, float32(0.11) below the double 0.11.
  EXPECT_EQ(NextReferenceStreak(0, 0.98f), 1);
  EXPECT_EQ(NextReferenceStreak(0, std::nextafterf(0.98f, 0)), 0);
  EXPECT_EQ(NextReferenceStreak(0, 0.11f), static_cast<double>(0.11f) <= 0.11 ? -1 : 0);
  EXPECT_EQ(NextReferenceStreak(0, std::nextafterf(0.11f, 1)),
            static_cast<double>(std::nextafterf(0.11f, 1)) <= 0.11 ? -1 : 0);
}

TEST(ReferenceRuleTest, AMixedGroupOfZeroAndTenthGrowsTheHardStreak) {
  const std::vector<float> mixed = {0, 0.1f, 0, 0.1f, 0, 0.1f, 0, 0.1f};
  EXPECT_EQ(NextReferenceStreak(-1, ReferenceMean(mixed)), -2);
}

TEST(ReferenceRuleTest, TheThresholdsFitGroupsOfAboutEightOnly) {
  std::vector<float> one_hit_of_ten(10, 0.0f);
  one_hit_of_ten[0] = 1;
  EXPECT_EQ(NextReferenceStreak(0, ReferenceMean(one_hit_of_ten)), -1);
  std::vector<float> one_miss_of_fifty(50, 1.0f);
  one_miss_of_fifty[0] = 0;
  EXPECT_EQ(NextReferenceStreak(0, ReferenceMean(one_miss_of_fifty)), 1);
}

TEST(ReferenceRuleTest, WithoutHistoryNothingIsDrawn) {
  uint64_t used = 0;
  EXPECT_EQ(Decide(std::nullopt, {0, 0}, &used).reason, FilterReason::kUnseen);
  EXPECT_EQ(used, 0u);
}

TEST(ReferenceRuleTest, ADrawIsWastedWhereItCannotSkip) {
  uint64_t used = 0;
  EXPECT_EQ(Decide(0, {0}, &used).reason, FilterReason::kEffective);
  EXPECT_EQ(used, 1u);
  EXPECT_TRUE(Decide(1, {0.7}, &used).keep);
  EXPECT_EQ(used, 1u);
  EXPECT_TRUE(Decide(-1, {0, 0.7}, &used).keep);  // the first draw belongs to the easy side
  EXPECT_EQ(used, 2u);
}

TEST(ReferenceRuleTest, SkipsAreStrictOnBothSides) {
  EXPECT_EQ(Decide(1, {0.4999}).reason, FilterReason::kEasy);
  EXPECT_TRUE(Decide(1, {0.5}).keep);
  EXPECT_EQ(Decide(-2, {0, 0.7499}).reason, FilterReason::kHard);
  EXPECT_TRUE(Decide(-2, {0, 0.75}).keep);
}

TEST(ReferenceRuleTest, TheFloorKeepsOneInAHundred) {
  EXPECT_EQ(Decide(7, {0.9899}).reason, FilterReason::kEasy);
  EXPECT_TRUE(Decide(7, {0.99}).keep);
  EXPECT_TRUE(Decide(-1000000, {0, 0.99}).keep);
}

TEST(ReferenceRuleTest, ThePowerIsThatOfTheLibrary) {
  EXPECT_EQ(Decide(5, {}, nullptr, 0.7).skip_probability, 1 - std::pow(0.7, 5));
}

TEST(ReferenceRuleTest, TheEstimateKeepsTheOrderOfOperations) {
  EXPECT_EQ(ReferenceEstimate(64, 49, 8, 0).value(), 18);  // 120 / 8 * 1.25 = 18.75, cut
  const double zvr = ReferenceShare(47, 96);
  EXPECT_EQ(ReferenceEstimate(64, 49, 8, zvr).value(),
            static_cast<int64_t>((64 * 8 - 49 * 8) / (1 - zvr) / 8 * 1.25));
}

TEST(ReferenceRuleTest, AFloat32ShareCanLoseOnePrompt) {
  // 0.2 as float32 is a little more than 0.2, 0.6 a little more than 0.6: the estimate moves.
  bool lost = false;
  for (uint64_t count = 1; count < 96 && !lost; ++count) {
    for (int64_t missing = 1; missing <= 64 && !lost; ++missing) {
      lost = ReferenceEstimate(missing, 0, 8, ReferenceShare(count, 96)).value() !=
             ReferenceEstimate(missing, 0, 8, static_cast<double>(count) / 96).value();
    }
  }
  EXPECT_TRUE(lost);
}

TEST(ReferenceRuleTest, AllZeroVarianceIsAnErrorThatSaysSo) {
  const Result<int64_t> estimate = ReferenceEstimate(64, 0, 8, 1);
  ASSERT_FALSE(estimate.ok());
  EXPECT_EQ(estimate.status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace winnow::orchestrator

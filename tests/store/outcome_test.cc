#include "store/outcome.h"

#include <gtest/gtest.h>

#include <limits>

namespace winnow::store {
namespace {

constexpr VerdictKind kMissing[] = {VerdictKind::kInvalid, VerdictKind::kTimeout,
                                    VerdictKind::kError};

SampleOutcome Scored(float reward) {
  return {VerdictKind::kScored, FinishReason::kStop, /*length=*/10, reward, /*metric=*/reward};
}

Outcome Group(std::initializer_list<float> rewards) {
  Outcome outcome;
  for (float reward : rewards) outcome.samples.push_back(Scored(reward));
  return outcome;
}

const ClassifyRule kFour{.tolerance = 1e-6, .midpoint = 0.5, .n = 4};

TEST(OutcomeTest, ASpreadIsEffective) {
  EXPECT_EQ(Classify(kFour, Group({0, 0, 0, 1})), OutcomeClass::kEffective);
  EXPECT_EQ(Classify(kFour, Group({0, 0, 0, 0.1f})), OutcomeClass::kEffective);
}

TEST(OutcomeTest, NoSpreadIsEasyAboveTheMidpointAndHardAtIt) {
  EXPECT_EQ(Classify(kFour, Group({1, 1, 1, 1})), OutcomeClass::kEasy);
  EXPECT_EQ(Classify(kFour, Group({0.5f, 0.5f, 0.5f, 0.5f})), OutcomeClass::kHard);
  EXPECT_EQ(Classify(kFour, Group({0, 0, 0, 0})), OutcomeClass::kHard);
  EXPECT_EQ(Classify(kFour, Group({0.1f, 0.1f, 0.1f, 0.1f})), OutcomeClass::kHard);
}

TEST(OutcomeTest, TheToleranceItselfIsNoSpread) {
  const ClassifyRule rule{.tolerance = 0.25, .midpoint = 0.5, .n = 2};
  EXPECT_EQ(Classify(rule, Group({0.5f, 0.75f})), OutcomeClass::kEasy);
  EXPECT_EQ(Classify(rule, Group({0.5f, 0.7500001f})), OutcomeClass::kEffective);
}

TEST(OutcomeTest, AMissingVerdictHidesNoSpreadButMayHideOne) {
  for (VerdictKind kind : kMissing) {
    Outcome spread = Group({0, 1, 1, 1});
    spread.samples[3].kind = kind;
    EXPECT_EQ(Classify(kFour, spread), OutcomeClass::kEffective);
    Outcome flat = Group({1, 1, 1, 1});
    flat.samples[0].kind = kind;
    EXPECT_EQ(Classify(kFour, flat), OutcomeClass::kUnknown);
    Outcome zero_in_the_gap = Group({1, 1, 1, 0});
    zero_in_the_gap.samples[3].kind = kind;  // an unknown verdict is never a reward of 0
    EXPECT_EQ(Classify(kFour, zero_in_the_gap), OutcomeClass::kUnknown);
  }
}

TEST(OutcomeTest, OneScoredOfManyAndNoneScoredAreUnknown) {
  Outcome one = Group({1, 1, 1, 1});
  for (int i = 1; i < 4; ++i) one.samples[i].kind = VerdictKind::kTimeout;
  EXPECT_EQ(Classify(kFour, one), OutcomeClass::kUnknown);
  one.samples[0].kind = VerdictKind::kError;
  EXPECT_EQ(Classify(kFour, one), OutcomeClass::kUnknown);
  EXPECT_EQ(Classify(kFour, Outcome()), OutcomeClass::kUnknown);
}

TEST(OutcomeTest, ExtraSamplesCountAndLackingOnesMakeTheGroupUnknown) {
  EXPECT_EQ(Classify(kFour, Group({0, 0, 0, 0, 0, 0})), OutcomeClass::kHard);
  EXPECT_EQ(Classify(kFour, Group({0, 0, 0})), OutcomeClass::kUnknown);
}

TEST(OutcomeTest, TheMetricDecidesAndNotTheReward) {
  Outcome outcome = Group({0, 0.1f, 0, 0.1f});
  for (SampleOutcome& sample : outcome.samples) sample.metric = 0;
  EXPECT_EQ(Classify(kFour, outcome), OutcomeClass::kHard);
}

TEST(OutcomeTest, ScalingRewardsByAPowerOfTwoKeepsTheClass) {
  for (float scale : {0.125f, 4.0f, 1024.0f}) {
    const ClassifyRule rule{1e-6 * scale, 0.5 * scale, 4};
    for (const Outcome& outcome : {Group({0, 0, 0, 1}), Group({1, 1, 1, 1}), Group({0, 0, 0, 0}),
                                   Group({0.3f, 0.3f, 0.3f, 0.3f})}) {
      Outcome scaled = outcome;
      for (SampleOutcome& sample : scaled.samples) sample.metric *= scale;
      EXPECT_EQ(Classify(rule, scaled), Classify(kFour, outcome));
    }
  }
}

TEST(OutcomeTest, StreaksGrowFlipAndReset) {
  EXPECT_EQ(NextStreak(0, OutcomeClass::kEasy), 1);
  EXPECT_EQ(NextStreak(1, OutcomeClass::kEasy), 2);
  EXPECT_EQ(NextStreak(5, OutcomeClass::kHard), -1);
  EXPECT_EQ(NextStreak(-1, OutcomeClass::kHard), -2);
  EXPECT_EQ(NextStreak(-5, OutcomeClass::kEasy), 1);
  EXPECT_EQ(NextStreak(-5, OutcomeClass::kEffective), 0);
  EXPECT_EQ(NextStreak(-5, OutcomeClass::kUnknown), -5);
  EXPECT_EQ(NextStreak(7, OutcomeClass::kUnknown), 7);
}

TEST(OutcomeTest, StreaksSaturate) {
  EXPECT_EQ(NextStreak(kMaxStreak, OutcomeClass::kEasy), 1 << 30);
  EXPECT_EQ(NextStreak(kMaxStreak - 1, OutcomeClass::kEasy), 1 << 30);
  EXPECT_EQ(NextStreak(-kMaxStreak, OutcomeClass::kHard), -(1 << 30));
}

TEST(OutcomeTest, NamesAreTheOnesUsersSee) {
  EXPECT_EQ(OutcomeClassName(OutcomeClass::kEffective), "effective");
  EXPECT_EQ(FilterReasonName(FilterReason::kUnseen), "unseen");
  EXPECT_EQ(FilterReasonName(FilterReason::kNoFilter), "no_filter");
  EXPECT_EQ(FilterReasonName(FilterReason::kRankedOut), "ranked_out");
  EXPECT_EQ(FilterReasonName(FilterReason::kQuarantined), "quarantined");
}

}  // namespace
}  // namespace winnow::store

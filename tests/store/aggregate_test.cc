#include "store/aggregate.h"

#include <gtest/gtest.h>

#include "tests/store/history_builder.h"

namespace winnow::store {
namespace {

PromptAggregate FoldAll(std::initializer_list<Outcome> outcomes) {
  PromptAggregate aggregate = EmptyAggregate(MoppsPrior());
  for (const Outcome& outcome : outcomes) FoldOutcome(MoppsPrior(), outcome, &aggregate);
  return aggregate;
}

Outcome Easy(uint64_t step) { return OutcomeOf(1, step, {1, 1, 1, 1}); }
Outcome Hard(uint64_t step) { return OutcomeOf(1, step, {0, 0, 0, 0}); }
Outcome Effective(uint64_t step) { return OutcomeOf(1, step, {0, 1, 0, 0}); }
Outcome Unknown(uint64_t step) { return UnknownOutcomeOf(1, step, VerdictKind::kTimeout); }

TEST(AggregateTest, CountsSamplesAndRewards) {
  Outcome mixed = Effective(3);
  mixed.samples[0].kind = VerdictKind::kInvalid;
  const PromptAggregate aggregate = FoldAll({Easy(1), Unknown(2), mixed});
  EXPECT_EQ(aggregate.groups, 3u);
  EXPECT_EQ(aggregate.samples_by_kind, (std::array<uint32_t, 4>{7, 1, 4, 0}));
  EXPECT_EQ(aggregate.num_scored(), 7u);
  EXPECT_EQ(aggregate.reward_sum, 5.0);
  EXPECT_EQ(aggregate.reward_square_sum, 5.0);
  EXPECT_EQ(aggregate.mean_reward(), 5.0 / 7);
  EXPECT_EQ(aggregate.last_step, 3u);
}

TEST(AggregateTest, AnUnknownGroupTouchesNoStreakAndNoClass) {
  const PromptAggregate before = FoldAll({Hard(1), Hard(2)});
  const PromptAggregate after = FoldAll({Hard(1), Hard(2), Unknown(3)});
  EXPECT_EQ(before.streak, -2);
  EXPECT_EQ(after.streak, -2);
  EXPECT_EQ(after.class_changes, 0u);
  EXPECT_EQ(after.num_recent, 2);
  EXPECT_EQ(after.mean_reward(), before.mean_reward());
  EXPECT_EQ(after.mopps_b, before.mopps_b);
  EXPECT_TRUE(FoldAll({Unknown(1)}).unseen());
  EXPECT_EQ(FoldAll({Unknown(1)}).last_class(), OutcomeClass::kUnknown);
}

TEST(AggregateTest, CountsGroupsWithoutAScoredSampleInARow) {
  EXPECT_EQ(FoldAll({Unknown(1), Unknown(2), Unknown(3)}).unknown_run, 3u);
  Outcome one_scored = Unknown(3);
  one_scored.samples[2].kind = VerdictKind::kScored;
  EXPECT_EQ(FoldAll({Unknown(1), Unknown(2), one_scored}).unknown_run, 0u);
  EXPECT_EQ(FoldAll({Unknown(1), Easy(2), Unknown(3)}).unknown_run, 1u);
}

TEST(AggregateTest, CountsClassChangesOverUnknownGroups) {
  const PromptAggregate aggregate =
      FoldAll({Easy(1), Unknown(2), Hard(3), Hard(4), Unknown(5), Effective(6)});
  EXPECT_EQ(aggregate.class_changes, 2u);
  EXPECT_EQ(aggregate.recent_changes(), 2);
  EXPECT_EQ(aggregate.groups_by_class, (std::array<uint32_t, 4>{2, 1, 1, 2}));
}

TEST(AggregateTest, KeepsTheLastEightKnownClasses) {
  PromptAggregate aggregate = EmptyAggregate(MoppsPrior());
  FoldOutcome(MoppsPrior(), Hard(1), &aggregate);
  for (uint64_t step = 2; step <= 9; ++step) FoldOutcome(MoppsPrior(), Easy(step), &aggregate);
  EXPECT_EQ(aggregate.num_recent, 8);
  EXPECT_EQ(aggregate.recent[0], OutcomeClass::kEasy);  // the hard one fell out
  EXPECT_EQ(aggregate.recent_changes(), 0);
  EXPECT_EQ(aggregate.class_changes, 1u);
  FoldOutcome(MoppsPrior(), Effective(10), &aggregate);
  EXPECT_EQ(aggregate.recent[7], OutcomeClass::kEffective);
  EXPECT_EQ(aggregate.recent[6], OutcomeClass::kEasy);
}

TEST(AggregateTest, AShadowGroupIsMeasuredOnly) {
  Outcome shadow = Hard(2);
  shadow.shadow = true;
  const PromptAggregate aggregate = FoldAll({Easy(1), shadow});
  const PromptAggregate without = FoldAll({Easy(1)});
  EXPECT_EQ(aggregate.groups, 2u);
  EXPECT_EQ(aggregate.shadow, 1u);
  EXPECT_EQ(aggregate.num_scored(), 8u);
  EXPECT_EQ(aggregate.streak, 1);
  EXPECT_EQ(aggregate.groups_by_class, without.groups_by_class);
  EXPECT_EQ(aggregate.last_step, 1u);
  EXPECT_EQ(aggregate.mopps_a, without.mopps_a);
  EXPECT_EQ(aggregate.mopps_b, without.mopps_b);
}

TEST(AggregateTest, FoldsThePosteriorWithForgetting) {
  const MoppsPrior prior{
      .lambda = 0.5, .prior_alpha = 2, .prior_beta = 4, .reward_min = -1, .reward_max = 1};
  PromptAggregate aggregate = EmptyAggregate(prior);
  EXPECT_EQ(aggregate.mopps_a, 2);
  EXPECT_EQ(aggregate.mopps_b, 4);
  // x = 1, ½, 0, 0 of rewards 1, 0, −1, −1: S = 1.5, k = 4
  FoldOutcome(prior, OutcomeOf(1, 1, {1, 0, -1, -1}), &aggregate);
  EXPECT_EQ(aggregate.mopps_a, 0.5 * 2 + 0.5 * 2 + 1.5);
  EXPECT_EQ(aggregate.mopps_b, 0.5 * 4 + 0.5 * 4 + 4 - 1.5);
  FoldOutcome(prior, OutcomeOf(1, 2, {1, 1, 1, 1}), &aggregate);
  EXPECT_EQ(aggregate.mopps_a, 0.5 * 3.5 + 0.5 * 2 + 4);
  EXPECT_EQ(aggregate.mopps_b, 0.5 * 6.5 + 0.5 * 4 + 0);
  const PromptAggregate before = aggregate;
  FoldOutcome(prior, Unknown(3), &aggregate);
  EXPECT_EQ(aggregate.mopps_a, before.mopps_a);
}

TEST(AggregateTest, OutcomesAndSkipsCommute) {
  PromptAggregate one = EmptyAggregate(MoppsPrior());
  PromptAggregate two = one;
  FoldOutcome(MoppsPrior(), Easy(1), &one);
  FoldSkip(SkipOf(1, 2), &one);
  FoldOutcome(MoppsPrior(), Hard(3), &one);
  FoldSkip(SkipOf(1, 4, FilterReason::kHard), &one);
  FoldOutcome(MoppsPrior(), Easy(1), &two);
  FoldOutcome(MoppsPrior(), Hard(3), &two);
  FoldSkip(SkipOf(1, 2), &two);
  FoldSkip(SkipOf(1, 4, FilterReason::kHard), &two);
  EXPECT_EQ(one, two);
  EXPECT_EQ(one.skips, 2u);
  EXPECT_EQ(one.last_skip_reason, FilterReason::kHard);
  EXPECT_TRUE(one.skipped_last());
  FoldOutcome(MoppsPrior(), Easy(5), &one);
  EXPECT_FALSE(one.skipped_last());
}

TEST(AggregateTest, AShadowGroupOfASkippedOfferIsStillASkip) {
  PromptAggregate aggregate = FoldAll({Easy(1)});
  Outcome shadow = Easy(2);
  shadow.shadow = true;
  FoldOutcome(MoppsPrior(), shadow, &aggregate);
  FoldSkip(SkipOf(1, 2), &aggregate);
  EXPECT_TRUE(aggregate.skipped_last());
}

}  // namespace
}  // namespace winnow::store

#include "orchestrator/filter/greso.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/philox.h"
#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

using store::FilterReason;

class GresoTest : public testing::Test {
 protected:
  // A prompt that earned `count` groups of one kind in a row.
  void Give(PromptId prompt, float reward, int count) {
    for (int i = 0; i < count; ++i) {
      store::Outcome outcome = OutcomeOf(prompt, std::vector<float>(8, reward));
      outcome.cls = store::Classify(settings_.classify_rule(), outcome);
      state_.Observe(outcome);
    }
  }
  FilterSettings Settings(double p, uint64_t seed = 42) {
    FilterOptions options;
    options.p_easy = options.p_hard = p;
    return ResolveFilter(options, {.seed = seed, .train_batch_size = 256, .num_prompts = 1000});
  }
  Decision DecideOne(const FilterSettings& settings, PromptId prompt, uint32_t epoch) {
    return Greso(settings, &state_).Select(std::vector<Offer>{{prompt, epoch}}, 1).front();
  }
  StepTally Tally(uint64_t effective, uint64_t easy, uint64_t hard, uint32_t epoch = 1) {
    return {.step = 1, .effective = effective, .easy = easy, .hard = hard, .last_epoch = epoch};
  }

  const FilterSettings settings_ = Settings(0.5);
  MemoryPromptState state_{settings_.mopps_prior()};
};

TEST_F(GresoTest, TheDrawIsKeyedBySeedEpochPromptAndUse) {
  EXPECT_EQ(FilterUniform(42, PromptId(7), 1, 0), 0.24620301913916098);
  EXPECT_EQ(FilterUniform(0, PromptId(1), 1, 0), 0.8728175507954024);
  EXPECT_EQ(FilterUniform(42, PromptId(7), 2, 0), 0.016319862264303375);
  EXPECT_EQ(FilterUniform(42, PromptId(0x0123456789abcdef), 1, 0), 0.15159707238623765);
  EXPECT_EQ(FilterUniform(0x123456789, PromptId(5), 3, 0), 0.45837614564576523);
  EXPECT_EQ(FilterUniform(42, PromptId(7), 1, 1), 0.13669596640259618);
}

TEST_F(GresoTest, TheTableOfTheSpecificationIsDecidedAsItSays) {
  Give(PromptId(7), 1, 1);
  EXPECT_TRUE(DecideOne(Settings(0.8), PromptId(7), 1).keep);
  Give(PromptId(7), 1, 1);
  const Decision skipped = DecideOne(Settings(0.8), PromptId(7), 1);
  EXPECT_FALSE(skipped.keep);
  EXPECT_EQ(skipped.reason, FilterReason::kEasy);
  EXPECT_EQ(skipped.z, 2);
  EXPECT_EQ(skipped.u, 0.24620301913916098);
  EXPECT_EQ(skipped.skip_probability, 1 - 0.8 * 0.8);

  Give(PromptId(1), 0, 2);
  EXPECT_TRUE(DecideOne(Settings(0.5, /*seed=*/0), PromptId(1), 1).keep);
  Give(PromptId(1), 0, 1);
  EXPECT_EQ(DecideOne(Settings(0.5, /*seed=*/0), PromptId(1), 1).reason, FilterReason::kHard);
}

TEST_F(GresoTest, AnEpochWithASmallDrawSkipsAtTheFirstStreakAndKeepsTheUnseen) {
  EXPECT_EQ(DecideOne(Settings(0.95), PromptId(7), 2).reason, FilterReason::kUnseen);
  Give(PromptId(7), 1, 1);
  EXPECT_FALSE(DecideOne(Settings(0.95), PromptId(7), 2).keep);
}

TEST_F(GresoTest, AnEffectivePromptIsKeptAndAKnownOneExplored) {
  store::Outcome outcome = OutcomeOf(PromptId(3), {0, 1, 0, 1, 0, 1, 0, 1});
  outcome.cls = store::OutcomeClass::kEffective;
  state_.Observe(outcome);
  EXPECT_EQ(DecideOne(settings_, PromptId(3), 1).reason, FilterReason::kEffective);
  Give(PromptId(7), 1, 1);
  EXPECT_EQ(DecideOne(Settings(0.8), PromptId(7), 1).reason, FilterReason::kExplore);
}

TEST_F(GresoTest, AFlipRestartsTheStreakAtOne) {
  Give(PromptId(7), 1, 5);
  Give(PromptId(7), 0, 1);
  EXPECT_EQ(DecideOne(settings_, PromptId(7), 1).z, -1);
}

TEST_F(GresoTest, TheDrawMustBeStrictlyBelowTheSkipProbability) {
  // u of (42, 1, 7, 0) itself as s: p = 1 - u is exact, and so is 1 - p.
  const double u = 0.24620301913916098;
  const double p = 1 - u;
  ASSERT_EQ(1 - p, u);
  Give(PromptId(7), 1, 1);
  EXPECT_TRUE(DecideOne(Settings(p), PromptId(7), 1).keep);
  EXPECT_FALSE(DecideOne(Settings(std::nextafter(p, 0)), PromptId(7), 1).keep);
}

TEST_F(GresoTest, ThePowerIsAChainOfProductsAboveTheFloor) {
  EXPECT_EQ(SkipProbability(0, 0.5, 0.01), 0);
  EXPECT_EQ(SkipProbability(1, 0.5, 0.01), 0.5);
  EXPECT_EQ(SkipProbability(-3, 0.5, 0.01), 0.875);
  EXPECT_EQ(SkipProbability(6, 0.5, 0.01), 1 - 0.015625);
  EXPECT_EQ(SkipProbability(7, 0.5, 0.01), 0.99);
  EXPECT_EQ(SkipProbability(5, 0.7, 0.01), 1 - 0.7 * 0.7 * 0.7 * 0.7 * 0.7);
  EXPECT_EQ(SkipProbability(3, 0.5, 0), 0.875);
}

TEST_F(GresoTest, TheLongestStreaksAreDecidedAtOnce) {
  for (const double p : {0.05, 0.5, 0.95, 1.0}) {
    for (const int32_t z : {store::kMaxStreak, -store::kMaxStreak}) {
      EXPECT_EQ(SkipProbability(z, p, 0.01), p == 1 ? 0 : 0.99);
    }
  }
  EXPECT_EQ(SkipProbability(-store::kMaxStreak, 0.5, 0), 1);
}

TEST_F(GresoTest, ThePaperExampleMovesPInBothDirections) {
  Greso filter(settings_, &state_);
  filter.OnStep(Tally(264, 60, 60));
  EXPECT_EQ(filter.exploration(), (Exploration{0.5 - 0.01, 0.5 + 0.01}));
}

TEST_F(GresoTest, PMovesByRepeatedDoubleSteps) {
  Greso filter(settings_, &state_);
  for (int i = 0; i < 7; ++i) filter.OnStep(Tally(0, 1, 1));
  EXPECT_EQ(filter.exploration().p_easy, 0.42999999999999994);
}

TEST_F(GresoTest, PIsClampedAtBothEnds) {
  Greso filter(settings_, &state_);
  for (int i = 0; i < 100; ++i) filter.OnStep(Tally(10, 90, 0));
  EXPECT_EQ(filter.exploration(), (Exploration{0.05, 0.95}));
}

TEST_F(GresoTest, AShareAtTheTargetCountsAsAbove) {
  FilterOptions options;
  options.target_zero_variance = 0.375;  // 0.375 * 2 / 3 is 0.25 exactly, 0.375 / 3 is 0.125
  const FilterSettings settings =
      ResolveFilter(options, {.train_batch_size = 4, .num_prompts = 10});
  Greso filter(settings, &state_);
  filter.OnStep(Tally(5, 1, 2));
  EXPECT_EQ(filter.exploration(), (Exploration{0.49, 0.49}));
}

TEST_F(GresoTest, EasyHasAThirdOfTheTargetAndHardTwoThirds) {
  Greso filter(settings_, &state_);
  filter.OnStep(Tally(80, 10, 10));  // 0.1 lies between 1/12 and 1/6
  EXPECT_EQ(filter.exploration(), (Exploration{0.49, 0.51}));
}

TEST_F(GresoTest, NothingIsAdaptedInTheFirstEpochOrWithoutAKnownGroup) {
  Greso filter(settings_, &state_);
  filter.OnStep(Tally(1, 1, 1, /*epoch=*/0));
  StepTally unknown = Tally(0, 0, 0);
  unknown.unknown = 100;
  filter.OnStep(unknown);
  EXPECT_EQ(filter.exploration(), (Exploration{0.5, 0.5}));
}

TEST_F(GresoTest, UnknownGroupsAreNoPartOfTheShares) {
  Greso filter(settings_, &state_);
  StepTally tally = Tally(5, 1, 1);  // 1/7 is above 1/12
  tally.unknown = 1000;
  filter.OnStep(tally);
  EXPECT_EQ(filter.exploration().p_easy, 0.49);
}

TEST_F(GresoTest, SaveAndLoadKeepPBitForBit) {
  Greso filter(settings_, &state_);
  for (int i = 0; i < 7; ++i) filter.OnStep(Tally(0, 1, 0));
  Greso loaded(settings_, &state_);
  ASSERT_TRUE(loaded.Load(filter.Save()).ok());
  EXPECT_EQ(loaded.exploration(), filter.exploration());
  EXPECT_EQ(loaded.Save(), filter.Save());
}

TEST_F(GresoTest, AProbabilityChangedInTheConfigurationWinsOverTheSavedOne) {
  Greso filter(settings_, &state_);
  filter.OnStep(Tally(0, 1, 1));
  FilterOptions options;
  options.p_easy = 0.7;
  Greso loaded(ResolveFilter(options, {.train_batch_size = 4, .num_prompts = 10}), &state_);
  ASSERT_TRUE(loaded.Load(filter.Save()).ok());
  EXPECT_EQ(loaded.exploration(), (Exploration{0.7, 0.49}));
}

TEST_F(GresoTest, TheSkipRateOverSeedsIsTheSkipProbability) {
  Give(PromptId(7), 0, 2);  // s = 1 - 0.6^2 = 0.64
  constexpr int kSeeds = 20000;
  int skipped = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    skipped += DecideOne(Settings(0.6, seed), PromptId(7), 3).keep ? 0 : 1;
  }
  // 99.99 % of a binomial lies within 3.8906 standard deviations.
  EXPECT_NEAR(skipped, kSeeds * 0.64, 3.8906 * std::sqrt(kSeeds * 0.64 * 0.36));
}

TEST_F(GresoTest, MetricsShowBothProbabilities) {
  Greso filter(settings_, &state_);
  MetricList list;
  filter.AppendMetrics(&list);
  EXPECT_EQ(list, (MetricList{{"filter/p_easy", 0.5}, {"filter/p_hard", 0.5}}));
}

}  // namespace
}  // namespace winnow::orchestrator

#include "orchestrator/filter/keep_all.h"

#include <gtest/gtest.h>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

TEST(KeepAllTest, KeepsEveryOfferWithoutADraw) {
  const FilterSettings settings =
      SettingsFor(FilterType::kNone, {.train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  const KeepAll filter(settings, &state);
  EXPECT_FALSE(filter.refills());
  for (const Decision& decision :
       filter.Select(std::vector<Offer>{{PromptId(1), 0}, {PromptId(2), 5}}, 2)) {
    EXPECT_TRUE(decision.keep);
    EXPECT_EQ(decision.reason, store::FilterReason::kNoFilter);
    EXPECT_EQ(decision.u, 0);
  }
}

TEST(KeepAllTest, TrainsOnWhateverHasEnoughScoredSamples) {
  const FilterSettings settings =
      SettingsFor(FilterType::kNone, {.n = 8, .train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  const KeepAll filter(settings, &state);
  store::Outcome outcome = OutcomeOf(PromptId(1), std::vector<float>(8, 1.0f));
  EXPECT_TRUE(filter.Trainable(outcome));
  for (int i = 2; i < 8; ++i) outcome.samples[i].kind = VerdictKind::kTimeout;
  EXPECT_TRUE(filter.Trainable(outcome));
  outcome.samples[1].kind = VerdictKind::kInvalid;
  EXPECT_FALSE(filter.Trainable(outcome));
}

TEST(KeepAllTest, AGroupOfOneNeedsOneScoredSample) {
  const FilterSettings settings =
      SettingsFor(FilterType::kNone, {.n = 1, .train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  const KeepAll filter(settings, &state);
  EXPECT_TRUE(filter.Trainable(OutcomeOf(PromptId(1), {1.0f})));
}

}  // namespace
}  // namespace winnow::orchestrator

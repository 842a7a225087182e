#include "orchestrator/filter/band.h"

#include <gtest/gtest.h>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

bool Trains(const std::vector<float>& rewards, double low, double high) {
  FilterOptions options;
  options.type = FilterType::kBand;
  options.band_low = low;
  options.band_high = high;
  const FilterSettings settings =
      ResolveFilter(options, {.n = 4, .train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  store::Outcome outcome = OutcomeOf(PromptId(1), rewards);
  outcome.cls = store::Classify(settings.classify_rule(), outcome);
  return Band(settings, &state).Trainable(outcome);
}

TEST(BandTest, BothBordersBelongToTheBand) {
  EXPECT_TRUE(Trains({0, 0, 0, 1}, 0.25, 0.5));
  EXPECT_TRUE(Trains({0, 0, 1, 1}, 0.25, 0.5));
  EXPECT_FALSE(Trains({0, 1, 1, 1}, 0.25, 0.5));
  EXPECT_FALSE(Trains({0, 0, 0, 1}, 0.26, 0.5));
}

TEST(BandTest, AZeroVarianceGroupIsNotTrainedOnEvenInsideTheBand) {
  EXPECT_FALSE(Trains({0.5f, 0.5f, 0.5f, 0.5f}, 0.25, 0.75));
}

TEST(BandTest, TheMeanIsThatOfTheScoredSamples) {
  FilterOptions options;
  options.type = FilterType::kBand;
  const FilterSettings settings =
      ResolveFilter(options, {.n = 4, .train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  store::Outcome outcome = OutcomeOf(PromptId(1), {1, 0, 0, 0});  // mean 0.25 if all were scored
  outcome.samples[1].kind = VerdictKind::kError;
  outcome.samples[2].kind = VerdictKind::kError;
  outcome.cls = store::Classify(settings.classify_rule(), outcome);
  FilterOptions narrow = options;
  narrow.band_low = 0.4;
  narrow.band_high = 0.6;
  EXPECT_TRUE(Band(ResolveFilter(narrow, settings.job), &state).Trainable(outcome));
}

}  // namespace
}  // namespace winnow::orchestrator

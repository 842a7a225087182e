#include "orchestrator/filter/registry.h"

#include <gtest/gtest.h>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

TEST(RegistryTest, EveryTypeHasAVariantOfItsName) {
  for (const FilterType type : {FilterType::kNone, FilterType::kDynamicSampling, FilterType::kGreso,
                                FilterType::kRandomSkip, FilterType::kMopps, FilterType::kBand}) {
    const FilterSettings settings = SettingsFor(type, {.train_batch_size = 4, .num_prompts = 10});
    MemoryPromptState state(settings.mopps_prior());
    const auto filter = MakeFilter(settings, &state);
    ASSERT_TRUE(filter.ok());
    EXPECT_EQ((*filter)->name(), FilterTypeName(type));
  }
}

TEST(RegistryTest, AMissingFileOfRatesIsNamedWithItsKey) {
  FilterOptions options;
  options.type = FilterType::kRandomSkip;
  options.skip_rate_from = "/absent/metrics.jsonl";
  const FilterSettings settings =
      ResolveFilter(options, {.train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  const auto filter = MakeFilter(settings, &state);
  ASSERT_FALSE(filter.ok());
  EXPECT_EQ(filter.status().message().rfind("filter.skip_rate_from: /absent", 0), 0u)
      << filter.status().message();
}

TEST(RegistryTest, ThePlannerIsThatOfTheMode) {
  FilterOptions options;
  const KeyedOfferSource source(Prompts(64), 1, true, 0);
  for (const FilterMode mode : {FilterMode::kWinnow, FilterMode::kReference}) {
    options.mode = mode;
    const FilterSettings settings =
        ResolveFilter(options, {.train_batch_size = 4, .num_prompts = 64});
    MemoryPromptState state(settings.mopps_prior());
    const auto planner = MakePlanner(settings, &state, &source);
    ASSERT_TRUE(planner.ok());
    EXPECT_EQ((*planner)->needs_history(), mode == FilterMode::kReference);
    (*planner)->BeginStep(1, PolicyVersion(0));
    EXPECT_TRUE((*planner)->NextWave().value().has_value());
  }
}

}  // namespace
}  // namespace winnow::orchestrator

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

}  // namespace
}  // namespace winnow::orchestrator

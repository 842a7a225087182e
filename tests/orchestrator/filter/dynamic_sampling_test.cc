#include "orchestrator/filter/dynamic_sampling.h"

#include <gtest/gtest.h>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

TEST(DynamicSamplingTest, KeepsEveryOfferAndTrainsOnEffectiveGroupsOnly) {
  const FilterSettings settings =
      SettingsFor(FilterType::kDynamicSampling, {.n = 4, .train_batch_size = 4, .num_prompts = 10});
  MemoryPromptState state(settings.mopps_prior());
  const DynamicSampling filter(settings, &state);
  EXPECT_TRUE(filter.refills());
  EXPECT_TRUE(filter.Select(std::vector<Offer>{{PromptId(1), 3}}, 1)[0].keep);
  store::Outcome outcome = OutcomeOf(PromptId(1), {0, 1, 1, 1});
  for (const auto cls :
       {store::OutcomeClass::kUnknown, store::OutcomeClass::kEasy, store::OutcomeClass::kHard}) {
    outcome.cls = cls;
    EXPECT_FALSE(filter.Trainable(outcome));
  }
  outcome.cls = store::OutcomeClass::kEffective;
  EXPECT_TRUE(filter.Trainable(outcome));
}

}  // namespace
}  // namespace winnow::orchestrator

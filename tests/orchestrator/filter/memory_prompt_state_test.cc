#include "orchestrator/filter/memory_prompt_state.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

TEST(MemoryPromptStateTest, FoldsOutcomesAndSkipsLikeTheStore) {
  const store::MoppsPrior prior;
  MemoryPromptState state(prior);
  EXPECT_EQ(state.Find(PromptId(1)), std::nullopt);
  store::Outcome outcome = OutcomeOf(PromptId(1), {1, 1});
  outcome.cls = store::OutcomeClass::kEasy;
  const store::Skip skip{.prompt = PromptId(1), .step = 3, .reason = store::FilterReason::kEasy};
  state.Observe(outcome);
  state.OnSkip(skip);
  store::PromptAggregate wanted = store::EmptyAggregate(prior);
  store::FoldOutcome(prior, outcome, &wanted);
  store::FoldSkip(skip, &wanted);
  EXPECT_EQ(state.Find(PromptId(1)), wanted);
}

TEST(MemoryPromptStateTest, HoldsWhatWasLoadedFromTheStore) {
  MemoryPromptState state({});
  store::PromptAggregate aggregate;
  aggregate.streak = -4;
  state.Put(PromptId(9), aggregate);
  state.Put(PromptId(8), store::PromptAggregate());
  EXPECT_EQ(state.Find(PromptId(9))->streak, -4);
  std::map<PromptId, int32_t> seen;
  state.ForEach(
      [&](PromptId prompt, const store::PromptAggregate& found) { seen[prompt] = found.streak; });
  EXPECT_EQ(seen, (std::map<PromptId, int32_t>{{PromptId(8), 0}, {PromptId(9), -4}}));
  EXPECT_EQ(state.size(), 2u);
}

TEST(MemoryPromptStateTest, QuarantineIsForOnePrompt) {
  MemoryPromptState state({});
  state.Quarantine(PromptId(1));
  EXPECT_TRUE(state.Quarantined(PromptId(1)));
  EXPECT_FALSE(state.Quarantined(PromptId(2)));
}

}  // namespace
}  // namespace winnow::orchestrator

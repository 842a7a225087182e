#include "orchestrator/filter/planner_state.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

class PlannerStateTest : public testing::Test {
 protected:
  const FilterSettings settings_ =
      SettingsFor(FilterType::kGreso, {.train_batch_size = 4, .num_prompts = 10});
  StepCounters counters_{8, 10};
  std::vector<std::string> notes_;
};

TEST_F(PlannerStateTest, WhatWasSavedIsLoaded) {
  counters_.Add(Count::kOffered, 7);
  const std::string saved = SavePlannerHeader(settings_, counters_).dump();
  StepCounters loaded(8, 10);
  ASSERT_TRUE(LoadPlannerHeader(saved, settings_, &loaded, &notes_).ok());
  EXPECT_EQ(loaded.total(Count::kOffered), 7);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(PlannerStateTest, AnotherFormatIsRefused) {
  const auto message = [&](std::string_view saved) {
    return LoadPlannerHeader(saved, settings_, &counters_, &notes_).status().message();
  };
  EXPECT_EQ(message("["), "planner state: format must be winnow-planner/1: no JSON object");
  EXPECT_EQ(message(R"({"format": "winnow-planner/2"})"),
            "planner state: format must be winnow-planner/1: \"winnow-planner/2\"");
  EXPECT_EQ(message(R"({"format": "winnow-planner/1"})"),
            "planner state: settings and totals must be objects");
}

TEST_F(PlannerStateTest, ASettingThatIsMissingIsDamage) {
  nlohmann::ordered_json saved = SavePlannerHeader(settings_, counters_);
  saved["settings"].erase("filter.floor");
  const auto loaded = LoadPlannerHeader(saved.dump(), settings_, &counters_, &notes_);
  EXPECT_EQ(loaded.status().message(), "planner state: setting must be present: filter.floor");
}

TEST_F(PlannerStateTest, ASkipCarriesTheNumbersThatDecidedIt) {
  const Decision decision{.offer = {PromptId(3), 2},
                          .keep = false,
                          .reason = store::FilterReason::kHard,
                          .z = -2,
                          .p = 0.5,
                          .skip_probability = 0.75,
                          .u = 0.25};
  EXPECT_EQ(SkipOf(decision, 9), (store::Skip{.prompt = PromptId(3),
                                              .step = 9,
                                              .epoch = 2,
                                              .reason = store::FilterReason::kHard,
                                              .streak = -2,
                                              .p = 0.5,
                                              .skip_probability = 0.75,
                                              .u = 0.25}));
}

TEST_F(PlannerStateTest, AFilterEventHoldsOneEpoch) {
  const std::vector<Decision> decisions = {
      {.offer = {PromptId(1), 0}, .reason = store::FilterReason::kUnseen},
      {.offer = {PromptId(2), 0},
       .keep = false,
       .reason = store::FilterReason::kEasy,
       .skip_probability = 0.5},
      {.offer = {PromptId(3), 1}, .reason = store::FilterReason::kExplore}};
  std::vector<PlannerEvent> events;
  AppendFilterEvents(decisions, 1, &events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].decisions, (std::vector<int>{2, 0}));
  EXPECT_EQ(events[0].draws, 1u);
  EXPECT_EQ(events[1].epoch, 1u);
  EXPECT_EQ(events[1].draws, 1u);
}

}  // namespace
}  // namespace winnow::orchestrator

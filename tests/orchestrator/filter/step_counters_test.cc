#include "orchestrator/filter/step_counters.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

store::Outcome Classified(PromptId prompt, const std::vector<float>& rewards, uint32_t epoch) {
  store::Outcome outcome = OutcomeOf(prompt, rewards);
  outcome.epoch = epoch;
  outcome.cls = store::Classify(
      {.tolerance = 1e-6, .midpoint = 0.5, .n = static_cast<uint32_t>(rewards.size())}, outcome);
  return outcome;
}

TEST(StepCountersTest, CountsPerStepAndOverTheRun) {
  StepCounters counters(/*n=*/4, /*num_prompts=*/10);
  for (int step = 0; step < 2; ++step) {
    counters.BeginStep();
    counters.OnDecision({.keep = true});
    counters.OnDecision({.keep = false, .reason = store::FilterReason::kHard});
    counters.OnOutcome(Classified(PromptId(1), {0, 1, 0, 1}, 0), nullptr);
  }
  const MetricList metrics = counters.Metrics(0);
  EXPECT_EQ(FindMetric(metrics, "filter/offered"), 2);
  EXPECT_EQ(FindMetric(metrics, "filter/offered_total"), 4);
  EXPECT_EQ(FindMetric(metrics, "filter/skipped_hard"), 1);
  EXPECT_EQ(FindMetric(metrics, "filter/saved_responses_total"), 8);
  EXPECT_EQ(FindMetric(metrics, "filter/skip_rate"), 0.5);
  EXPECT_EQ(FindMetric(metrics, "rollout/responses_total"), 8);
  EXPECT_EQ(FindMetric(metrics, "rollout/yield"), 1);
}

TEST(StepCountersTest, EverySkipReasonHasItsCounter) {
  const std::pair<store::FilterReason, const char*> reasons[] = {
      {store::FilterReason::kEasy, "filter/skipped_easy"},
      {store::FilterReason::kHard, "filter/skipped_hard"},
      {store::FilterReason::kRandom, "filter/skipped_random"},
      {store::FilterReason::kRankedOut, "filter/skipped_ranked_out"},
      {store::FilterReason::kQuarantined, "filter/skipped_quarantined"}};
  for (const auto& [reason, name] : reasons) {
    StepCounters counters(4, 10);
    counters.OnDecision({.keep = false, .reason = reason});
    EXPECT_EQ(FindMetric(counters.Metrics(0), name), 1) << name;
  }
}

TEST(StepCountersTest, RewardsAndLengthsAreThoseOfScoredSamples) {
  StepCounters counters(4, 10);
  store::Outcome outcome = Classified(PromptId(1), {1, 1, 0.5f, 0}, 0);
  outcome.samples[3].kind = VerdictKind::kTimeout;
  outcome.samples[3].length = 1000;
  outcome.samples[2].length = 40;
  counters.OnOutcome(outcome, nullptr);
  const MetricList metrics = counters.Metrics(0);
  EXPECT_EQ(FindMetric(metrics, "rollout/reward_mean"), 2.5 / 3);
  EXPECT_EQ(FindMetric(metrics, "rollout/mean_length"), 20);
  EXPECT_EQ(FindMetric(metrics, "rollout/tokens"), 1060);
  EXPECT_EQ(FindMetric(metrics, "rollout/timeout"), 1);
  EXPECT_EQ(FindMetric(metrics, "rollout/scored"), 3);
}

TEST(StepCountersTest, SharesAreOverAllGroupsAndWithoutThemUndefined) {
  StepCounters counters(2, 10);
  EXPECT_EQ(FindMetric(counters.Metrics(0), "filter/share_easy"), std::nullopt);
  counters.OnOutcome(Classified(PromptId(1), {1, 1}, 0), nullptr);
  counters.OnOutcome(Classified(PromptId(2), {0, 0}, 0), nullptr);
  counters.OnOutcome(Classified(PromptId(3), {0, 1}, 0), nullptr);
  store::Outcome unknown = Classified(PromptId(4), {0, 0}, 0);
  unknown.cls = store::OutcomeClass::kUnknown;
  counters.OnOutcome(unknown, nullptr);
  for (const char* name : {"easy", "hard", "effective", "unknown"}) {
    EXPECT_EQ(FindMetric(counters.Metrics(0), std::string("filter/share_") + name), 0.25);
  }
}

TEST(StepCountersTest, PrecisionIsTheShareOfShadowGroupsOfKnownClassThatHadNoVariance) {
  StepCounters counters(2, 10);
  for (const std::vector<float>& rewards : {std::vector<float>{1, 1}, {0, 0}, {0, 1}, {0, 0}}) {
    store::Outcome shadow = Classified(PromptId(1), rewards, 0);
    shadow.shadow = true;
    counters.OnOutcome(shadow, nullptr);
  }
  store::Outcome unknown = Classified(PromptId(1), {1, 1}, 0);
  unknown.shadow = true;
  unknown.cls = store::OutcomeClass::kUnknown;
  counters.OnOutcome(unknown, nullptr);
  const MetricList metrics = counters.Metrics(0);
  EXPECT_EQ(FindMetric(metrics, "filter/precision"), 0.75);
  EXPECT_EQ(FindMetric(metrics, "filter/shadow"), 5);
  EXPECT_EQ(FindMetric(metrics, "rollout/prompts"), 0);
}

TEST(StepCountersTest, TheTwoTemporalProbabilitiesAreThoseOfThePaper) {
  StepCounters counters(2, 10);
  store::PromptAggregate once;  // had no variance before
  once.groups = 1;
  once.groups_by_class[static_cast<size_t>(store::OutcomeClass::kEasy)] = 1;
  counters.OnOutcome(Classified(PromptId(1), {1, 1}, 0), nullptr);  // first epoch: counts nowhere
  counters.OnOutcome(Classified(PromptId(1), {1, 1}, 1), &once);
  counters.OnOutcome(Classified(PromptId(2), {1, 1}, 1), &once);
  counters.OnOutcome(Classified(PromptId(3), {0, 1}, 1), &once);
  counters.OnOutcome(Classified(PromptId(4), {0, 0}, 1), nullptr);
  const MetricList metrics = counters.Metrics(1);
  EXPECT_EQ(FindMetric(metrics, "filter/zero_variance_seen_before"), 2.0 / 3);
  EXPECT_EQ(FindMetric(metrics, "filter/zero_variance_stays"), 2.0 / 3);
}

TEST(StepCountersTest, CoverageSaysWhoWasNotRolledOutForHowLong) {
  MemoryPromptState state({});
  for (uint32_t last : {0u, 3u, 4u}) {
    store::PromptAggregate aggregate;
    aggregate.groups = 1;
    aggregate.last_epoch = last;
    state.Put(PromptId(10 + last), aggregate);
  }
  StepCounters counters(2, /*num_prompts=*/4);  // one prompt was never rolled out
  counters.LoadAges(state);
  const MetricList metrics = counters.Metrics(/*epoch=*/4);
  EXPECT_EQ(FindMetric(metrics, "filter/not_rolled_out_for_1_epochs"), 0.5);
  EXPECT_EQ(FindMetric(metrics, "filter/not_rolled_out_for_4_epochs"), 0.25);
  EXPECT_EQ(FindMetric(metrics, "filter/not_rolled_out_for_8_epochs"), 0);
  const std::optional<store::PromptAggregate> before = state.Find(PromptId(10));
  counters.OnOutcome(Classified(PromptId(10), {0, 1}, 4), &*before);
  EXPECT_EQ(FindMetric(counters.Metrics(4), "filter/not_rolled_out_for_1_epochs"), 0.25);
}

TEST(StepCountersTest, NamesAreDistinctAndTotalsSurviveSaveAndLoad) {
  StepCounters counters(2, 10);
  counters.OnOutcome(Classified(PromptId(1), {0, 0.1f}, 0), nullptr);
  std::set<std::string> names;
  for (const Metric& metric : counters.Metrics(0)) EXPECT_TRUE(names.insert(metric.name).second);
  std::map<std::string, double> saved;
  for (const auto& [name, value] : counters.SaveTotals()) saved[std::string(name)] = value;
  EXPECT_EQ(saved.size(), static_cast<size_t>(kNumCounts));
  StepCounters loaded(2, 10);
  ASSERT_TRUE(loaded.LoadTotals(saved).ok());
  EXPECT_EQ(loaded.SaveTotals(), counters.SaveTotals());
  saved.erase("filter/offered");
  EXPECT_EQ(loaded.LoadTotals(saved).message(),
            "planner state: counter must be present: filter/offered");
}

}  // namespace
}  // namespace winnow::orchestrator

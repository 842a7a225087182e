#include "orchestrator/reward_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace winnow::orchestrator {
namespace {

reward::Verdict Timed(reward::Verdict verdict, double ms) {
  return std::move(verdict).WithProvenance({.wall_s = ms / 1e3});
}

TEST(RewardMetricsTest, OfTheVerdictsSinceTheLastTake) {
  RewardMetrics metrics;
  metrics.Add(Timed(reward::Verdict::Scored(1.0f, {{"length", 4}}), 1));
  metrics.Add(Timed(reward::Verdict::Scored(0.0f, {{"length", 8}, {"acc", 0}}), 2));
  metrics.Add(Timed(reward::Verdict::Timeout("late"), 3));
  metrics.Add(Timed(reward::Verdict::Invalid("row"), 4));
  const MetricList list = metrics.Take({.retries = 5, .worker_restarts = 2});
  const auto value = [&](const char* name) { return FindMetric(list, name).value_or(NAN); };
  EXPECT_EQ(value("reward/mean"), 0.5);
  EXPECT_EQ(value("reward/std"), 0.5);
  EXPECT_EQ(value("reward/min"), 0.0);
  EXPECT_EQ(value("reward/max"), 1.0);
  EXPECT_EQ(value("reward/part/length"), 6.0);
  EXPECT_EQ(value("reward/part/acc"), 0.0);
  EXPECT_EQ(value("reward/scored_frac"), 0.5);
  EXPECT_EQ(value("reward/timeout_frac"), 0.25);
  EXPECT_EQ(value("reward/invalid_frac"), 0.25);
  EXPECT_EQ(value("reward/error_frac"), 0.0);
  EXPECT_EQ(value("reward/time_ms/p50"), 3.0);
  EXPECT_EQ(value("reward/time_ms/p99"), 4.0);
  EXPECT_EQ(value("reward/retries"), 5.0);
  EXPECT_EQ(value("reward/worker_restarts"), 2.0);

  const MetricList next = metrics.Take({.retries = 7, .worker_restarts = 2});
  EXPECT_FALSE(FindMetric(next, "reward/mean").has_value());
  EXPECT_FALSE(FindMetric(next, "reward/scored_frac").has_value());
  EXPECT_FALSE(FindMetric(next, "reward/part/length").has_value());
  EXPECT_EQ(FindMetric(next, "reward/retries"), 2.0);
  EXPECT_EQ(FindMetric(next, "reward/worker_restarts"), 0.0);
}

}  // namespace
}  // namespace winnow::orchestrator

#include "orchestrator/metrics_hub.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tests/support/tiny_model.h"

namespace winnow::orchestrator {
namespace {

TEST(MetricsHubTest, WritesWhatTheLoggersName) {
  const std::string folder = testing_support::FreshFolder("metrics_hub");
  MetricsHub hub;
  ASSERT_TRUE(hub.Open(folder, {"jsonl"}, std::nullopt).ok());
  ASSERT_TRUE(hub.OnStep(1, {{"a", 0.5}}, {}).ok());
  ASSERT_TRUE(hub.OnEvaluation(1, {{"val/accuracy", std::nullopt}}).ok());
  EXPECT_EQ(*ReadFile(folder + "/metrics.jsonl"),
            "{\"step\": 1, \"a\": 0.5}\n{\"step\": 1, \"val/accuracy\": null}\n");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(entry.path().filename(), "metrics.jsonl");
  }
}

TEST(MetricsHubTest, AResumeForgetsLaterLinesAndAddsAnEventFile) {
  const std::string folder = testing_support::FreshFolder("metrics_hub_resume");
  {
    MetricsHub hub;
    ASSERT_TRUE(hub.Open(folder, {"jsonl", "tensorboard"}, std::nullopt).ok());
    for (uint64_t step = 1; step <= 3; ++step) ASSERT_TRUE(hub.OnStep(step, {}, {}).ok());
  }
  MetricsHub hub;
  ASSERT_TRUE(hub.Open(folder, {"jsonl", "tensorboard"}, 2).ok());
  EXPECT_EQ(*ReadFile(folder + "/metrics.jsonl"), "{\"step\": 1}\n{\"step\": 2}\n");
  size_t event_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    event_files += entry.path().filename().string().starts_with("events.out.tfevents.") ? 1 : 0;
  }
  EXPECT_EQ(event_files, 2u);
}

}  // namespace
}  // namespace winnow::orchestrator

#include "orchestrator/filter/replay.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"

namespace winnow::orchestrator {
namespace {

using nlohmann::json;

std::string DefaultTrace() {
  return ReadFile(std::string(WINNOW_SOURCE_DIR) + "/tests/golden/greso/a_default.trace.json")
      .value();
}

TEST(ReplayTest, ReferenceModeIsTheDefaultAndItsTextIsOneArray) {
  const json events = json::parse(ReplayTrace(DefaultTrace(), {}).value());
  ASSERT_TRUE(events.is_array());
  EXPECT_EQ(events[0]["ev"], "filter");
  EXPECT_EQ(events[0]["decision"].size(), 32u);
}

TEST(ReplayTest, WinnowModeGivesEventsOfTheSameForm) {
  const json events =
      json::parse(ReplayTrace(DefaultTrace(), {.mode = FilterMode::kWinnow}).value());
  const json reference = json::parse(ReplayTrace(DefaultTrace(), {}).value());
  const auto keys = [](const json& list, const std::string& kind) {
    std::set<std::string> names;
    for (const json& event : list) {
      if (event["ev"] != kind) continue;
      for (const auto& [key, value] : event.items()) names.insert(key);
    }
    return names;
  };
  for (const char* kind : {"filter", "rollout", "resample", "train"}) {
    EXPECT_FALSE(keys(events, kind).empty()) << kind;
    EXPECT_EQ(keys(events, kind), keys(reference, kind)) << kind;
  }
  uint64_t skipped = 0;
  for (const json& event : events) {
    if (event["ev"] != "filter") continue;
    for (const json& decision : event["decision"]) skipped += decision != 2 ? 1 : 0;
  }
  EXPECT_GT(skipped, 100u);
}

TEST(ReplayTest, WinnowModeHeedsTheFilterOptions) {
  ReplayOptions options{.mode = FilterMode::kWinnow};
  options.filter.type = FilterType::kDynamicSampling;
  for (const json& event : json::parse(ReplayTrace(DefaultTrace(), options).value())) {
    if (event["ev"] != "filter") continue;
    for (const json& decision : event["decision"]) EXPECT_EQ(decision, 2);
  }
  options.filter.type = FilterType::kGreso;
  options.filter.p_easy = 7;
  EXPECT_EQ(ReplayTrace(DefaultTrace(), options).status().message(),
            "filter.p_easy must lie in [filter.p_min, filter.p_max] = [0.05, 0.95]: 7");
}

TEST(ReplayTest, EqualArgumentsGiveEqualTextAndAnotherSeedDoesNot) {
  const ReplayOptions options{.mode = FilterMode::kWinnow, .seed = 1};
  const std::string text = ReplayTrace(DefaultTrace(), options).value();
  EXPECT_EQ(ReplayTrace(DefaultTrace(), options).value(), text);
  EXPECT_NE(ReplayTrace(DefaultTrace(), {.mode = FilterMode::kWinnow, .seed = 2}).value(), text);
}

TEST(ReplayTest, ATraceThatIsNoneIsAnError) {
  EXPECT_EQ(ReplayTrace("[]", {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(ReplayTest, WinnowModeNeedsWholeEpochs) {
  const std::string trace = R"({"schema": "greso-trace/1", "config": {"n": 2},
    "uniforms": [], "epoch_orders": [["a", "b"], ["b"]],
    "rewards": {"a": [[0, 1], [1, 1]], "b": [[0, 0], [0, 1]]}})";
  EXPECT_EQ(ReplayTrace(trace, {.mode = FilterMode::kWinnow}).status().message(),
            "trace: in winnow mode each epoch must hold all 2 prompts: 1");
}

}  // namespace
}  // namespace winnow::orchestrator

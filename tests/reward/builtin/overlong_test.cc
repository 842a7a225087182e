#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(OverlongTest, EqualsTheGoldenValues) {
  const auto text = ReadFile(std::string(WINNOW_SOURCE_DIR) + "/tests/golden/losses/overlong.json");
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  const auto golden = nlohmann::json::parse(*text);
  int checked = 0;
  for (const auto& one : golden.at("cases")) {
    for (const auto& variant : one.at("variants")) {
      VerifierOptions options;
      for (const auto& [key, value] : variant.at("params").items()) options[key] = value.dump();
      Judge judge("overlong", options);
      const double factor = variant["params"]["overlong_buffer.penalty_factor"];
      for (size_t i = 0; i < one["inputs"]["response_length"].size(); ++i) {
        const uint32_t length = one["inputs"]["response_length"][i];
        EXPECT_NEAR(judge.Ask({.response_tokens = length}).reward(),
                    variant["expect"]["penalty"][i].get<double>(), 1e-6 * factor);
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 20);
}

TEST(OverlongTest, NeverFallsBelowTheFactor) {
  Judge judge("overlong", {{"max_response_length", "10"},
                           {"overlong_buffer.len", "5"},
                           {"overlong_buffer.penalty_factor", "2"}});
  EXPECT_EQ(judge.Ask({.response_tokens = 1000}).reward(), -2.0f);
  EXPECT_EQ(judge.traits().range.min, -2.0f);
}

TEST(OverlongTest, MayCountTheLongestPath) {
  Judge judge(
      "overlong",
      {{"max_response_length", "10"}, {"overlong_buffer.len", "5"}, {"count", "longest_path"}});
  EXPECT_EQ(judge.Ask({.response_tokens = 1000, .longest_path_tokens = 5}).reward(), 0.0f);
}

TEST(OverlongTest, MistakesNameTheKey) {
  EXPECT_EQ(MistakeOf("overlong", {{"max_response_length", "10"}, {"overlong_buffer.len", "11"}}),
            "reward.overlong_buffer.len must be at most max_response_length (10): \"11\"");
  EXPECT_EQ(MistakeOf("overlong", {}), "reward.max_response_length must be a number: \"\"");
}

}  // namespace
}  // namespace winnow::reward

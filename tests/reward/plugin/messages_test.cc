#include "reward/plugin/messages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace winnow::reward::plugin {
namespace {

TEST(PluginMessagesTest, ASampleKeepsItsFields) {
  const std::vector<int32_t> ids = {5, 6};
  const Sample sample{.prompt_id = PromptId(255),
                      .index = 3,
                      .data_source = "s",
                      .prompt = "p \"q\"\n",
                      .response = "r\xff\xc3\xa4",
                      .reference = "x",
                      .extra_json = R"({"a":{"b":[1]}})",
                      .response_tokens = 2,
                      .longest_path_tokens = 1,
                      .finish = FinishReason::kLength,
                      .response_ids = ids};
  EXPECT_EQ(nlohmann::json::parse(SampleJson(sample)), nlohmann::json::parse(R"({
      "prompt_id":"00000000000000ff","index":3,"data_source":"s","prompt":"p \"q\"\n",
      "response":"r�ä","reference":"x","extra":{"a":{"b":[1]}},"response_tokens":2,
      "longest_path_tokens":1,"finish":"length","response_ids":[5,6]})"));
  const auto request = nlohmann::json::parse(RequestJson(std::span(&sample, 1), 2.5));
  EXPECT_EQ(request["timeout_ms"], 2500);
  EXPECT_EQ(request["samples"].size(), 1u);
  EXPECT_GT(request["deadline_ns"], 0);
  EXPECT_TRUE(nlohmann::json::parse(RequestJson({}, INFINITY))["deadline_ns"].is_null());
  EXPECT_EQ(nlohmann::json::parse(SampleJson({.extra_json = "[1]"}))["extra"],
            nlohmann::json::object());
}

TEST(PluginMessagesTest, VerdictsOfEachKind) {
  const auto parse = [](std::string_view message) {
    bool broken = true;
    const Verdict verdict = ParseVerdict(message, &broken);
    return verdict.ToString() + (broken ? " (broken)" : "");
  };
  EXPECT_EQ(parse(R"({"reward":1})"), "scored 1");
  EXPECT_EQ(parse(R"({"kind":"scored","reward":0.5,"parts":{"a":2}})"), "scored 0.5 (a=2)");
  EXPECT_EQ(parse(R"({"kind":"invalid","reason":"why"})"), "invalid: why");
  EXPECT_EQ(parse(R"({"kind":"timeout","reason":"t"})"), "timeout: t");
  EXPECT_EQ(parse(R"({"kind":"error","reason":"e"})"), "error: e");
  EXPECT_EQ(parse(R"({"reward":11})"), "error: reward is outside [-10, 10]: 11");
  for (const char* message : {"", "1", "[]", "{}", R"({"reward":"1"})", R"({"reward":NaN})",
                              R"({"kind":"good","reward":1})", R"({"reward":1,"parts":{"a":"b"}})",
                              R"({"reward":1,"parts":[1]})"}) {
    const std::string text = parse(message);
    EXPECT_TRUE(text.starts_with("error: broken protocol: ") && text.ends_with("(broken)"))
        << message << ": " << text;
  }
}

}  // namespace
}  // namespace winnow::reward::plugin

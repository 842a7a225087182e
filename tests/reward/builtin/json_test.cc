#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(JsonTest, ReadsTheLastFencedBlockElseTheWhole) {
  Judge judge("json");
  EXPECT_EQ(judge.Reward(R"({"a":1,"b":[2]})", "{\"b\": [2.0], \"a\": 1}"), 1.0f);
  EXPECT_EQ(judge.Reward("[1]", "First:\n```json\n[2]\n```\nno:\n```json\n[1]\n```\ndone"), 1.0f);
  EXPECT_EQ(judge.Reward("[1]", "```json\n[1]\n```\n```json\n[2]\n```"), 0.0f);
  EXPECT_EQ(judge.Reward("[1]", "<think>[2]</think>```\n[1]"), 1.0f);
  EXPECT_EQ(judge.Answered("[1]", "the list is [1]"), 0.0);
  EXPECT_EQ(judge.Answered("[1]", "```json\n[1\n```"), 0.0);
  EXPECT_EQ(judge.Reward("[1]", ""), 0.0f);
}

TEST(JsonTest, PartialPaysTheShareOfRightLeaves) {
  Judge judge("json", {{"partial", "true"}});
  EXPECT_EQ(judge.Reward(R"({"a":1,"b":2})", R"({"a":1,"b":3})"), 0.5f);
  EXPECT_EQ(judge.Reward(R"({"a":1})", R"({"a":1,"b":3})"), 0.5f);
  EXPECT_EQ(Judge("json").Reward(R"({"a":1,"b":2})", R"({"a":1,"b":3})"), 0.0f);
}

TEST(JsonTest, TheRowsSchemaDecides) {
  Judge judge("json");
  const char* row = R"({"schema":{"type":"object","required":["a"]}})";
  EXPECT_EQ(judge.Reward("", R"({"a":1})", row), 1.0f);
  EXPECT_EQ(judge.Reward("", R"({"b":1})", row), 0.0f);
  EXPECT_EQ(judge.Reward(R"({"a":2})", R"({"a":1})", row), 0.0f);
  EXPECT_EQ(judge.Reward("", "[1]", R"({"metadata":{"schema":"{\"type\":\"array\"}"}})"), 1.0f);
}

TEST(JsonTest, AFaultOfTheRowIsInvalid) {
  Judge judge("json");
  EXPECT_EQ(judge.Ask("", "[1]").ToString(), "invalid: the row has neither reference nor schema");
  EXPECT_EQ(judge.Ask("[1", "[1]").ToString(), "invalid: the reference is not JSON");
  EXPECT_EQ(judge.Ask("", "[1]", R"({"schema":{"pattern":"a"}})").ToString(),
            "invalid: schema: pattern is not among the keywords that are read");
}

}  // namespace
}  // namespace winnow::reward

#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(RegexTest, MatchesPartOrWhole) {
  EXPECT_EQ(Judge("regex", {{"pattern", "a+b"}}).Reward("", "xaab!"), 1.0f);
  EXPECT_EQ(Judge("regex", {{"pattern", "a+b"}}).Reward("", "xb"), 0.0f);
  Judge full("regex", {{"pattern", "a+b"}, {"match", "full"}});
  EXPECT_EQ(full.Reward("", "xaab!"), 0.0f);
  EXPECT_EQ(full.Reward("", "aab"), 1.0f);
}

TEST(RegexTest, AGroupIsComparedWithTheReference) {
  Judge by_number("regex", {{"pattern", "result: (\\w+)"}, {"group", "1"}});
  EXPECT_EQ(by_number.Reward("blue", "result: blue"), 1.0f);
  EXPECT_EQ(by_number.Reward("blue", "result: red"), 0.0f);
  EXPECT_EQ(by_number.Answered("blue", "nothing"), 0.0);
  EXPECT_EQ(by_number.Ask("", "result: x").kind(), VerdictKind::kInvalid);
  Judge by_name("regex", {{"pattern", "(?P<color>\\w+) sky"}, {"group", "color"}});
  EXPECT_EQ(by_name.Reward("blue", "a blue sky"), 1.0f);
}

TEST(RegexTest, NeedsAReferenceOnlyForAGroup) {
  EXPECT_FALSE(Judge("regex", {{"pattern", "a"}}).traits().needs_reference);
  EXPECT_TRUE(Judge("regex", {{"pattern", "(a)"}, {"group", "1"}}).traits().needs_reference);
}

TEST(RegexTest, MistakesNameTheKey) {
  EXPECT_EQ(MistakeOf("regex", {{"pattern", "(a"}}),
            "reward.pattern must be an RE2 pattern (missing ): (a): \"(a\"");
  EXPECT_EQ(MistakeOf("regex", {}), "reward.pattern must be given: \"\"");
  EXPECT_EQ(MistakeOf("regex", {{"pattern", "a"}, {"group", "1"}}),
            "reward.group must be a group of reward.pattern: \"1\"");
}

TEST(RegexTest, APatternThatBacktracksElsewhereIsLinear) {
  Judge judge("regex", {{"pattern", "^(a+)+$"}});
  EXPECT_EQ(judge.Reward("", std::string(100000, 'a') + "!"), 0.0f);
}

}  // namespace
}  // namespace winnow::reward

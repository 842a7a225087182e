#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(FormatTest, WantsEachTagOnceInOrderWithNothingAfter) {
  Judge judge("format");
  EXPECT_EQ(judge.Reward("", "<think>a</think>\n<answer>5</answer>\n"), 1.0f);
  for (const char* text :
       {"", "5", "<think>a</think>", "<answer>5</answer><think>a</think>",
        "<think>a</think><answer>5</answer> more", "<think>a<answer>5</answer></think>",
        "<think>a</think><think>b</think><answer>5</answer>", "<think>a</think><answer>5",
        "<think>a</think><answer>5</answer><answer>6</answer>",
        "</think><think><answer></answer>"}) {
    EXPECT_EQ(judge.Reward("", text), 0.0f) << text;
  }
}

TEST(FormatTest, ThePromptMayHoldTheFirstTag) {
  Judge judge("format", {{"thinking", "open"}});
  EXPECT_EQ(judge.Reward("", "a</think><answer>5</answer>"), 1.0f);
  EXPECT_EQ(judge.Reward("", "<think>a</think><answer>5</answer>"), 0.0f);
}

TEST(FormatTest, TagsAndLengthAreOptions) {
  Judge judge("format", {{"tags", R"(["final"])"}, {"min_length", "20"}, {"max_length", "24"}});
  EXPECT_EQ(judge.Reward("", "ab <final>1</final>x"), 0.0f);
  EXPECT_EQ(judge.Reward("", "abcd<final>1</final>"), 1.0f);
  EXPECT_EQ(judge.Reward("", "<final>1</final>"), 0.0f);
  EXPECT_EQ(judge.Reward("", "abcdefghijkl<final>1</final>"), 0.0f);
  EXPECT_EQ(judge.Reward("", "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4<final>1</final>"), 1.0f);
  EXPECT_EQ(MistakeOf("format", {{"tags", "a b"}}), "reward.tags must be names of tags: \"a b\"");
}

}  // namespace
}  // namespace winnow::reward

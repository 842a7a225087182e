#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(ExactTest, TrimsAndJoinsSpaces) {
  Judge judge("exact");
  EXPECT_EQ(judge.Reward("New York", "  New \n  York "), 1.0f);
  EXPECT_EQ(judge.Reward("New York", "NewYork"), 0.0f);
  EXPECT_EQ(judge.Reward("New York", "new york"), 0.0f);
}

TEST(ExactTest, MayIgnoreCase) {
  Judge judge("exact", {{"ignore_case", "true"}});
  EXPECT_EQ(judge.Reward("elihpoyrc", "The answer is Elihpoyrc."), 1.0f);
}

TEST(ExactTest, ReadsMarkedAnswers) {
  Judge judge("exact");
  EXPECT_EQ(judge.Reward("nus", "It is \\boxed{nus}"), 1.0f);
  EXPECT_EQ(judge.Reward("nus", "<answer>nus</answer> or sun"), 1.0f);
  EXPECT_EQ(judge.Reward("nus", "Reversed it is nus"), 0.0f);
}

TEST(ExactTest, AListOfReferencesAcceptsEach) {
  Judge judge("exact");
  EXPECT_EQ(judge.Reward(R"(["USA","United States"])", "United States"), 1.0f);
  EXPECT_EQ(judge.Reward(R"(["USA","United States"])", "States"), 0.0f);
  EXPECT_EQ(judge.Reward("[1, 2]", "[1, 2]"), 1.0f);
}

TEST(ExactTest, WordsOfReasoningGymScore) {
  Judge judge("exact", {{"ignore_case", "true"}});
  EXPECT_EQ(judge.Reward("htimsdlog", "htimsdlog"), 1.0f);
}

}  // namespace
}  // namespace winnow::reward

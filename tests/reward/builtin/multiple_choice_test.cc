#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

const char* const kChoices = R"({"choices":["Paris","Lyon","Nice","Lille"]})";

TEST(MultipleChoiceTest, ReadsTheLetterFromItsPlaces) {
  Judge judge("multiple_choice");
  for (const char* text : {"\\boxed{B}", "\\boxed{\\text{(B)}}", "\\boxed{b}", "\\boxed{B. Lyon}",
                           "<answer>B</answer>", "The answer is B.", "Answer: (B)",
                           "The answer is B, since A is too small.", "I choose (B) here", "B",
                           "(B)", "B) Lyon", "**Answer: B**", "option B"}) {
    EXPECT_EQ(judge.Reward("B", text, kChoices), 1.0f) << text;
    EXPECT_EQ(judge.Reward("C", text, kChoices), 0.0f) << text;
  }
}

TEST(MultipleChoiceTest, TakesTheTextOfExactlyOneChoice) {
  Judge judge("multiple_choice");
  EXPECT_EQ(judge.Reward("B", "It must be Lyon", kChoices), 1.0f);
  EXPECT_EQ(judge.Reward("B", "\\boxed{\\text{lyon}}", kChoices), 1.0f);
  EXPECT_EQ(judge.Answered("B", "Lyon or Paris", kChoices), 0.0);
  EXPECT_EQ(judge.Answered("B", "Lyonnais", kChoices), 0.0);
}

TEST(MultipleChoiceTest, TwoLettersAreNoAnswer) {
  Judge judge("multiple_choice");
  for (const char* text : {"\\boxed{A, B}", "\\boxed{A or B}", "(A) or (B)",
                           "<answer>A B C D</answer>", "The answer is B or C", "A B C D"}) {
    EXPECT_EQ(judge.Answered("B", text, kChoices), 0.0) << text;
  }
}

TEST(MultipleChoiceTest, TheReferenceIsALetterOrAChoice) {
  Judge judge("multiple_choice");
  EXPECT_EQ(judge.Reward("(B)", "B", kChoices), 1.0f);
  EXPECT_EQ(judge.Reward("Lyon", "B", kChoices), 1.0f);
  EXPECT_EQ(judge.Ask("Berlin", "B", kChoices).kind(), VerdictKind::kInvalid);
  EXPECT_EQ(judge.Ask("F", "B", kChoices).kind(), VerdictKind::kInvalid);
  EXPECT_EQ(judge.Reward("F", "\\boxed{F}"), 1.0f);  // without choices any letter
}

TEST(MultipleChoiceTest, ChoicesStandInAnyColumn) {
  Judge judge("multiple_choice", {{"choices", "q.options"}});
  EXPECT_EQ(
      judge.Reward("A", "one", R"({"q":{"options":{"text":["one","two"],"label":["A","B"]}}})"),
      1.0f);
}

}  // namespace
}  // namespace winnow::reward

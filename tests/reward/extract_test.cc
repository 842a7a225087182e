#include "reward/extract.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

std::string Auto(std::string_view text, AnswerForm form = AnswerForm::kMath) {
  return std::string(ExtractAnswer(text, {}, form).value_or("none"));
}
std::string By(const char* rule, std::string_view text, AnswerForm form = AnswerForm::kNumber) {
  return std::string(ExtractAnswer(text, ParseExtractRule(rule).value(), form).value_or("none"));
}

TEST(ExtractRuleTest, ReadsEachRule) {
  EXPECT_EQ(ParseExtractRule("tag:answer")->argument, "answer");
  EXPECT_EQ(ParseExtractRule("after:Answer:")->argument, "Answer:");
  for (const char* bad : {"", "box", "tag:", "after:", "Auto"}) {
    EXPECT_EQ(
        ParseExtractRule(bad).status().message(),
        std::string("reward.extract must be auto, boxed, tag:NAME, after:TEXT, last_number or "
                    "whole: \"") +
            bad + "\"");
  }
}

TEST(ExtractTest, BoxComesFirstAndTheLastOneCounts) {
  EXPECT_EQ(Auto("\\boxed{26} no, \\boxed{16}. The answer is 9"), "16");
  EXPECT_EQ(Auto("\\boxed{\\frac{1}{2}}"), "\\frac{1}{2}");
  EXPECT_EQ(Auto("\\fbox{885}"), "885");
  EXPECT_EQ(Auto("\\boxed {3}"), "3");
  EXPECT_EQ(Auto("\\boxed{x = \\boxed{5}}"), "5");
  EXPECT_EQ(Auto("\\boxed{\\{1, 2\\}}"), "\\{1, 2\\}");
  EXPECT_EQ(Auto("\\boxed{\\left\\{1\\right.}"), "\\left\\{1\\right.");
}

TEST(ExtractTest, EmptyAndOpenBoxesAreNone) {
  EXPECT_EQ(Auto("\\boxed{}"), "none");
  EXPECT_EQ(Auto("\\boxed{7} then \\boxed{ }"), "7");
  EXPECT_EQ(Auto("\\boxed{9706} and then \\boxed{"), "9706");
  EXPECT_EQ(By("boxed", "\\boxed{388"), "none");
  EXPECT_EQ(By("boxed", "the answer is 5"), "none");
}

TEST(ExtractTest, TagsAreReadInAnyCase) {
  EXPECT_EQ(Auto("<answer>1</answer> <ANSWER> 42 </Answer> 7"), "42");
  EXPECT_EQ(Auto("<answer>42"), "42");
  EXPECT_EQ(By("tag:final", "<final>9</final>"), "9");
  EXPECT_EQ(By("tag:final", "<answer>9</answer>"), "none");
}

TEST(ExtractTest, HashesMarkTheAnswerOfGsm8k) {
  EXPECT_EQ(Auto("9 * 2 = $<<9*2=18>>18.\n#### 18"), "18");
  EXPECT_EQ(Auto("#### 1\n#### 8,950\n"), "8,950");
}

TEST(ExtractTest, FollowsTheLastWordAnswer) {
  EXPECT_EQ(Auto("The answer is 732 because 5 of them were removed"), "732");
  EXPECT_EQ(Auto("**Answer: 335**"), "335");
  EXPECT_EQ(Auto("My final answer: 211!"), "211");
  EXPECT_EQ(Auto("the answer would be 696 in this case"), "696");
  EXPECT_EQ(Auto("answer = 304"), "304");
  EXPECT_EQ(Auto("Answer -> 5"), "5");
  EXPECT_EQ(Auto("Answer: -5"), "-5");
  EXPECT_EQ(Auto("### Answer\n493"), "493");
  EXPECT_EQ(Auto("Since $5 < 8$, the answer $490$ follows. See page 35."), "490");
  EXPECT_EQ(Auto("The answer is y = 2x + 50."), "y = 2x + 50");
  EXPECT_EQ(Auto("answered 4, answers 5: 6"), "6");  // no whole word
  EXPECT_EQ(Auto("The answer is 3.", AnswerForm::kNumber), "3");
}

TEST(ExtractTest, TakesTheLastFormula) {
  EXPECT_EQ(Auto("Let $S$ be the sum. Then $S = 74$."), "S = 74");
  EXPECT_EQ(Auto("Hence $$40/3$$"), "40/3");
  EXPECT_EQ(Auto("\\( 662 \\)"), "662");
  EXPECT_EQ(Auto("\\[ 9 \\] because"), "9");
  EXPECT_EQ(Auto("$4$ and so $x$", AnswerForm::kNumber), "4");  // a number is wanted
}

TEST(ExtractTest, DollarBeforeADigitMayBeCurrency) {
  EXPECT_EQ(Auto("So the total cost is $2.", AnswerForm::kNumber), "$2");
  EXPECT_EQ(Auto("It costs $5 and then $6", AnswerForm::kNumber), "$6");
  EXPECT_EQ(Auto("Since $5 < 8$ holds"), "5 < 8");
  EXPECT_EQ(Auto("pay \\$5 or $x$"), "x");
}

TEST(ExtractTest, EndsWithTheLastNumber) {
  EXPECT_EQ(Auto("So in total there are 5", AnswerForm::kNumber), "5");
  EXPECT_EQ(Auto("We get the value 9+9"), "9+9");
  EXPECT_EQ(Auto("that makes 16 - 3 - 4 = 9 eggs"), "16 - 3 - 4 = 9");
  EXPECT_EQ(Auto("the point (4,1)"), "(4,1)");
  EXPECT_EQ(Auto("In 2020, 5 apples"), "5");
  EXPECT_EQ(Auto("I do not know."), "none");
  EXPECT_EQ(Auto("yes"), "none");
  EXPECT_EQ(Auto(""), "none");
  EXPECT_EQ(Auto(" \n "), "none");
}

TEST(ExtractTest, ABareFormulaIsTakenWhole) {
  EXPECT_EQ(Auto("-\\frac{1}{3}"), "-\\frac{1}{3}");
  EXPECT_EQ(Auto("2\\sqrt{3}"), "2\\sqrt{3}");
  EXPECT_EQ(Auto("x > 2"), "x > 2");
  EXPECT_EQ(Auto("1, 2, 3"), "1, 2, 3");
}

TEST(ExtractTest, TextAndLineFormsEndWithTextAndLine) {
  EXPECT_EQ(Auto("Some words\nand more", AnswerForm::kText), "Some words\nand more");
  EXPECT_EQ(Auto("First think.\n(1 + 2) * 3\n", AnswerForm::kLine), "(1 + 2) * 3");
  EXPECT_EQ(Auto("The answer is: **nus**.", AnswerForm::kText), "nus");
  EXPECT_EQ(Auto("The answer\nnus", AnswerForm::kText), "The answer\nnus");  // no separator
}

TEST(ExtractTest, FixedRulesDoNotFallBack) {
  EXPECT_EQ(By("last_number", "\\boxed{7} of 8"), "8");
  EXPECT_EQ(By("after:Answer:", "Answer: 3\nAnswer: 4\nrest"), "4");
  EXPECT_EQ(By("after:Answer:", "no mark 3"), "none");
  EXPECT_EQ(By("whole", "  a \\boxed{7} "), "a \\boxed{7}");
}

TEST(CutThinkingTest, ThinkingNeverCounts) {
  EXPECT_EQ(*CutThinking("<think>\\boxed{7}</think> 8", Thinking::kNone), " 8");
  EXPECT_EQ(*CutThinking("a</think>b</THINK>c", Thinking::kNone), "c");
  EXPECT_EQ(*CutThinking("plain", Thinking::kNone), "plain");
  EXPECT_FALSE(CutThinking("<think> \\boxed{7}", Thinking::kNone).has_value());
  EXPECT_FALSE(CutThinking("x </think> 5 <Think> 6", Thinking::kNone).has_value());
}

TEST(CutThinkingTest, ThePromptMayHaveOpenedIt) {
  EXPECT_FALSE(CutThinking("\\boxed{7}", Thinking::kOpen).has_value());
  EXPECT_EQ(*CutThinking("\\boxed{7}</think>8", Thinking::kOpen), "8");
}

std::string FirstReference(std::string_view text, const char* rule = "auto",
                           AnswerForm form = AnswerForm::kMath) {
  const auto all = ReferenceCandidates(text, ParseExtractRule(rule).value(), form);
  return all.empty() ? "none" : std::string(all[0]);
}

TEST(ReferenceCandidatesTest, MarksComeFirstThenTheWhole) {
  EXPECT_EQ(FirstReference("long solution\n#### 18"), "18");
  EXPECT_EQ(FirstReference("long solution\n#### 18", "boxed"), "18");
  EXPECT_EQ(FirstReference("$\\boxed{5}$"), "5");
  EXPECT_EQ(FirstReference("2\\sqrt{3}"), "2\\sqrt{3}");  // not 3
  EXPECT_EQ(FirstReference("$13, 6$"), "13, 6");
  EXPECT_EQ(FirstReference("foo 3", "boxed"), "foo 3");
  EXPECT_EQ(FirstReference("foo 3", "last_number"), "3");
  EXPECT_EQ(FirstReference("", "auto"), "none");
}

}  // namespace
}  // namespace winnow::reward

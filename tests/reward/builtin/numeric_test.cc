#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(NumericTest, ComparesValuesNotSpellings) {
  Judge judge("numeric");
  for (const char* text : {"1000", "+01,000.00", "1e3", "2000/2", "$1,000", "\\boxed{1000}",
                           "so x = 500 + 500 = 1000", "#### 1,000", "The answer is 1000 apples."}) {
    EXPECT_EQ(judge.Reward("1000", text), 1.0f) << text;
  }
  for (const char* text : {"-1000", "1001", "100", "10000", "1,00"}) {
    EXPECT_EQ(judge.Reward("1000", text), 0.0f) << text;
  }
}

TEST(NumericTest, IntegersAndFractionsAreExactAtAnyLength) {
  Judge judge("numeric", {{"rel", "0.5"}, {"abs", "10"}});
  EXPECT_EQ(judge.Reward("9007199254740993", "9007199254740992"), 0.0f);
  const std::string long_number = "61427631596435618609509536826631876664461852";
  EXPECT_EQ(judge.Reward(long_number + "2", long_number + "2"), 1.0f);
  EXPECT_EQ(judge.Reward(long_number + "2", long_number + "3"), 0.0f);
  EXPECT_EQ(judge.Reward("1/3", "2/6"), 1.0f);
  EXPECT_EQ(judge.Reward("1/3", "1/4"), 0.0f);
}

TEST(NumericTest, DecimalsHaveTheTolerance) {
  Judge judge("numeric");  // rel 1e-6
  EXPECT_EQ(judge.Reward("3.14159265", "3.1415927"), 1.0f);
  EXPECT_EQ(judge.Reward("3.14159265", "3.1416"), 0.0f);
  EXPECT_EQ(judge.Reward("1/3", "0.3333333"), 1.0f);
  Judge loose("numeric", {{"abs", "0.01"}, {"rel", "0"}});
  EXPECT_EQ(loose.Reward("3.14159265", "3.14"), 1.0f);
  EXPECT_EQ(loose.Reward("0.5", "50%"), 1.0f);
  EXPECT_EQ(loose.Reward("0.5", "50"), 0.0f);
}

TEST(NumericTest, ReferencesGoThroughExtraction) {
  Judge judge("numeric");
  EXPECT_EQ(judge.Reward("16 - 3 - 4 = <<16-3-4=9>>9.\n9 * 2 = 18\n#### 18", "18"), 1.0f);
  EXPECT_EQ(judge.Reward("$\\boxed{-489}$", "-489"), 1.0f);
  EXPECT_EQ(judge.Reward("7 apples", "7"), 1.0f);
  EXPECT_EQ(judge.Ask("$y = 2x + 31$", "31").kind(), VerdictKind::kInvalid);
  EXPECT_EQ(judge.Ask("2x + 31", "31").kind(), VerdictKind::kInvalid);
  EXPECT_EQ(judge.Reward("In 2020 there were 5", "5"), 1.0f);
  Judge last("numeric", {{"extract", "last_number"}});
  EXPECT_EQ(last.Reward("#### 18", "first 3, then 18."), 1.0f);
  EXPECT_EQ(last.Reward("18", "18, or 3"), 0.0f);
}

TEST(NumericTest, SolutionsOfGsm8kScoreAgainstThemselves) {
  const char* const kSolutions[] = {
      "It takes 2/2=<<2/2=1>>1 bolt of white fiber\nSo the total amount of fabric is "
      "2+1=<<2+1=3>>3 bolts of fabric\n#### 3",
      "The cost of the house and repairs came out to 80,000+50,000=$<<80000+50000=130000>>130,000\n"
      "#### 70,000",
      "He sprints 3*3=<<3*3=9>>9 times\nSo he runs 9*60=<<9*60=540>>540 meters\n#### 540"};
  Judge numeric("numeric"), math("math");
  for (const char* solution : kSolutions) {
    EXPECT_EQ(numeric.Reward(solution, solution), 1.0f);
    EXPECT_EQ(math.Reward(solution, solution), 1.0f);
  }
}

TEST(NumericTest, UnreadableAnswersAreWrongNotMissing) {
  Judge judge("numeric");
  EXPECT_EQ(judge.Answered("5", "\\boxed{x}"), 1.0);
  EXPECT_EQ(judge.Reward("5", "\\boxed{x}"), 0.0f);
  EXPECT_EQ(judge.Reward("5", "\\boxed{5 6}"), 0.0f);
}

TEST(NumericTest, ANumberInsideAFormulaIsNotItsValue) {
  Judge judge("numeric");
  for (const char* text :
       {"\\boxed{\\sqrt{5}}", "The answer is \\sqrt{5}", "so it is \\sqrt{5}", "$\\sqrt{5}$",
        "\\boxed{5x}", "\\boxed{x^5}", "it is 2^{5}", "\\boxed{5!}", "\\boxed{5 + x}",
        "\\boxed{x \\ge 5}", "\\boxed{5 x}", "\\boxed{5 x^2}", "\\boxed{5^2}"}) {
    EXPECT_EQ(judge.Reward("5", text), 0.0f) << text;
  }
  for (const char* text : {"\\boxed{5\\text{ cm}}", "\\boxed{5\\text{ cm}^2}", "it has 5 cm^2",
                           "\\boxed{5^\\circ}", "\\boxed{5 m}", "<answer>about 5 km/h</answer>",
                           "\\boxed{\\textbf{5}}", "\\boxed{x = 5}"}) {
    EXPECT_EQ(judge.Reward("5", text), 1.0f) << text;
  }
}

}  // namespace
}  // namespace winnow::reward

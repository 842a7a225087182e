#include "reward/formula_run.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

std::string FirstRun(std::string_view text, FormulaRunRules rules = {}) {
  return std::string(NextFormulaRun(text, 0, rules).value_or("none"));
}

TEST(FormulaRunTest, EndsAtWordsAndSentences) {
  EXPECT_EQ(FirstRun("so 3 + 4 apples"), "3 + 4");
  EXPECT_EQ(FirstRun("we get y = 2x + 50. Then"), "y = 2x + 50");
  EXPECT_EQ(FirstRun("is 211!"), "211");
  EXPECT_EQ(FirstRun("335** done"), "335");
  EXPECT_EQ(FirstRun("1.5 and"), "1.5");
  EXPECT_EQ(FirstRun("nothing here"), "none");
}

TEST(FormulaRunTest, SpacesStandBesideOperatorsOnly) {
  EXPECT_EQ(FirstRun("a 5 dollar bill"), "5");
  EXPECT_EQ(FirstRun("2020 5"), "2020");
  EXPECT_EQ(FirstRun("5 1/12 of"), "5 1/12");
}

TEST(FormulaRunTest, TakesBracketsWholeOrNotAtAll) {
  EXPECT_EQ(FirstRun("the point (4, -1) here"), "(4, -1)");
  EXPECT_EQ(FirstRun("18 (see section 3)"), "18");
  EXPECT_EQ(FirstRun("((1 + 2"), "1 + 2");
}

TEST(FormulaRunTest, ReadsLatexWithoutDollars) {
  EXPECT_EQ(FirstRun("it is \\frac{1}{2} m"), "\\frac{1}{2}");
  EXPECT_EQ(FirstRun("value 2\\sqrt{3}."), "2\\sqrt{3}");
  EXPECT_EQ(FirstRun("5\\text{ cm} long"), "5\\text{ cm}");
}

TEST(FormulaRunTest, CommasAndRelationsNeedTheirRule) {
  EXPECT_EQ(FirstRun("3, 5"), "3");
  EXPECT_EQ(FirstRun("3, 5", {.commas = true}), "3, 5");
  EXPECT_EQ(FirstRun("x > 2"), "2");
  EXPECT_EQ(FirstRun("x > 2", {.relations = true}), "x > 2");
}

TEST(FormulaRunTest, ListMarksAreNoSigns) {
  EXPECT_EQ(FirstRun("- 379"), "379");
  EXPECT_EQ(FirstRun("> 857"), "857");
  EXPECT_EQ(FirstRun("list\n  - 12"), "12");
  EXPECT_EQ(FirstRun("the value - 7"), "7");
  EXPECT_EQ(FirstRun("-7"), "-7");
  EXPECT_EQ(SkipLineMarks("> - x", 0), 4u);
}

}  // namespace
}  // namespace winnow::reward

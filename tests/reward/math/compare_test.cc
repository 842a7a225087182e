#include "reward/math/compare.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/reward/math/equality.h"

namespace winnow::reward::math {
namespace {

using Pairs = std::vector<std::pair<const char*, const char*>>;

void ExpectEqual(const Pairs& pairs) {
  for (const auto& [a, b] : pairs) {
    EXPECT_TRUE(Equal(a, b)) << a << " and " << b;
    EXPECT_TRUE(Equal(b, a)) << b << " and " << a;
  }
}
void ExpectDifferent(const Pairs& pairs) {
  for (const auto& [a, b] : pairs) {
    EXPECT_FALSE(Equal(a, b)) << a << " and " << b;
    EXPECT_FALSE(Equal(b, a)) << b << " and " << a;
  }
}

TEST(CompareTest, NumbersByValue) {
  ExpectEqual({{"42", "42.0"},
               {"1/2", "0.5"},
               {"\\frac{36}{20}", "\\frac9{5}"},
               {"1,234", "1234"},
               {"2\\frac{1}{4}", "\\frac{9}{4}"},
               {"7 1/12", "\\frac{85}{12}"},
               {"50\\%", "0.5"},
               {"{13 \\over 4}", "3.25"},
               {"0.1\\overline{6}", "\\frac{1}{6}"},
               {"1.5 \\times 10^{4}", "15000"},
               {"-(-5)", "5"},
               {"\\left|-4\\right|", "4"}});
  ExpectDifferent({{"42", "-42"},
                   {"1/3", "0.333333"},
                   {"\\sqrt{3}", "1.732"},
                   {"50\\%", "50"},
                   {"1,234", "1,23"},
                   {"10", "1.0"},
                   {"\\pi", "3.14159265"}});
}

TEST(CompareTest, LongIntegersByTheirDigits) {
  ExpectEqual({{"614276315964356186095095368266318766644618522",
                "614,276,315,964,356,186,095,095,368,266,318,766,644,618,522"},
               {"-99999999999999999999999999999999999999999",
                "-99999999999999999999999999999999999999999"}});
  ExpectDifferent({{"3803903626644041052213575380390362664404105221357",
                    "3803903626644041052213575380390362664404105221358"},
                   {"28378513718533914038348805462739005247384699244", "2.83785 \\times 10^{46}"}});
}

TEST(CompareTest, ConstantsWithinTheirError) {
  ExpectEqual({{"\\sqrt{192}", "8\\sqrt{3}"},
               {"\\frac{\\sqrt{6}}{6}", "\\frac{1}{\\sqrt{6}}"},
               {"\\sqrt{7}", "7^{1/2}"},
               {"\\log_2(8)", "3"},
               {"2+\\sqrt{7}", "\\sqrt{7}+2"},
               {"\\frac{2\\pi}{3}", "\\frac{2}{3}\\pi"},
               {"\\sqrt[3]{-8}", "-2"},
               {"4!", "24"},
               {"\\binom{5}{2}", "10"},
               {"\\sin 30^\\circ", "\\frac12"},
               {"i^2", "-1"},
               {"\\cos^2 1 + \\sin^2 1", "1"},
               {"e^{\\ln 5}", "5"},
               {"\\sqrt{2}\\sqrt{2} - 2", "0"}});
  ExpectDifferent({{"9+\\sqrt{2}", "9-\\sqrt{2}"},
                   {"\\frac{\\pi}{2}", "\\frac{2}{\\pi}"},
                   {"9\\sqrt{2}", "2\\sqrt{9}"},
                   {"\\ln 5", "\\log 5"},
                   {"1/0", "\\infty"},
                   {"\\frac{0}{0}", "0"},
                   {"10^{300} + \\pi - 10^{300}", "\\pi"}});
}

TEST(CompareTest, ExpressionsAtKeyedPoints) {
  ExpectEqual({{"(y-6)(y+6)", "y^2-36"},
               {"\\frac{n^2-1}{n-1}", "n+1"},
               {"x^5 x^8", "x^{13}"},
               {"5(y+6)", "5y+30"},
               {"x^{5}+\\frac{1}{x^{3}}", "x^{5}+x^{-3}"},
               {"xz", "z x"},
               {"2x+7", "7+2x"},
               {"\\sin^2 x + \\cos^2 x", "1"},
               {"a_1 + a_2", "a_2 + a_{1}"}});
  ExpectDifferent({{"(x+2)^2", "x^2+4"},
                   {"8x+2", "8z+2"},
                   {"xz", "x+z"},
                   {"7x+1", "7x-1"},
                   {"\\sqrt{x^2}", "x"},
                   {"x", "X"},
                   {"a_1", "a_2"}});
}

TEST(CompareTest, EquationsByTheirValueSideAndScale) {
  ExpectEqual({{"x = -8", "-8"},
               {"19", "f(2) = 19"},
               {"36", "n = 35 + 1 = 36"},
               {"5", "5 = x"},
               {"(1, 2)", "(x, y) = (1, 2)"},
               {"n=12, a=13", "a = 13, n = 12"},
               {"y = 2x + 1", "2x + 1 = y"},
               {"y = 2x + 1", "2y - 4x = 2"},
               {"x < 2", "2 > x"},
               {"x = 5", "x = 3 + 2"}});
  ExpectDifferent({{"x = 5", "y = 5"},
                   {"y = 2x + 31", "y = 3x + 31"},
                   {"3", "y = 3 + 1 = 4"},
                   {"\\{1, 2\\}", "x = 1, y = 2"},
                   {"x < y", "y < x"}});
}

TEST(CompareTest, SetsWithoutOrderAndTuplesWithOrder) {
  ExpectEqual({{"\\{11, 19, 6\\}", "\\{6, 11, 19, 11\\}"},
               {"\\{19, -8\\}", "-8, 19"},
               {"3 \\text{ and } 5", "5, 3"},
               {"3 or 5", "\\{3, 5\\}"},
               {"2 \\pm \\sqrt{3}", "2-\\sqrt{3}, 2+\\sqrt{3}"},
               {"\\emptyset", "\\{\\}"},
               {"\\left(0, -\\frac{26}{9}\\right)", "(0,-\\frac{26}{9})"},
               {"3 and 3", "3"},
               {"\\begin{pmatrix}1 & 2\\\\3 & 4\\end{pmatrix}",
                "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}"}});
  ExpectDifferent({{"\\{3, 5\\}", "3"},
                   {"3, 5", "5"},
                   {"\\{3\\}", "3"},
                   {"(4, -1)", "(-1, 4)"},
                   {"(1, 3)", "(1, 3, 0)"},
                   {"(1, 2)", "\\{1, 2\\}"},
                   {"1, 2", "(1, 2)"},
                   {"\\{-9, -2\\}", "\\{-9, -2, 22\\}"}});
}

TEST(CompareTest, IntervalsByTheirEnds) {
  ExpectEqual({{"x > 2", "(2, \\infty)"},
               {"[-3, 5]", "-3 \\le x \\le 5"},
               {"(3, 8)", "x \\in (3, 8)"},
               {"(-\\infty, 5) \\cup (14, \\infty)", "(14,\\infty) \\cup (-\\infty,5)"},
               {"x < 1 \\text{ or } x > 3", "(-\\infty,1) \\cup (3,\\infty)"},
               {"x \\ge 1", "1 \\le x"},
               {"+\\infty", "\\infty"}});
  ExpectDifferent({{"[2, 7)", "[2, 7]"},
                   {"x > 2", "x \\ge 2"},
                   {"x > 2", "x < 2"},
                   {"x > 2", "y > 2"},
                   {"-\\infty", "\\infty"},
                   {"(2, 7)", "4"},
                   {"x > 2", "3"}});
}

TEST(CompareTest, TextIgnoresCaseFontsAndBrackets) {
  ExpectEqual({{"\\text{(C)}", "C"},
               {"\\text{Alice}", "\\mathrm{alice}"},
               {"\\textbf{(E)}", "e"},
               {"\\text{no solution}", "No Solution"},
               {"\\text{94}", "94"}});
  ExpectDifferent(
      {{"\\text{yes}", "\\text{no}"}, {"C", "B"}, {"\\text{undefined}", "0"}, {"odd", "dod"}});
}

TEST(CompareTest, UnitsAreStrippedOrConverted) {
  ExpectEqual({{"106", "106\\text{ degrees}"},
               {"119", "119\\,\\text{ cm}^2"},
               {"120^\\circ", "120"},
               {"10\\text{ square units}", "10"},
               {"384\\ \\mathrm{kg}", "384"}});
  const CompareOptions require{.require_units = true};
  EXPECT_TRUE(Equal("3\\text{ km}", "3000\\text{ m}", require));
  EXPECT_TRUE(Equal("36\\text{ km/h}", "10\\text{ m/s}", require));
  EXPECT_FALSE(Equal("3\\text{ km}", "3", require));
  EXPECT_FALSE(Equal("3\\text{ km}", "3\\text{ kg}", require));
}

TEST(CompareTest, EveryReadableAnswerEqualsItself) {
  for (const char* text :
       {"5", "\\frac{x+1}{2}", "\\{1, x\\}", "(1, 2)", "[0, 1)", "x = 3", "x > y", "\\pm 2",
        "\\infty", "2^{x}", "\\text{red}", "1, 2, 3", "A \\cap B"}) {
    EXPECT_TRUE(Equal(text, text)) << text;
  }
}

TEST(CompareTest, ABudgetThatIsSpentIsNotEqual) {
  StepBudget budget(50);
  std::string long_sum = "x";
  for (int i = 0; i < 60; ++i) long_sum += "+x^" + std::to_string(i % 7);
  EXPECT_FALSE(AreEqual(Read(long_sum), Read("1+" + long_sum + "-1"), {}, budget));
  EXPECT_TRUE(budget.IsSpent());
}

}  // namespace
}  // namespace winnow::reward::math

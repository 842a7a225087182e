#include <gtest/gtest.h>

#include "reward/math/evaluate.h"
#include "reward/math/parser.h"

namespace winnow::reward::math {
namespace {

std::string Exact(const char* text) {
  StepBudget budget;
  const auto value = ExactValue(Read(text).root, budget);
  return value ? value->ToString() : "none";
}

TEST(ExactValueTest, CalculatesRationals) {
  EXPECT_EQ(Exact("\\left(\\frac{11}{7}\\right)^2"), "121/49");
  EXPECT_EQ(Exact("2 \\cdot 3^{5} - 1"), "485");
  EXPECT_EQ(Exact("2^{-3}"), "1/8");
  EXPECT_EQ(Exact("25\\%"), "1/4");
  EXPECT_EQ(Exact("1 - 2 - 3"), "-4");
}

TEST(ExactValueTest, KnowsPerfectRootsFactorialsAndBinomials) {
  EXPECT_EQ(Exact("\\sqrt{49/4}"), "7/2");
  EXPECT_EQ(Exact("\\sqrt[3]{-27}"), "-3");
  EXPECT_EQ(Exact("8^{2/3}"), "4");
  EXPECT_EQ(Exact("6!"), "720");
  EXPECT_EQ(Exact("\\binom{10}{3}"), "120");
  EXPECT_EQ(Exact("\\binom{3}{10}"), "0");
  EXPECT_EQ(Exact("\\log_{4} 8"), "3/2");
  EXPECT_EQ(Exact("\\lfloor -3.5 \\rfloor"), "-4");
  EXPECT_EQ(Exact("\\lceil 3.2 \\rceil"), "4");
  EXPECT_EQ(Exact("|3 - 5|"), "2");
}

TEST(ExactValueTest, HasNoneForTheRest) {
  for (const char* text : {"\\sqrt{2}", "\\pi", "x", "1/0", "0^0", "(-8)^{1/3}", "34!", "2^{200}",
                           "2^{99999}", "\\binom{10000}{5000}", "\\{1\\}"}) {
    EXPECT_EQ(Exact(text), "none") << text;
  }
}

}  // namespace
}  // namespace winnow::reward::math

#include "reward/math/normalize.h"

#include <gtest/gtest.h>

namespace winnow::reward::math {
namespace {

TEST(NormalizeTest, TurnsSignsIntoCommands) {
  EXPECT_EQ(Normalize("\xE2\x88\x92"
                      "5"),
            "-5");
  EXPECT_EQ(Normalize("74\xCF\x80"), "74\\pi");
  EXPECT_EQ(Normalize("x\xC2\xB2"), "x^{2}");
  EXPECT_EQ(Normalize("73\xE3\x80\x82"), "73");
  EXPECT_EQ(Normalize("8\xE2\x80\x8B"), "8");
}

TEST(NormalizeTest, DropsLooks) {
  EXPECT_EQ(Normalize("$\\displaystyle \\left(1\\right)$"), "(1)");
  EXPECT_EQ(Normalize("\\color{blue}{17}"), "{17}");
  EXPECT_EQ(Normalize("\\dfrac{1}{2}."), "\\frac{1}{2}");
  EXPECT_EQ(Normalize("\\$5"), "5");
  EXPECT_EQ(Normalize("150\\degree"), "150^\\circ");
  EXPECT_EQ(Normalize("\\bigl(4, 8\\bigr)"), "(4, 8)");
}

TEST(NormalizeTest, JoinsGroupsOfThreeDigits) {
  EXPECT_EQ(Normalize("2\\,050\\,721"), "2050721");
  EXPECT_EQ(Normalize("4 061"), "4061");
  EXPECT_EQ(Normalize("94,\\!667"), "94{,}667");
  EXPECT_EQ(Normalize("1234 567"), "1234 567");
  EXPECT_EQ(Normalize("1 234/5"), "1 234/5");
  EXPECT_EQ(Normalize("0.5 123"), "0.5 123");
}

TEST(NormalizeTest, SurvivesOddEnds) {
  EXPECT_EQ(Normalize(""), "");
  EXPECT_EQ(Normalize("\\color{blue"), "");
  Normalize("\\");
  Normalize("\xE2\x88");
}

}  // namespace
}  // namespace winnow::reward::math

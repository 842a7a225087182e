#include "reward/arithmetic.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

std::string Value(std::string_view text) {
  const auto result = ReadArithmetic(text);
  if (!result) return "no expression";
  return result->value ? result->value->ToString() : "undefined";
}

TEST(ReadArithmeticTest, FollowsPrecedence) {
  EXPECT_EQ(Value("1 + 2 * 3"), "7");
  EXPECT_EQ(Value("(1+2)*3"), "9");
  EXPECT_EQ(Value("8 - 2 - 3"), "3");
  EXPECT_EQ(Value("8 / 2 / 2"), "2");
  EXPECT_EQ(Value("-3 + 5"), "2");
  EXPECT_EQ(Value("2 * -3"), "-6");
}

TEST(ReadArithmeticTest, IsExact) {
  EXPECT_EQ(Value("1/3 + 1/3 + 1/3"), "1");
  EXPECT_EQ(Value("7 / (8 - 8)"), "undefined");
  EXPECT_EQ(Value("999999999999999999 * 999999999999999999 * 999999999999999999"), "undefined");
}

TEST(ReadArithmeticTest, ReadsLookAlikes) {
  EXPECT_EQ(Value("3 \xC3\x97 4 \xC3\xB7 2 \xE2\x88\x92 1"), "5");
  EXPECT_EQ(Value("3 \\times 4 \\div 2"), "6");
  EXPECT_EQ(Value("\\frac{3+5}{2} \\cdot \\left(1 + 1\\right)"), "8");
  EXPECT_EQ(Value("3 x 4"), "12");
}

TEST(ReadArithmeticTest, RefusesWhatIsNotAllowed) {
  for (const char* text : {"", "+", "1 +", "2^3", "2**3", "1 2", "1.5", "3 = 3", "(1", "1)",
                           "a + 1", "x1", "1e3", "()", "9999999999999999999"}) {
    EXPECT_EQ(Value(text), "no expression") << text;
  }
}

TEST(ReadArithmeticTest, ReportsTheNumbersUsed) {
  EXPECT_EQ(ReadArithmetic("19 + 20 - 12")->numbers, (std::vector<int64_t>{19, 20, 12}));
}

TEST(ReadArithmeticTest, IsBounded) {
  const std::string deep = std::string(100, '(') + "1" + std::string(100, ')');
  EXPECT_EQ(Value(deep), "no expression");
  EXPECT_EQ(Value(std::string(100000, '-') + "1"), "no expression");
  std::string wide = "1";
  for (int i = 0; i < 1200; ++i) wide += "+1";
  EXPECT_EQ(Value(wide), "no expression");
}

}  // namespace
}  // namespace winnow::reward

#include "model/jinja/expression_parser.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ExpressionParserTest, BindsAsJinjaDoes) {
  EXPECT_EQ(Print("2 ~ 3 * 4 ~ 5"), "2125");
  EXPECT_EQ(Print("2 + 3 ~ 4"), "1: unsupported operand types for +: 'int' and 'str'");
  EXPECT_EQ(Print("2 ** 3 ** 2"), "64");  // from the left, unlike Python
  EXPECT_EQ(Print("-2 ** 2"), "4");
  EXPECT_EQ(Print("not 1 == 2"), "True");
  EXPECT_EQ(Print("1 if false else 2 if false else 3"), "3");
  EXPECT_EQ(Print("-1 | abs"), "1");
  EXPECT_EQ(Print("1 < 2 < 3, 1 < 3 < 2"), "(True, False)");
}

TEST(ExpressionParserTest, ReadsLiterals) {
  EXPECT_EQ(Print("[1, 2,], {'a': 1,}, (1,), (), 'a' \"b\""), "([1, 2], {'a': 1}, (1,), (), 'ab')");
}

TEST(ExpressionParserTest, ReadsTestsWithAndWithoutParentheses) {
  EXPECT_EQ(Print("4 is divisibleby 2 and 4 is not divisibleby(3)"), "True");
  EXPECT_EQ(Print("x is defined or 1 is not none"), "True");
}

TEST(ExpressionParserTest, NamesWhatIsWrong) {
  EXPECT_EQ(Print("1 +"), "1: expected an expression, found `}}`");
  EXPECT_EQ(Print("a b"), "1: expected `}}`, found `b`");
  EXPECT_EQ(RenderText("\n{{ a |\n nope }}"), "3: filter `nope` is not supported");
  EXPECT_EQ(Print("a is nope"), "1: test `nope` is not supported");
  EXPECT_EQ(Print("99999999999999999999"), "1: integer does not fit 64 bits: 99999999999999999999");
  EXPECT_EQ(Print("f(a=1, 2)"), "1: positional arguments go before all others");
  EXPECT_EQ(Print("l[1:2:3:4]"), "1: a slice has at most three parts");
  EXPECT_EQ(Print("l[1, 2]"), "1: several subscripts are not supported");
}

TEST(ExpressionParserTest, BoundsLongChains) {
  std::string sum = "1";
  std::string path = "a";
  for (int i = 0; i < 100000; ++i) {
    sum += "+1";
    path += ".a";
  }
  EXPECT_EQ(Print(sum), "1: an expression may be at most 500 deep");
  EXPECT_EQ(Print(path), "1: an expression may be at most 500 deep");
}

}  // namespace
}  // namespace winnow::model::jinja

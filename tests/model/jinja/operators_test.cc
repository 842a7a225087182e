#include "model/jinja/operators.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(OperatorsTest, DividesAsPython) {
  EXPECT_EQ(Print("7 / 2, 7 // 2, -7 // 2, -7 % 3, 7 % -3, 7.5 // 2, -7.5 % 2"),
            "(3.5, 3, -4, 2, -2, 3.0, 0.5)");
  EXPECT_EQ(Print("1 // 0"), "1: division by zero");
  EXPECT_EQ(Print("1.0 / 0"), "1: float division by zero");
}

TEST(OperatorsTest, RefusesIntegersThatDoNotFit) {
  EXPECT_EQ(Print("9223372036854775807 + 1"), "1: result of + does not fit 64 bits");
  EXPECT_EQ(Print("(-9223372036854775807 - 1) // -1"), "1: result of // does not fit 64 bits");
  EXPECT_EQ(Print("(-9223372036854775807 - 1) % -1"), "0");
  EXPECT_EQ(Print("10 ** 100"), "1: result of ** does not fit 64 bits");
  EXPECT_EQ(Print("-(-9223372036854775807 - 1)"), "1: result of - does not fit 64 bits");
}

TEST(OperatorsTest, WorksOnTextsAndLists) {
  EXPECT_EQ(Print("'ab' * 2 + 'c', [1] * 2 + [3], 2 * (1,)"), "('ababc', [1, 1, 3], (1, 1))");
  EXPECT_EQ(Print("'a' + 1"), "1: unsupported operand types for +: 'str' and 'int'");
  EXPECT_EQ(Print("'%s-%d' % ('a', 2)"), "a-2");
}

TEST(OperatorsTest, ComparesAsPython) {
  EXPECT_EQ(Print("1 == 1.0, 1 == true, '1' == 1, [1] == [1.0], {'a': 1} == {'a': 1}"),
            "(True, True, False, True, True)");
  EXPECT_EQ(Print("[1, 2] < [1, 3], 'a' < 'b', 'Z' < 'a'"), "(True, True, True)");
  EXPECT_EQ(Print("1 < 'a'"), "1: '<' not supported between instances of 'int' and 'str'");
  EXPECT_EQ(Print("1 in 'a'"), "1: 'in <string>' requires string as left operand, not int");
}

TEST(OperatorsTest, SlicesCharacters) {
  const std::string text = "{\"s\": \"\u00E9\u65E5\U0001F642x\"}";
  EXPECT_EQ(Print("s[1:3]", text), "\u65E5\U0001F642");
  EXPECT_EQ(Print("s[::-1]", text), "x\U0001F642\u65E5\u00E9");
  EXPECT_EQ(Print("s[-2], s[9:], s[-100:1], s[3:0:-2], s[::9223372036854775807]", text),
            "('\U0001F642', '', '\u00E9', 'x\u65E5', '\u00E9')");
  EXPECT_EQ(Print("s[::0]", text), "1: slice step cannot be zero");
  EXPECT_EQ(Print("s[99] is defined", text), "False");
}

TEST(OperatorsTest, SpendsAGenerator) {
  EXPECT_EQ(RenderText("{% set g = [1, 2] | map('string') %}{{ g | join }}{{ g | join }}."), "12.");
  EXPECT_EQ(Print("([1] | map('string')) | length"), "1: object of type 'generator' has no len()");
}

TEST(OperatorsTest, BoundsSizes) {
  EXPECT_EQ(Print("'aaaaaaaaaa' * 1000000000000"), "1: a text or list is larger than allowed");
  EXPECT_EQ(Print("[1, 2] * 4611686018427387904"), "1: a text or list is larger than allowed");
}

}  // namespace
}  // namespace winnow::model::jinja

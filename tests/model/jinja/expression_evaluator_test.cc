#include "model/jinja/expression_evaluator.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ExpressionEvaluatorTest, EvaluatesNoMoreThanNeeded) {
  EXPECT_EQ(Print("0 and 1 // 0, 1 or 1 // 0, 2 if true else 1 // 0, 2 < 1 < 1 // 0"),
            "(0, 1, 2, False)");
}

TEST(ExpressionEvaluatorTest, GivesOperandsOfAndAndOr) {
  EXPECT_EQ(Print("'' or 'b', 'a' and 'b', none or 0"), "('b', 'b', 0)");
}

TEST(ExpressionEvaluatorTest, UnpacksArguments) {
  EXPECT_EQ(Print("range(*[1, 4]) | list, dict(**{'a': 1})"), "([1, 2, 3], {'a': 1})");
  EXPECT_EQ(Print("dict(**[1])"), "1: argument after ** must be a mapping");
}

TEST(ExpressionEvaluatorTest, SaysTheLineOfTheExpression) {
  EXPECT_EQ(RenderText("a\n{{ 1 +\n\n nope.x }}"), "4: 'nope' is undefined");
  EXPECT_EQ(RenderText("{{ nope() }}"), "1: 'nope' is undefined");
  EXPECT_EQ(RenderText("{{ 1() }}"), "1: 'int' object is not callable");
  EXPECT_EQ(RenderText("{{ self.x() }}"), "1: `self` is not supported");
}

}  // namespace
}  // namespace winnow::model::jinja

#include "reward/math/expression.h"

#include <gtest/gtest.h>

namespace winnow::reward::math {
namespace {

TEST(ExpressionTest, TreesAreEqualNodeByNode) {
  const NodePtr x = MakeNode(Kind::kSymbol, {}, "x");
  const NodePtr one = MakeNumber(Rational::Of(1));
  EXPECT_TRUE(SameTree(MakeNode(Kind::kSum, {x, one}), MakeNode(Kind::kSum, {x, one})));
  EXPECT_FALSE(SameTree(MakeNode(Kind::kSum, {x, one}), MakeNode(Kind::kSum, {one, x})));
  EXPECT_FALSE(SameTree(MakeNode(Kind::kSum, {x, one}), MakeNode(Kind::kProduct, {x, one})));
  EXPECT_FALSE(SameTree(x, MakeNode(Kind::kSymbol, {}, "y")));
}

TEST(ExpressionTest, PlainTextDropsLooks) {
  EXPECT_EQ(PlainText("\\text{(C)}"), "c");
  EXPECT_EQ(PlainText(" No  Solution. "), "nosolution");
  EXPECT_EQ(PlainText("$\\mathbf{Red}$"), "red");
  EXPECT_EQ(PlainText("\\alpha"), "\\alpha");
  EXPECT_EQ(PlainText("\\"), "");
}

}  // namespace
}  // namespace winnow::reward::math

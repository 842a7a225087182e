#include "reward/math/parser.h"

#include <gtest/gtest.h>

namespace winnow::reward::math {
namespace {

Kind KindOf(const char* text) { return Read(text).root->kind; }

TEST(ParserTest, ReadsEachKind) {
  EXPECT_EQ(KindOf("5"), Kind::kNumber);
  EXPECT_EQ(KindOf("x"), Kind::kSymbol);
  EXPECT_EQ(KindOf("x+1"), Kind::kSum);
  EXPECT_EQ(KindOf("2x"), Kind::kProduct);
  EXPECT_EQ(KindOf("\\frac{x}{2}"), Kind::kQuotient);
  EXPECT_EQ(KindOf("x^2"), Kind::kPower);
  EXPECT_EQ(KindOf("\\sqrt{x}"), Kind::kFunction);
  EXPECT_EQ(KindOf("50\\%"), Kind::kPercent);
  EXPECT_EQ(KindOf("5\\text{ cm}"), Kind::kUnit);
  EXPECT_EQ(KindOf("5 km"), Kind::kUnit);
  EXPECT_EQ(KindOf("\\{1,2\\}"), Kind::kSet);
  EXPECT_EQ(KindOf("1, 2"), Kind::kSet);
  EXPECT_EQ(KindOf("(1,2)"), Kind::kTuple);
  EXPECT_EQ(KindOf("[1,2)"), Kind::kInterval);
  EXPECT_EQ(KindOf("[1,2) \\cup (3,4)"), Kind::kUnion);
  EXPECT_EQ(KindOf("x = 2"), Kind::kRelation);
  EXPECT_EQ(KindOf("\\infty"), Kind::kInfinity);
  EXPECT_EQ(KindOf("\\begin{pmatrix}1\\\\2\\end{pmatrix}"), Kind::kMatrix);
}

TEST(ParserTest, WhatItCannotReadIsText) {
  for (const char* text : {"", "no solution", "odd", "1 +", "(1", "\\frac{1}", "\\foo", "5 6",
                           "2**3", "3..4", "\\{x \\mid x > 2\\}", "a:b"}) {
    EXPECT_EQ(KindOf(text), Kind::kText) << text;
    EXPECT_FALSE(Read(text).too_large) << text;
  }
}

TEST(ParserTest, CommasInBracketsSeparate) {
  EXPECT_EQ(Read("1,234").root->kind, Kind::kNumber);
  EXPECT_EQ(Read("(1,234)").root->children.size(), 2u);
  EXPECT_EQ(Read("(1{,}234, 5)").root->children.size(), 2u);
}

TEST(ParserTest, MixedNumbersAddFractionsMultiply) {
  EXPECT_EQ(Read("2\\frac{1}{3}").root->kind, Kind::kNumber);
  EXPECT_EQ(Read("2\\frac{x}{3}").root->kind, Kind::kProduct);
}

TEST(ParserTest, PlusMinusIsTheSetOfBoth) {
  const Expression both = Read("1 \\pm 2");
  ASSERT_EQ(both.root->kind, Kind::kSet);
  EXPECT_EQ(both.root->children.size(), 2u);
}

TEST(ParserTest, LimitsAreMarked) {
  const std::string deep = std::string(100, '(') + "1" + std::string(100, ')');
  EXPECT_TRUE(Read(deep).too_large);
  std::string wide = "x";
  for (int i = 0; i < 1100; ++i) wide += "+x";
  EXPECT_TRUE(Read(wide).too_large);
  EXPECT_EQ(Read(wide).root->kind, Kind::kText);
  EXPECT_FALSE(Read("((((1))))").too_large);
}

}  // namespace
}  // namespace winnow::reward::math

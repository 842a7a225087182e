#include "reward/exact_number.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

TEST(RationalTest, IsKeptInLowestTermsWithAPositiveDenominator) {
  EXPECT_EQ(Rational::Make(6, -4)->ToString(), "-3/2");
  EXPECT_EQ(Rational::Make(0, 5)->ToString(), "0");
  EXPECT_FALSE(Rational::Make(1, 0).has_value());
}

TEST(RationalTest, CalculatesExactly) {
  const Rational third{1, 3}, half{1, 2};
  EXPECT_EQ(Add(third, half)->ToString(), "5/6");
  EXPECT_EQ(Subtract(third, half)->ToString(), "-1/6");
  EXPECT_EQ(Multiply(third, half)->ToString(), "1/6");
  EXPECT_EQ(Divide(third, half)->ToString(), "2/3");
  EXPECT_FALSE(Divide(third, Rational::Of(0)).has_value());
  EXPECT_EQ(Power({-2, 3}, 3)->ToString(), "-8/27");
  EXPECT_EQ(Power({2, 1}, -3)->ToString(), "1/8");
  EXPECT_TRUE(Less(third, half));
}

TEST(RationalTest, OverflowIsNoValue) {
  EXPECT_TRUE(Power(Rational::Of(2), 126).has_value());
  EXPECT_FALSE(Power(Rational::Of(2), 127).has_value());
  EXPECT_FALSE(Power(Rational::Of(2), 20000).has_value());
  EXPECT_EQ(*Power(Rational::Of(-1), 9999), Rational::Of(-1));
  const Rational huge = *Power(Rational::Of(2), 126);
  EXPECT_FALSE(Add(huge, huge).has_value());
  EXPECT_FALSE(Multiply(huge, huge).has_value());
}

TEST(BigIntegerTest, MultipliesAtAnyLength) {
  const BigInteger ones = BigInteger::FromDigits(std::string(60, '1'));
  const BigInteger nine = BigInteger::FromDigits("9");
  EXPECT_EQ(ones.MultipliedBy(nine), BigInteger::FromDigits(std::string(60, '9')));
  EXPECT_EQ(BigInteger::FromDigits("000123"), BigInteger::FromDigits("123"));
  EXPECT_EQ(BigInteger::FromDigits("7").TimesPowerOfTen(20),
            BigInteger::FromDigits("7" + std::string(20, '0')));
  EXPECT_EQ(BigInteger::FromDigits("999999999").Plus(BigInteger::FromDigits("1")),
            BigInteger::FromDigits("1000000000"));
  EXPECT_TRUE(BigInteger::FromDigits("0").IsZero());
}

TEST(ExactNumberTest, ComparesBeyondEveryIntegerType) {
  ExactNumber a, b;
  a.numerator = BigInteger::FromDigits("92669857850325735594766060226014178694052362765990183");
  b = a;
  EXPECT_TRUE(a.SameValue(b));
  EXPECT_FALSE(a.ToRational().has_value());
  b.numerator = b.numerator.Plus(BigInteger::FromDigits("1"));
  EXPECT_FALSE(a.SameValue(b));
  b = a;
  b.negative = true;
  EXPECT_FALSE(a.SameValue(b));
}

TEST(ExactNumberTest, FractionsOfEqualValueAreEqual) {
  ExactNumber a, b;
  a.numerator = BigInteger::FromDigits("2");
  a.denominator = BigInteger::FromDigits("4");
  b.numerator = BigInteger::FromDigits("1");
  b.denominator = BigInteger::FromDigits("2");
  EXPECT_TRUE(a.SameValue(b));
  EXPECT_EQ(a.Approximate(), 0.5);
}

}  // namespace
}  // namespace winnow::reward

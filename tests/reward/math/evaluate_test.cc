#include "reward/math/evaluate.h"

#include <gtest/gtest.h>

#include "reward/math/parser.h"

namespace winnow::reward::math {
namespace {

std::optional<Approximate> At(const char* text, uint32_t point = 0) {
  StepBudget budget;
  return ApproximateValue(Read(text).root, {point}, budget);
}

TEST(EvaluateTest, GivesValuesOfConstants) {
  EXPECT_NEAR(At("\\sqrt{2}")->value.real(), 1.4142135623730951, 1e-15);
  EXPECT_NEAR(At("2\\pi")->value.real(), 6.283185307179586, 1e-15);
  EXPECT_NEAR(At("\\log 100")->value.real(), 2.0, 1e-15);
  EXPECT_NEAR(At("\\ln e^2")->value.real(), 2.0, 1e-15);
  EXPECT_NEAR(At("\\tan 45^\\circ")->value.real(), 1.0, 1e-12);
  EXPECT_NEAR(At("(1+i)^2")->value.imag(), 2.0, 1e-12);
  EXPECT_NEAR(At("\\sqrt[3]{-27} + \\pi - \\pi")->value.real(), -3.0, 1e-12);
}

TEST(EvaluateTest, UndefinedIsNoValue) {
  for (const char* text : {"1/0", "\\ln 0", "0^{-1}", "9^{9^{9}}", "\\{1\\}", "\\infty",
                           "3\\text{ m}", "1/(\\sqrt{2}\\sqrt{2}-2)"}) {
    EXPECT_FALSE(At(text).has_value()) << text;
  }
}

TEST(EvaluateTest, ErrorBoundCoversCancellation) {
  const auto zero = At("\\sqrt{2}\\sqrt{3} - \\sqrt{6}");
  ASSERT_TRUE(zero.has_value());
  EXPECT_LE(std::abs(zero->value), zero->error);
  EXPECT_LT(zero->error, 1e-12);
}

TEST(EvaluateTest, VariablesTakeKeyedPoints) {
  EXPECT_EQ(At("x", 3)->value, At("x", 3)->value);
  EXPECT_NE(At("x", 3)->value, At("x", 4)->value);
  EXPECT_NE(At("x", 3)->value, At("y", 3)->value);
  EXPECT_EQ(At("x", 2)->value.imag(), 0.0);
  EXPECT_NE(At("x", 9)->value.imag(), 0.0);
}

TEST(EvaluateTest, AgreesWithinBoundOrRelative) {
  EXPECT_TRUE(Agree({1.0, 0.0}, {1.0 + 1e-11, 0.0}));
  EXPECT_FALSE(Agree({1.0, 0.0}, {1.0 + 1e-9, 0.0}));
  EXPECT_TRUE(Agree({1.0, 1e-8}, {1.0 + 1e-9, 0.0}));
}

TEST(EvaluateTest, CollectsVariables) {
  std::set<std::string> names;
  CollectSymbols(Read("x + y_1 \\pi e").root, names);
  EXPECT_EQ(names, (std::set<std::string>{"x", "y_1"}));
}

}  // namespace
}  // namespace winnow::reward::math

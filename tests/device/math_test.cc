#include "device/math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "device/bf16.h"

namespace winnow::device {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Error of `actual` in units of the last place of the exact value.
double Ulps(float actual, double exact) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::fabs(actual - exact) / std::ldexp(1.0, exponent - 24);
}

TEST(MathTest, ExpIsWithinAUnitOfTheLastPlace) {
  double worst = 0;
  for (float x = -87.3f; x < 88.7f; x += 0.000517f)
    worst = std::max(worst, Ulps(ExpF32(x), std::exp(static_cast<double>(x))));
  EXPECT_LT(worst, 1.1);
  EXPECT_EQ(ExpF32(0.0f), 1.0f);
}

TEST(MathTest, ExpKeepsItsLimits) {
  EXPECT_EQ(ExpF32(-kInfinity), 0.0f);
  EXPECT_EQ(ExpF32(-1e30f), 0.0f);
  EXPECT_EQ(ExpF32(-87.4f), 0.0f);
  EXPECT_EQ(ExpF32(89.0f), kInfinity);
  EXPECT_EQ(ExpF32(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(ExpF32(kNan)));
}

TEST(MathTest, LogIsWithinAUnitOfTheLastPlace) {
  double worst = 0;
  for (float x = 1e-44f; x < 1e38f; x *= 1.00037f) {
    if (x == 1e-44f * 1.00037f) break;  // denormals that do not grow
    worst = std::max(worst, Ulps(LogF32(x), std::log(static_cast<double>(x))));
    if (x < 1e-37f) x *= 1.5f;
  }
  for (float x = 0.5f; x < 2.0f; x += 0.0000317f) {
    if (x != 1.0f) worst = std::max(worst, Ulps(LogF32(x), std::log(static_cast<double>(x))));
  }
  EXPECT_LT(worst, 1.1);
  EXPECT_EQ(LogF32(1.0f), 0.0f);
}

TEST(MathTest, LogKeepsItsLimits) {
  EXPECT_EQ(LogF32(0.0f), -kInfinity);
  EXPECT_EQ(LogF32(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(LogF32(-1.0f)));
  EXPECT_TRUE(std::isnan(LogF32(kNan)));
}

TEST(MathTest, Log1pIsAccurateNearZeroAndFarFromIt) {
  double worst = 0;
  for (float x = 1e-30f; x < 1e30f; x *= 1.0037f) {
    worst = std::max(worst, Ulps(Log1pF32(x), std::log1p(static_cast<double>(x))));
    if (x < 1) worst = std::max(worst, Ulps(Log1pF32(-x), std::log1p(-static_cast<double>(x))));
  }
  EXPECT_LT(worst, 3.0);
  EXPECT_EQ(Log1pF32(-1.0f), -kInfinity);
  EXPECT_EQ(Log1pF32(kInfinity), kInfinity);
  EXPECT_EQ(Log1pF32(0.0f), 0.0f);
}

TEST(MathTest, Bf16RoundsToNearestEven) {
  EXPECT_EQ(Bf16FromFloat(1.0f), 0x3f80);
  EXPECT_EQ(Bf16FromFloat(1.0f + 0x1p-8f), 0x3f80);      // tie to even
  EXPECT_EQ(Bf16FromFloat(1.0f + 3 * 0x1p-8f), 0x3f82);  // tie to even, up
  EXPECT_EQ(Bf16FromFloat(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81);
  EXPECT_EQ(Bf16FromFloat(kInfinity), 0x7f80);
  EXPECT_EQ(Bf16FromFloat(3.4e38f), 0x7f80);
  EXPECT_TRUE(std::isnan(FloatFromBf16(Bf16FromFloat(kNan))));
  EXPECT_EQ(RoundToBf16(-2.5f), -2.5f);
}

}  // namespace
}  // namespace winnow::device

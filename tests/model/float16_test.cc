#include "model/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace winnow::model {
namespace {

TEST(Float16Test, EveryFiniteValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = FloatFromF16(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromF16(F16FromFloat(value))));
    } else {
      ASSERT_EQ(F16FromFloat(value), bits);
    }
  }
}

TEST(Float16Test, KnowsValuesOfTheStandard) {
  EXPECT_EQ(FloatFromF16(0x3c00), 1.0f);
  EXPECT_EQ(FloatFromF16(0xc000), -2.0f);
  EXPECT_EQ(FloatFromF16(0x7bff), 65504.0f);
  EXPECT_EQ(FloatFromF16(0x0001), 0x1p-24f);
  EXPECT_EQ(FloatFromF16(0x7c00), std::numeric_limits<float>::infinity());
}

TEST(Float16Test, RoundsToNearestEven) {
  EXPECT_EQ(F16FromFloat(1.0f + 0x1p-11f), 0x3c00);      // a tie, down to even
  EXPECT_EQ(F16FromFloat(1.0f + 3 * 0x1p-11f), 0x3c02);  // a tie, up to even
  EXPECT_EQ(F16FromFloat(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
  EXPECT_EQ(F16FromFloat(0x1p-25f), 0x0000);  // half of the least
  EXPECT_EQ(F16FromFloat(3 * 0x1p-25f), 0x0002);
  EXPECT_EQ(F16FromFloat(65519.996f), 0x7bff);
  EXPECT_EQ(F16FromFloat(65520.0f), 0x7c00);
  EXPECT_EQ(F16FromFloat(-1e9f), 0xfc00);
}

}  // namespace
}  // namespace winnow::model

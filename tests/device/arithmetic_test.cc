#include "device/arithmetic.h"

#include <gtest/gtest.h>

#include "device/cpu/isa.h"

namespace winnow::device {
namespace {

TEST(ArithmeticTest, FullNamesAreKeptOnEveryMachine) {
  for (const Arithmetic a : {Arithmetic::kF32, Arithmetic::kBf16Tile, Arithmetic::kBf16Pair})
    EXPECT_EQ(ResolveArithmetic(ArithmeticName(a)).value(), a);
}

TEST(ArithmeticTest, Bf16IsWhatTheMachineDoesNatively) {
  EXPECT_EQ(ResolveArithmetic("bf16").value(),
            HasIsa(Isa::kAmx) ? Arithmetic::kBf16Tile : Arithmetic::kBf16Pair);
  const Arithmetic automatic = ResolveArithmetic("auto").value();
  EXPECT_TRUE(IsNative(automatic));
  EXPECT_EQ(automatic == Arithmetic::kF32,
            !IsNative(Arithmetic::kBf16Tile) && !IsNative(Arithmetic::kBf16Pair));
}

TEST(ArithmeticTest, UnknownNamesAreRefusedWithTheAllowedOnes) {
  EXPECT_EQ(ResolveArithmetic("fp16").status().ToString(),
            InvalidArgument("arithmetic must be auto, f32, bf16, bf16_tile or bf16_pair: fp16")
                .ToString());
}

}  // namespace
}  // namespace winnow::device

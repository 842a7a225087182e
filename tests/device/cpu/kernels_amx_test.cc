#include <gtest/gtest.h>

#include "device/cpu/isa.h"
#include "tests/device/cpu/kernel_equality.h"

namespace winnow::device {
namespace {

TEST(AmxKernelsTest, TileKernelsThroughTheStandInEqualPortable) {
  PrintRan("amx tiles", /*native=*/false);
  ExpectGemmEqualsPortable(PortableKernels(),
                           ChooseGemm(Arithmetic::kBf16Tile, Isa::kPortable, /*stand_in=*/true));
}

TEST(AmxKernelsTest, TileInstructionsEqualPortable) {
  if (!HasIsa(Isa::kAmx)) GTEST_SKIP() << "this machine has no amx: tested through the stand-in";
  PrintRan("amx tiles", /*native=*/true);
  ExpectGemmEqualsPortable(Avx512Kernels(),
                           ChooseGemm(Arithmetic::kBf16Tile, Isa::kAmx, /*stand_in=*/false));
}

// The stand-in against the hardware on longer sums than the equality test's.
TEST(AmxKernelsTest, StandInEqualsTheHardware) {
  if (!HasIsa(Isa::kAmx)) GTEST_SKIP() << "this machine has no amx to compare the stand-in with";
  const GemmChoice<float> hardware = ChooseGemm(Arithmetic::kBf16Tile, Isa::kAmx, false);
  const GemmChoice<float> stand_in = ChooseGemm(Arithmetic::kBf16Tile, Isa::kPortable, true);
  for (const Spread spread : kSpreads) {
    for (const size_t k : {size_t{32}, size_t{576}, size_t{2048}}) {
      const GemmRun a = GemmRun::Of(Avx512Kernels(), hardware, 2, 40, 33, k, spread);
      const GemmRun b = GemmRun::Of(PortableKernels(), stand_in, 2, 40, 33, k, spread);
      EXPECT_TRUE(SameBits(a.y, b.y)) << SpreadName(spread) << ", k " << k;
      EXPECT_TRUE(SameBits(a.dx, b.dx)) << SpreadName(spread) << ", k " << k;
      EXPECT_TRUE(SameBits(a.dw, b.dw)) << SpreadName(spread) << ", k " << k;
    }
  }
}

}  // namespace
}  // namespace winnow::device

#include <gtest/gtest.h>

#include "device/cpu/isa.h"
#include "tests/device/cpu/kernel_equality.h"

namespace winnow::device {
namespace {

TEST(Avx512Bf16KernelsTest, PairKernelThroughTheStandInEqualsPortable) {
  PrintRan("avx512 vdpbf16ps", /*native=*/false);
  ExpectGemmEqualsPortable(PortableKernels(),
                           ChooseGemm(Arithmetic::kBf16Pair, Isa::kPortable, /*stand_in=*/true));
}

TEST(Avx512Bf16KernelsTest, PairInstructionEqualsPortable) {
  if (!HasIsa(Isa::kAvx512Bf16))
    GTEST_SKIP() << "this machine has no avx512_bf16: tested through the stand-in";
  PrintRan("avx512 vdpbf16ps", /*native=*/true);
  ExpectGemmEqualsPortable(Avx512Kernels(),
                           ChooseGemm(Arithmetic::kBf16Pair, Isa::kAvx512Bf16, /*stand_in=*/false));
}

// The stand-in against the hardware on longer sums than the equality test's.
TEST(Avx512Bf16KernelsTest, StandInEqualsTheHardware) {
  if (!HasIsa(Isa::kAvx512Bf16))
    GTEST_SKIP() << "this machine has no avx512_bf16 to compare the stand-in with";
  const GemmChoice<float> hardware = ChooseGemm(Arithmetic::kBf16Pair, Isa::kAvx512Bf16, false);
  const GemmChoice<float> stand_in = ChooseGemm(Arithmetic::kBf16Pair, Isa::kPortable, true);
  for (const Spread spread : kSpreads) {
    for (const size_t k : {size_t{2}, size_t{576}, size_t{2048}}) {
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

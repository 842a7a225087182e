#include <gtest/gtest.h>

#include "device/cpu/isa.h"
#include "tests/device/cpu/kernel_equality.h"

namespace winnow::device {
namespace {

class Avx512KernelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasIsa(Isa::kAvx512))
      GTEST_SKIP() << "this machine has no avx512: its kernels did not run";
    PrintRan("avx512 fma", /*native=*/true);
  }
};

TEST_F(Avx512KernelsTest, OperationsEqualPortable) {
  ExpectOperationsEqualPortable(Avx512Kernels());
}

TEST_F(Avx512KernelsTest, GemmsEqualPortable) {
  for (const Arithmetic arithmetic : kArithmetics) {
    ExpectGemmEqualsPortable(Avx512Kernels(),
                             ChooseGemm(arithmetic, Isa::kAvx512, /*stand_in=*/false));
  }
}

}  // namespace
}  // namespace winnow::device

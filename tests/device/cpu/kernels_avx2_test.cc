#include <gtest/gtest.h>

#include "device/cpu/isa.h"
#include "tests/device/cpu/kernel_equality.h"

namespace winnow::device {
namespace {

class Avx2KernelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasIsa(Isa::kAvx2)) GTEST_SKIP() << "this machine has no avx2: its kernels did not run";
    PrintRan("avx2 fma", /*native=*/true);
  }
};

TEST_F(Avx2KernelsTest, OperationsEqualPortable) { ExpectOperationsEqualPortable(Avx2Kernels()); }

TEST_F(Avx2KernelsTest, GemmsEqualPortable) {
  for (const Arithmetic arithmetic : kArithmetics) {
    ExpectGemmEqualsPortable(Avx2Kernels(), ChooseGemm(arithmetic, Isa::kAvx2, /*stand_in=*/false));
  }
}

}  // namespace
}  // namespace winnow::device

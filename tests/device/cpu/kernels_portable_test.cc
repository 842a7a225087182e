#include <gtest/gtest.h>

#include "device/cpu/kernels.h"
#include "tests/device/cpu/kernel_equality.h"

namespace winnow::device {
namespace {

TEST(PortableKernelsTest, ThreadsChangeNoBit) {
  PrintRan("portable fma", /*native=*/true);
  ExpectOperationsEqualPortable(PortableKernels());
}

TEST(PortableKernelsTest, GemmThreadsAndRowsChangeNoBit) {
  for (const Arithmetic arithmetic : kArithmetics) {
    ExpectGemmEqualsPortable(PortableKernels(),
                             ChooseGemm(arithmetic, Isa::kPortable, /*stand_in=*/false));
  }
}

}  // namespace
}  // namespace winnow::device

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "device/cpu/kernels.h"
#include "tests/device/cpu/kernel_equality.h"

namespace winnow::device {
namespace {

TEST(PortableKernelsTest, ThreadsChangeNoBit) {
  PrintRan("portable fma", /*native=*/true);
  ExpectOperationsEqualPortable(PortableKernels());
}

// Float against double, whose inputs are the same numbers before rounding. The bound is a share of
// each value and of its tensor's root mean square.
TEST(PortableKernelsTest, OperationsAreWithinTheirErrorOfFloat64) {
  const auto exact = OperationRun<double>(ReferenceKernels(), Arithmetic::kF32, 2).Run();
  const auto actual = OperationRun<float>(PortableKernels(), Arithmetic::kF32, 2).Run();
  ASSERT_EQ(actual.size(), exact.size());
  for (size_t i = 0; i < exact.size(); ++i) {
    if (std::string(exact[i].name) == "exp") continue;     // its own test is MathTest
    if (std::string(exact[i].name) == "masses") continue;  // digits; CpuOpsHeadTest has them
    double squares = 0;
    for (const double x : exact[i].values) squares += x * x;
    const double rms = std::sqrt(squares / exact[i].values.size());
    for (size_t j = 0; j < exact[i].values.size(); ++j) {
      const double x = exact[i].values[j];
      ASSERT_NEAR(actual[i].values[j], x, 1e-5 * (std::fabs(x) + rms)) << exact[i].name << ' ' << j;
    }
  }
}

TEST(PortableKernelsTest, GemmThreadsAndRowsChangeNoBit) {
  for (const Arithmetic arithmetic : kArithmetics) {
    ExpectGemmEqualsPortable(PortableKernels(),
                             ChooseGemm(arithmetic, Isa::kPortable, /*stand_in=*/false));
  }
}

}  // namespace
}  // namespace winnow::device

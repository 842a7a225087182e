#include "device/cpu/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "base/thread_pool.h"
#include "device/ops.h"

namespace winnow::device {
namespace {

bool OnlyAvx2(Isa isa) { return isa <= Isa::kAvx2; }

class IsaTest : public ::testing::Test {
 protected:
  ~IsaTest() override { unsetenv("WINNOW_ISA"); }
};

TEST_F(IsaTest, EveryMachineRunsPortable) {
  EXPECT_TRUE(HasIsa(Isa::kPortable));
  setenv("WINNOW_ISA", "portable", 1);
  EXPECT_EQ(ChosenIsa().value(), Isa::kPortable);
}

TEST_F(IsaTest, SetsIncludeThoseBefore) {
  for (int i = 1; i <= static_cast<int>(BestIsa()); ++i) EXPECT_TRUE(HasIsa(static_cast<Isa>(i)));
}

TEST_F(IsaTest, ANameThatTheMachineLacksIsRefusedWithThoseItHas) {
  const Result<Isa> isa = IsaNamed("amx", &OnlyAvx2);
  EXPECT_EQ(isa.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(isa.status().message(),
            "WINNOW_ISA must be one of portable, avx2 on this machine: amx");
}

TEST_F(IsaTest, AnUnknownNameIsRefusedWithAllNames) {
  setenv("WINNOW_ISA", "sse9", 1);
  ThreadPool pool(1);
  EXPECT_EQ(MakeCpuOps(Arithmetic::kF32, &pool).status().message(),
            "WINNOW_ISA must be one of portable, avx2, avx512, avx512_bf16, amx: sse9");
}

TEST_F(IsaTest, TheChosenSetNamesItsKernels) {
  setenv("WINNOW_ISA", "portable", 1);
  ThreadPool pool(1);
  EXPECT_EQ(MakeCpuOps(Arithmetic::kBf16Tile, &pool).value()->kernels(),
            "portable, bf16_tile: portable fma");
}

TEST_F(IsaTest, DenormalsAreFlushedWhileTheScopeLives) {
  volatile float tiny = std::numeric_limits<float>::min();
  const auto half = [&] { return tiny * 0.5f; };
  EXPECT_NE(half(), 0.0f);
  {
    const ScopedFlushDenormals inactive(false);
    EXPECT_NE(half(), 0.0f);
    const ScopedFlushDenormals active(true);
    EXPECT_EQ(half(), 0.0f);
  }
  EXPECT_NE(half(), 0.0f);
}

}  // namespace
}  // namespace winnow::device

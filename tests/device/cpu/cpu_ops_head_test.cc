#include <gtest/gtest.h>

#include <cmath>

#include "device/cpu/cpu_ops.h"
#include "tests/device/tensors.h"

namespace winnow::device {
namespace {

// The head of an inference pass against the one of training: other passes, the same bits.
TEST(CpuOpsHeadTest, ScaledLogitsAndMassesEqualTheirSlowPaths) {
  ThreadPool pool(2);
  const auto ops = MakeCpuOps(Arithmetic::kBf16Tile, &pool).value();
  const size_t k = 48;
  for (const size_t v : {size_t{1}, size_t{100}, size_t{513}, size_t{9000}}) {
    for (const size_t m : {size_t{1}, size_t{6}, size_t{300}}) {
      for (const double temperature : {1.0, 0.7}) {
        const auto x = RandomTensor<float>(m * k, 1, 3), w = RandomTensor<float>(v * k, 2);
        const auto packed = ops->Pack(w.data(), v, k, PackFor::kForward);
        std::vector<float> want(m * v), z(m * v), max(m), log_sum(m), e(v);
        std::vector<LogSoftmaxStats<float>> stats(m);
        std::vector<uint64_t> masses(m * NumMassBlocks(v));
        ops->Linear(x.data(), m, *packed, want.data());
        ops->LogSoftmaxRows(want.data(), m, v, temperature, stats.data());
        ops->ScaledLogits(x.data(), m, *packed, temperature, z.data(), max.data());
        ops->SumMasses(z.data(), m, v, max.data(), log_sum.data(), masses.data());
        ASSERT_TRUE(SameBits(z, want));
        for (size_t r = 0; r < m; ++r) {
          ASSERT_EQ(max[r], stats[r].max);
          ASSERT_EQ(log_sum[r], stats[r].log_sum);
          ops->ExpShifted(z.data() + r * v, v, max[r], e.data());
          std::vector<uint64_t> sums(NumMassBlocks(v));
          for (size_t i = 0; i < v; ++i)
            sums[i / kMassBlock] += static_cast<uint64_t>(std::llrint(double{e[i]} * kMassOfOne));
          ASSERT_TRUE(std::equal(sums.begin(), sums.end(), masses.begin() + r * sums.size()));
        }
      }
    }
  }
}

TEST(CpuOpsHeadTest, TheLogSumOfARowWithABadLogitIsNotFinite) {
  ThreadPool pool(1);
  for (const std::string_view isa : CpuIsaNames()) {
    const auto ops = MakeCpuOps(Arithmetic::kF32, isa, &pool).value();
    for (const size_t at : {size_t{0}, size_t{15}, size_t{16}, size_t{40}}) {
      for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
        // Through the product, as a pass makes it: its maximum may have lost a NaN.
        const float x = 1;
        std::vector<float> z(41), w(41, bad == -INFINITY ? bad : 1.0f);
        w[at] = bad;
        float max = 0, log_sum = 0;
        uint64_t mass = 0;
        ops->ScaledLogits(&x, 1, *ops->Pack(w.data(), 41, 1, PackFor::kForward), 1.0, z.data(),
                          &max);
        ops->SumMasses(z.data(), 1, 41, &max, &log_sum, &mass);
        EXPECT_FALSE(std::isfinite(log_sum)) << isa << " " << at << " " << bad;
      }
    }
  }
}

}  // namespace
}  // namespace winnow::device

#include "device/cpu/gemm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/bf16.h"
#include "device/cpu/isa.h"
#include "tests/device/tensors.h"

namespace winnow::device {
namespace {

// The kernels that MakeCpuOps picks here, against formulas in float64.
class GemmTest : public ::testing::TestWithParam<Arithmetic> {
 protected:
  std::unique_ptr<Ops<float>> ops_ = MakeCpuOps(GetParam(), &pool_).value();

  // Operands as the arithmetic sees them.
  double Operand(float x) const { return GetParam() == Arithmetic::kF32 ? x : RoundToBf16(x); }
  // Every product and sum rounds once, whatever the order.
  static void ExpectClose(float actual, double exact, double magnitude, size_t terms) {
    EXPECT_LE(std::fabs(actual - exact), (terms + 2) * 0x1p-24 * magnitude + 1e-30);
  }

  ThreadPool pool_{2};
};

// Layers that read the same rows give what each gives alone, and adding in place is adding after.
TEST_P(GemmTest, SharedRowsAndSumsInPlaceChangeNoBit) {
  const size_t k = 131;
  for (const size_t m : {1, 6, 70, 1500}) {  // the last one in several pieces of rows
    const auto x = RandomTensor<float>(m * k, 1);
    std::vector<std::unique_ptr<PackedMatrix>> packed;
    std::vector<std::vector<float>> alone, together;
    std::vector<LinearOutput<float>> outputs;
    for (const size_t n : {40, 7, 96}) {
      const auto w = RandomTensor<float>(n * k, 2 + n);
      packed.push_back(ops_->Pack(w.data(), n, k, PackFor::kForwardAndInputGradient));
      alone.emplace_back(m * n);
      together.emplace_back(m * n);
      ops_->Linear(x.data(), m, *packed.back(), alone.back().data());
    }
    for (size_t i = 0; i < packed.size(); ++i) {
      outputs.push_back({packed[i].get(), together[i].data()});
    }
    ops_->Linear(x.data(), m, outputs);
    for (size_t i = 0; i < packed.size(); ++i) EXPECT_TRUE(SameBits(together[i], alone[i])) << m;

    const auto dy = RandomTensor<float>(m * 40, 9);
    std::vector<float> product(m * k), sum = x, in_place = x;
    ops_->LinearInputGradient(dy.data(), m, *packed[0], product.data());
    ops_->Add(product.data(), m * k, sum.data());
    ops_->LinearInputGradient(dy.data(), m, *packed[0], Write::kAdd, in_place.data());
    EXPECT_TRUE(SameBits(in_place, sum)) << m;
  }
}

TEST_P(GemmTest, WeightGradientsOfSharedRowsChangeNoBit) {
  const size_t rows = 2100, k = 70;  // more blocks than are summed at a time
  const auto x = RandomTensor<float>(rows * k, 1);
  const auto blocks = BlocksOf<RowBlock>(rows);
  std::vector<std::vector<float>> dy, alone, together;
  for (const size_t n : {33, 300}) {
    dy.push_back(RandomTensor<float>(rows * n, n));
    alone.push_back(RandomTensor<float>(n * k, 3));
    together.push_back(alone.back());
  }
  std::vector<WeightGradientOutput<float>> outputs;
  for (size_t i = 0; i < dy.size(); ++i) {
    const size_t n = dy[i].size() / rows;
    // One block a call: the order of the sums is that of the blocks.
    for (const RowBlock& block : blocks) {
      ops_->LinearWeightGradient(dy[i].data(), x.data(), n, k, {&block, 1}, alone[i].data());
    }
    outputs.push_back({dy[i].data(), n, together[i].data()});
  }
  ops_->LinearWeightGradient(x.data(), k, blocks, outputs);
  for (size_t i = 0; i < dy.size(); ++i) EXPECT_TRUE(SameBits(together[i], alone[i])) << i;
}

TEST_P(GemmTest, ForwardAndInputGradientAreWithinTheRoundingOfTheirSums) {
  std::printf("%s\n", ops_->kernels().c_str());
  const size_t m = 37, n = 75, k = 301;
  const auto x = RandomTensor<float>(m * k, 1), w = RandomTensor<float>(n * k, 2);
  const auto dy = RandomTensor<float>(m * n, 3);
  const auto packed = ops_->Pack(w.data(), n, k, PackFor::kForwardAndInputGradient);
  EXPECT_EQ(packed->n(), n);
  EXPECT_EQ(packed->k(), k);
  EXPECT_GE(packed->size_bytes(), 2 * n * k * ops_->kv_element_bytes());
  std::vector<float> y(m * n), dx(m * k);
  ops_->Linear(x.data(), m, *packed, y.data());
  ops_->LinearInputGradient(dy.data(), m, *packed, dx.data());
  for (size_t r = 0; r < m; ++r) {
    for (size_t j = 0; j < n; ++j) {
      double sum = 0, magnitude = 0;
      for (size_t i = 0; i < k; ++i) {
        const double term = Operand(x[r * k + i]) * Operand(w[j * k + i]);
        sum += term;
        magnitude += std::fabs(term);
      }
      ExpectClose(y[r * n + j], sum, magnitude, k);
    }
    for (size_t i = 0; i < k; ++i) {
      double sum = 0, magnitude = 0;
      for (size_t j = 0; j < n; ++j) {
        const double term = Operand(dy[r * n + j]) * Operand(w[j * k + i]);
        sum += term;
        magnitude += std::fabs(term);
      }
      ExpectClose(dx[r * k + i], sum, magnitude, n);
    }
  }
}

TEST_P(GemmTest, WeightGradientIsWithinTheRoundingOfItsSums) {
  const size_t m = 150, n = 45, k = 70;
  const auto x = RandomTensor<float>(m * k, 1), dy = RandomTensor<float>(m * n, 2);
  std::vector<float> dw(n * k, 1.0f);
  ops_->LinearWeightGradient(dy.data(), x.data(), n, k, BlocksOf<RowBlock>(m), dw.data());
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < k; ++i) {
      double sum = 1, magnitude = 1;
      for (size_t t = 0; t < m; ++t) {
        const double term = Operand(dy[t * n + j]) * Operand(x[t * k + i]);
        sum += term;
        magnitude += std::fabs(term);
      }
      ExpectClose(dw[j * k + i], sum, magnitude, m);
    }
  }
}

// Canonical gradient (learner.md §7): how blocks are spread over calls changes no bit.
TEST_P(GemmTest, WeightGradientOfBlocksInSeveralCallsHasTheBitsOfOneCall) {
  const size_t m = 200, n = 40, k = 33;
  const auto x = RandomTensor<float>(m * k, 1), dy = RandomTensor<float>(m * n, 2);
  const std::vector<RowBlock> blocks = {{0, 64}, {64, 65}, {65, 101}, {101, 165}, {165, 200}};
  std::vector<float> once(n * k, 0.5f), apart(n * k, 0.5f), moved(n * k, 0.5f);
  ops_->LinearWeightGradient(dy.data(), x.data(), n, k, blocks, once.data());
  for (const RowBlock& block : blocks) {
    ops_->LinearWeightGradient(dy.data(), x.data(), n, k, std::vector{block}, apart.data());
    // The same rows as a micro-batch of their own.
    const RowBlock own = {0, block.end - block.begin};
    ops_->LinearWeightGradient(dy.data() + block.begin * n, x.data() + block.begin * k, n, k,
                               std::vector{own}, moved.data());
  }
  EXPECT_TRUE(SameBits(once, apart));
  EXPECT_TRUE(SameBits(once, moved));
}

TEST_P(GemmTest, RepackingEqualsPacking) {
  const size_t m = 9, n = 50, k = 41;
  const auto x = RandomTensor<float>(m * k, 1), old = RandomTensor<float>(n * k, 2);
  const auto w = RandomTensor<float>(n * k, 3);
  const auto fresh = ops_->Pack(w.data(), n, k, PackFor::kForward);
  const auto refilled = ops_->Pack(old.data(), n, k, PackFor::kForward);
  ops_->Repack(w.data(), refilled.get());
  std::vector<float> a(m * n), b(m * n);
  ops_->Linear(x.data(), m, *fresh, a.data());
  ops_->Linear(x.data(), m, *refilled, b.data());
  EXPECT_TRUE(SameBits(a, b));
}

TEST_P(GemmTest, NoRowsAndNoBlocksDoNothing) {
  const std::vector<float> w(12, 1.0f);
  const auto packed = ops_->Pack(w.data(), 3, 4, PackFor::kForward);
  ops_->Linear(w.data(), 0, *packed, nullptr);
  std::vector<float> dw(12, 2.0f);
  ops_->LinearWeightGradient(w.data(), w.data(), 3, 4, {}, dw.data());
  EXPECT_EQ(dw, std::vector<float>(12, 2.0f));
}

// A value that is not finite stays in its row.
TEST_P(GemmTest, NanAndInfinityReachTheirRowOnly) {
  const size_t m = 20, n = 35, k = 64;
  auto x = RandomTensor<float>(m * k, 1);
  const auto w = RandomTensor<float>(n * k, 2);
  x[3 * k + 5] = NAN;
  x[7 * k + 9] = INFINITY;
  const auto packed = ops_->Pack(w.data(), n, k, PackFor::kForward);
  std::vector<float> y(m * n);
  ops_->Linear(x.data(), m, *packed, y.data());
  for (size_t r = 0; r < m; ++r) {
    for (size_t j = 0; j < n; ++j) EXPECT_EQ(std::isfinite(y[r * n + j]), r != 3 && r != 7);
  }
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, GemmTest,
                         ::testing::Values(Arithmetic::kF32, Arithmetic::kBf16Tile,
                                           Arithmetic::kBf16Pair),
                         [](const auto& info) { return std::string(ArithmeticName(info.param)); });

}  // namespace
}  // namespace winnow::device

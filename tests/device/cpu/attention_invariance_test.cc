#include <gtest/gtest.h>

#include <vector>

#include "device/ops.h"
#include "tests/device/kv_cache.h"
#include "tests/device/tensors.h"

namespace winnow::device {
namespace {

// What must not change a bit of attention (cpu.md §1): pages, chunks, batch mates, threads.
class AttentionInvarianceTest : public ::testing::TestWithParam<Arithmetic> {
 protected:
  static constexpr size_t kRows = 150, kHeads = 6, kKvHeads = 2, kHeadDim = 64;
  static constexpr size_t kWidth = kHeads * kHeadDim, kKvWidth = kKvHeads * kHeadDim;

  static AttentionShape Shape(size_t page_tokens) {
    return {.heads = kHeads,
            .kv_heads = kKvHeads,
            .head_dim = kHeadDim,
            .page_tokens = page_tokens,
            .scale = 0.125};
  }

  struct Outputs {
    std::vector<float> out = std::vector<float>(kRows * kWidth);
    std::vector<float> stats = std::vector<float>(kRows * kHeads * 2);
  };

  // Rows in chunks of `chunk`, each after its keys were written.
  Outputs Run(size_t page_tokens, size_t chunk) {
    const AttentionShape shape = Shape(page_tokens);
    TestKvCache<float> cache(ops_.get(), shape, kRows);
    Outputs o;
    for (size_t row = 0; row < kRows; row += chunk) {
      const size_t count = std::min(chunk, kRows - row);
      cache.Append(k_.data() + row * kKvWidth, v_.data() + row * kKvWidth, count);
      ops_->Attention(shape, std::vector{cache.Sequence(0, count, row)}, q_.data() + row * kWidth,
                      o.out.data() + row * kWidth, o.stats.data() + row * kHeads * 2);
    }
    return o;
  }

  void ExpectSame(const Outputs& a, const Outputs& b, const std::string& what) {
    EXPECT_TRUE(SameBits(a.out, b.out)) << what;
    EXPECT_TRUE(SameBits(a.stats, b.stats)) << what;
  }

  ThreadPool pool_{2};
  std::unique_ptr<Ops<float>> ops_ = MakeCpuOps(GetParam(), &pool_).value();
  std::vector<float> q_ = RandomTensor<float>(kRows * kWidth, 1, 2);
  std::vector<float> k_ = RandomTensor<float>(kRows * kKvWidth, 2);
  std::vector<float> v_ = RandomTensor<float>(kRows * kKvWidth, 3);
};

TEST_P(AttentionInvarianceTest, PageSizeChangesNoBit) {
  const Outputs expected = Run(/*page_tokens=*/kRows, /*chunk=*/kRows);
  for (const size_t page_tokens : {1, 7, 16, 64})
    ExpectSame(Run(page_tokens, kRows), expected, "page of " + std::to_string(page_tokens));
}

TEST_P(AttentionInvarianceTest, ChunkedPrefillAndDecodeChangeNoBit) {
  const Outputs expected = Run(/*page_tokens=*/16, /*chunk=*/kRows);
  for (const size_t chunk : {1, 5, 16, 17, 64})
    ExpectSame(Run(16, chunk), expected, "chunks of " + std::to_string(chunk));
}

TEST_P(AttentionInvarianceTest, BatchMatesChangeNoBit) {
  const AttentionShape shape = Shape(16);
  const Outputs expected = Run(16, kRows);
  // The last row decodes between two strangers.
  TestKvCache<float> a(ops_.get(), shape, kRows), b(ops_.get(), shape, 40), c(ops_.get(), shape, 9);
  a.Append(k_.data(), v_.data(), kRows);
  b.Append(v_.data(), k_.data(), 40);
  c.Append(q_.data(), v_.data(), 9);
  std::vector<float> q(13 * kWidth, 0.3f), out(13 * kWidth), stats(13 * kHeads * 2);
  std::copy(q_.end() - kWidth, q_.end(), q.begin() + 3 * kWidth);
  ops_->Attention(
      shape, std::vector{b.Sequence(0, 3, 37), a.Sequence(3, 4, kRows - 1), c.Sequence(4, 13, 0)},
      q.data(), out.data(), stats.data());
  EXPECT_TRUE(
      std::equal(out.begin() + 3 * kWidth, out.begin() + 4 * kWidth, expected.out.end() - kWidth));
  EXPECT_TRUE(std::equal(stats.begin() + 3 * kHeads * 2, stats.begin() + 4 * kHeads * 2,
                         expected.stats.end() - kHeads * 2));
}

// Sequences of a micro-batch do not touch each other's gradients either.
TEST_P(AttentionInvarianceTest, BatchMatesChangeNoBitOfTheGradient) {
  const AttentionShape shape = Shape(16);
  const size_t first = 50, second = 61, rows = first + second;
  TestKvCache<float> a(ops_.get(), shape, first), b(ops_.get(), shape, second);
  a.Append(k_.data(), v_.data(), first);
  b.Append(k_.data() + first * kKvWidth, v_.data() + first * kKvWidth, second);
  const auto dout = RandomTensor<float>(rows * kWidth, 5);
  std::vector<float> out(rows * kWidth), stats(rows * kHeads * 2);
  const std::vector both = {a.Sequence(0, first, 0), b.Sequence(first, rows, 0)};
  ops_->Attention(shape, both, q_.data(), out.data(), stats.data());
  std::vector<float> dq(rows * kWidth), dk(rows * kKvWidth), dv(rows * kKvWidth);
  ops_->AttentionGradient(shape, both, q_.data(), out.data(), stats.data(), dout.data(), dq.data(),
                          dk.data(), dv.data());
  std::vector<float> dq1(second * kWidth), dk1(second * kKvWidth), dv1(second * kKvWidth);
  ops_->AttentionGradient(shape, std::vector{b.Sequence(0, second, 0)}, q_.data() + first * kWidth,
                          out.data() + first * kWidth, stats.data() + first * kHeads * 2,
                          dout.data() + first * kWidth, dq1.data(), dk1.data(), dv1.data());
  EXPECT_TRUE(std::equal(dq1.begin(), dq1.end(), dq.begin() + first * kWidth));
  EXPECT_TRUE(std::equal(dk1.begin(), dk1.end(), dk.begin() + first * kKvWidth));
  EXPECT_TRUE(std::equal(dv1.begin(), dv1.end(), dv.begin() + first * kKvWidth));
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, AttentionInvarianceTest,
                         ::testing::Values(Arithmetic::kF32, Arithmetic::kBf16Pair),
                         [](const auto& info) { return std::string(ArithmeticName(info.param)); });

}  // namespace
}  // namespace winnow::device

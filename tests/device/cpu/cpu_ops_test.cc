#include "device/cpu/cpu_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/device/kv_cache.h"
#include "tests/device/tensors.h"

namespace winnow::device {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

using Vector = std::vector<double>;

// The reference mode against central differences and plain formulas, in double.
class CpuOpsTest : public ::testing::Test {
 protected:
  ThreadPool pool_{2};
  std::unique_ptr<Ops<double>> ops_ = MakeReferenceOps(&pool_);

  static void ExpectNear(const Vector& actual, const Vector& expected, double tolerance) {
    ASSERT_EQ(actual.size(), expected.size());
    EXPECT_THAT(actual, Pointwise(DoubleNear(tolerance), expected));
  }
};

TEST_F(CpuOpsTest, LinearGradientsEqualCentralDifferences) {
  const size_t m = 70, n = 5, k = 7;
  Vector x = RandomTensor<double>(m * k, 1), w = RandomTensor<double>(n * k, 2);
  const Vector dy = RandomTensor<double>(m * n, 3);
  const auto objective = [&] {
    Vector y(m * n);
    ops_->Linear(x.data(), m, *ops_->Pack(w.data(), n, k, PackFor::kForward), y.data());
    return DotProduct(y, dy);
  };
  Vector dx(m * k), dw(n * k, 0.5);
  ops_->LinearInputGradient(
      dy.data(), m, *ops_->Pack(w.data(), n, k, PackFor::kForwardAndInputGradient), dx.data());
  const auto blocks = BlocksOf<RowBlock>(m);
  ops_->LinearWeightGradient(dy.data(), x.data(), n, k, blocks, dw.data());
  for (double& d : dw) d -= 0.5;
  ExpectNear(dx, NumericGradient(&x, objective), 1e-7);
  ExpectNear(dw, NumericGradient(&w, objective), 1e-7);
}

TEST_F(CpuOpsTest, BiasIsAddedToEveryRowAndItsGradientIsTheSumOfRows) {
  const size_t m = 70, n = 19;
  Vector y(m * n, 1.0), dbias(n, 2.0);
  const Vector bias = RandomTensor<double>(n, 1), dy = RandomTensor<double>(m * n, 2);
  ops_->AddBias(bias.data(), m, n, y.data());
  ops_->BiasGradient(dy.data(), n, BlocksOf<RowBlock>(m), dbias.data());
  for (size_t j = 0; j < n; ++j) {
    double sum = 2.0;
    for (size_t r = 0; r < m; ++r) {
      sum += dy[r * n + j];
      EXPECT_DOUBLE_EQ(y[r * n + j], 1.0 + bias[j]);
    }
    EXPECT_NEAR(dbias[j], sum, 1e-12);
  }
}

TEST_F(CpuOpsTest, EmbedCopiesRows) {
  const Vector table = RandomTensor<double>(5 * 3, 1);
  Vector out(2 * 3);
  ops_->Embed(table.data(), 3, std::vector<int32_t>{4, 1}, out.data());
  EXPECT_EQ(out, Vector({table[12], table[13], table[14], table[3], table[4], table[5]}));
}

TEST_F(CpuOpsTest, RmsNormGradientsEqualCentralDifferences) {
  const size_t tokens = 5, rows_per_token = 2, rows = tokens * rows_per_token, width = 19;
  Vector x = RandomTensor<double>(rows * width, 1), w = RandomTensor<double>(width, 2);
  const Vector dy = RandomTensor<double>(rows * width, 3);
  Vector inv_rms(rows);
  const auto objective = [&] {
    Vector y(rows * width);
    ops_->RmsNorm(x.data(), w.data(), rows, width, 1e-3, y.data(), inv_rms.data());
    return DotProduct(y, dy);
  };
  objective();
  Vector dx(rows * width), dw(width);
  ops_->RmsNormGradient(dy.data(), x.data(), w.data(), inv_rms.data(), width, rows_per_token,
                        std::vector<RowBlock>{{0, 2}, {2, 5}}, tokens, dx.data(), dw.data());
  ExpectNear(dx, NumericGradient(&x, objective), 1e-8);
  ExpectNear(dw, NumericGradient(&w, objective), 1e-8);
  double squares = 0;
  for (size_t i = 0; i < width; ++i) squares += x[i] * x[i];
  EXPECT_NEAR(inv_rms[0], 1 / std::sqrt(squares / width + 1e-3), 1e-12);
}

TEST_F(CpuOpsTest, RopeTurnsHalvesByThePositionsAngleAndBack) {
  const size_t heads = 3, head_dim = 6, positions = 9;
  Vector cos_sin(positions * head_dim);
  for (size_t p = 0; p < positions; ++p) {
    for (size_t i = 0; i < head_dim / 2; ++i) {
      cos_sin[(p * 3 + i) * 2] = std::cos(p * (i + 1.0));
      cos_sin[(p * 3 + i) * 2 + 1] = std::sin(p * (i + 1.0));
    }
  }
  const std::vector<int32_t> rows = {8, 0, 3};
  const Vector before = RandomTensor<double>(rows.size() * heads * head_dim, 1);
  Vector x = before;
  ops_->Rope(rows, cos_sin.data(), heads, head_dim, /*inverse=*/false, x.data());
  const size_t at = (2 * heads + 1) * head_dim;  // row at position 3, head 1
  EXPECT_NEAR(x[at + 1], before[at + 1] * std::cos(6) - before[at + 4] * std::sin(6), 1e-12);
  EXPECT_NEAR(x[at + 4], before[at + 4] * std::cos(6) + before[at + 1] * std::sin(6), 1e-12);
  ops_->Rope(rows, cos_sin.data(), heads, head_dim, /*inverse=*/true, x.data());
  ExpectNear(x, before, 1e-12);
}

TEST_F(CpuOpsTest, SiluMulGradientsEqualCentralDifferences) {
  const size_t count = 37;
  Vector gate = RandomTensor<double>(count, 1, 3), up = RandomTensor<double>(count, 2);
  const Vector dout = RandomTensor<double>(count, 3);
  const auto objective = [&] {
    Vector out(count);
    ops_->SiluMul(gate.data(), up.data(), count, out.data());
    return DotProduct(out, dout);
  };
  Vector dgate(count), dup(count);
  ops_->SiluMulGradient(dout.data(), gate.data(), up.data(), count, dgate.data(), dup.data());
  ExpectNear(dgate, NumericGradient(&gate, objective), 1e-8);
  ExpectNear(dup, NumericGradient(&up, objective), 1e-8);
}

TEST_F(CpuOpsTest, AddsAndScales) {
  Vector x = {1, 2, 3};
  ops_->Add(Vector{10, 20, 30}.data(), 3, x.data());
  ops_->Scale(0.5, 3, x.data());
  EXPECT_EQ(x, Vector({5.5, 11, 16.5}));
}

struct AttentionCase {
  size_t heads, kv_heads, head_dim, page_tokens, rows;
};

class CpuOpsAttentionTest : public CpuOpsTest, public ::testing::WithParamInterface<AttentionCase> {
 protected:
  AttentionShape Shape() const {
    const AttentionCase& c = GetParam();
    return {.heads = c.heads,
            .kv_heads = c.kv_heads,
            .head_dim = c.head_dim,
            .page_tokens = c.page_tokens,
            .scale = 0.4};
  }
};

TEST_P(CpuOpsAttentionTest, EqualsThePlainFormula) {
  const AttentionShape s = Shape();
  const size_t rows = GetParam().rows, width = s.heads * s.head_dim;
  const size_t kv_width = s.kv_heads * s.head_dim;
  const Vector q = RandomTensor<double>(rows * width, 1),
               k = RandomTensor<double>(rows * kv_width, 2);
  const Vector v = RandomTensor<double>(rows * kv_width, 3);
  TestKvCache<double> cache(ops_.get(), s, rows);
  cache.Append(k.data(), v.data(), rows);
  Vector out(rows * width);
  ops_->Attention(s, std::vector{cache.Sequence(0, rows, 0)}, q.data(), out.data(), nullptr);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t h = 0; h < s.heads; ++h) {
      const size_t kv = h / (s.heads / s.kv_heads) * s.head_dim;
      Vector e(r + 1);
      double sum = 0;
      for (size_t j = 0; j <= r; ++j) {
        double score = 0;
        for (size_t d = 0; d < s.head_dim; ++d)
          score += q[r * width + h * s.head_dim + d] * k[j * kv_width + kv + d];
        sum += e[j] = std::exp(score * s.scale);
      }
      for (size_t d = 0; d < s.head_dim; ++d) {
        double expected = 0;
        for (size_t j = 0; j <= r; ++j) expected += e[j] / sum * v[j * kv_width + kv + d];
        EXPECT_NEAR(out[r * width + h * s.head_dim + d], expected, 1e-11);
      }
    }
  }
}

TEST_P(CpuOpsAttentionTest, GradientsEqualCentralDifferences) {
  const AttentionShape s = Shape();
  // Two sequences of different length in one pass.
  const size_t first = GetParam().rows, rows = first + 3;
  const size_t width = s.heads * s.head_dim, kv_width = s.kv_heads * s.head_dim;
  Vector q = RandomTensor<double>(rows * width, 1), k = RandomTensor<double>(rows * kv_width, 2);
  Vector v = RandomTensor<double>(rows * kv_width, 3);
  const Vector dout = RandomTensor<double>(rows * width, 4);
  TestKvCache<double> a(ops_.get(), s, first), b(ops_.get(), s, 3);
  const std::vector sequences = {a.Sequence(0, first, 0), b.Sequence(first, rows, 0)};
  Vector out(rows * width), stats(rows * s.heads * 2);
  const auto objective = [&] {
    a.Clear();
    b.Clear();
    a.Append(k.data(), v.data(), first);
    b.Append(k.data() + first * kv_width, v.data() + first * kv_width, 3);
    ops_->Attention(s, sequences, q.data(), out.data(), stats.data());
    return DotProduct(out, dout);
  };
  objective();
  Vector dq(q.size()), dk(k.size()), dv(v.size());
  ops_->AttentionGradient(s, sequences, q.data(), out.data(), stats.data(), dout.data(), dq.data(),
                          dk.data(), dv.data());
  ExpectNear(dq, NumericGradient(&q, objective), 1e-7);
  ExpectNear(dk, NumericGradient(&k, objective), 1e-7);
  ExpectNear(dv, NumericGradient(&v, objective), 1e-7);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CpuOpsAttentionTest,
                         ::testing::Values(AttentionCase{3, 1, 4, 5, 9},
                                           AttentionCase{2, 2, 20, 16, 17},
                                           AttentionCase{2, 1, 16, 7, 35},
                                           AttentionCase{1, 1, 64, 3, 17}));

TEST_F(CpuOpsTest, LogSoftmaxStatisticsEqualTheFormulas) {
  const size_t rows = 2, v = 5003;
  const Vector logits = RandomTensor<double>(rows * v, 1, 3);
  Vector z = logits, e(v);
  std::vector<LogSoftmaxStats<double>> stats(rows);
  ops_->LogSoftmaxRows(z.data(), rows, v, 0.7, stats.data());
  ops_->ExpShifted(z.data(), v, stats[0].max, e.data());
  for (size_t r = 0; r < rows; ++r) {
    double max = -INFINITY, sum = 0, entropy = 0;
    for (size_t i = 0; i < v; ++i) max = std::max(max, logits[r * v + i] / 0.7);
    for (size_t i = 0; i < v; ++i) sum += std::exp(logits[r * v + i] / 0.7 - max);
    for (size_t i = 0; i < v; ++i) {
      const double log_p = logits[r * v + i] / 0.7 - max - std::log(sum);
      entropy -= std::exp(log_p) * log_p;
    }
    EXPECT_DOUBLE_EQ(stats[r].max, max);
    EXPECT_NEAR(stats[r].log_sum, std::log(sum), 1e-12);
    EXPECT_NEAR(stats[r].entropy, entropy, 1e-12);
  }
  EXPECT_NEAR(e[17], std::exp(logits[17] / 0.7 - stats[0].max), 1e-15);
}

TEST_F(CpuOpsTest, HeadGradientEqualsCentralDifferencesWithEntropyAndKl) {
  const size_t rows = 2, v = 4100;  // the labels lie in both reduction chunks
  const double temperature = 1.3;
  Vector logits = RandomTensor<double>(rows * v, 1, 2);
  Vector reference = RandomTensor<double>(rows * v, 2, 2);
  const std::vector<int32_t> labels = {7, 4098};
  const std::vector<HeadRowGradient<double>> g = {{0.7, -0.3, 0.2}, {-1.1, 0.4, 0.5}};
  std::vector<LogSoftmaxStats<double>> stats(rows), reference_stats(rows);
  ops_->LogSoftmaxRows(reference.data(), rows, v, temperature, reference_stats.data());
  Vector kl(rows), z;
  const auto objective = [&] {
    z = logits;
    ops_->LogSoftmaxRows(z.data(), rows, v, temperature, stats.data());
    ops_->KlRows(z.data(), stats.data(), reference.data(), reference_stats.data(), rows, v,
                 kl.data());
    double sum = 0;
    for (size_t r = 0; r < rows; ++r) {
      const double x = z[r * v + labels[r]] - stats[r].max - stats[r].log_sum;
      sum += g[r].log_prob * x + g[r].entropy * stats[r].entropy + g[r].kl * kl[r];
    }
    return sum;
  };
  objective();
  Vector dz = z;
  ops_->LogSoftmaxGradient(dz.data(), rows, v, temperature, stats.data(), labels, g,
                           reference.data(), reference_stats.data(), kl.data());
  // Central differences of a few entries: all would take minutes.
  for (const size_t i : {size_t{0}, size_t{7}, size_t{4095}, v - 1, v + 5, v + 4096, v + 4098}) {
    const double saved = logits[i];
    logits[i] = saved + 1e-4;
    const double up = objective();
    logits[i] = saved - 1e-4;
    const double down = objective();
    logits[i] = saved;
    EXPECT_NEAR(dz[i], (up - down) / 2e-4, 1e-8) << i;
  }
}

}  // namespace
}  // namespace winnow::device

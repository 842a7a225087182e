#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "device/cpu/cpu_ops.h"
#include "tests/device/attention_views.h"
#include "tests/device/tensors.h"

namespace winnow::device {

// Every operation but the GEMMs, over one table of kernels and number of threads. Two tables are
// equal if everything that Run returns has the same bits.
template <typename Real>
class OperationRun {
 public:
  OperationRun(const Kernels<Real>& table, Arithmetic arithmetic, int threads)
      : pool_(threads), ops_(table, {.arithmetic = arithmetic}, &pool_) {}

  struct Output {
    const char* name;
    std::vector<Real> values;
  };

  std::vector<Output> Run() {
    outputs_.clear();
    for (const size_t width : {size_t{5}, size_t{16}, size_t{576}}) Norms(width);
    Elementwise();
    Exponentials();
    Head(/*rows=*/3, /*v=*/4999);
    Head(/*rows=*/1, /*v=*/17);
    for (const size_t head_dim : {size_t{8}, size_t{64}, size_t{128}}) Attention(head_dim);
    return std::move(outputs_);
  }

 private:
  std::vector<Real>& Add(const char* name, size_t count, Real value = 0) {
    outputs_.push_back({name, std::vector<Real>(count, value)});
    return outputs_.back().values;
  }

  void Norms(size_t width) {
    const size_t tokens = 67, rows = 2 * tokens;
    const auto x = RandomTensor<Real>(rows * width, 1, 3), w = RandomTensor<Real>(width, 2);
    const auto dy = RandomTensor<Real>(rows * width, 3);
    const auto blocks = BlocksOf<RowBlock>(tokens);
    std::vector<Real> inv_rms(rows);
    auto& y = Add("norm", rows * width);
    ops_.RmsNorm(x.data(), w.data(), rows, width, 1e-5, y.data(), inv_rms.data());
    auto& dx = Add("norm dx", rows * width);
    std::vector<Real> dw(width, 1);
    ops_.RmsNormGradient(dy.data(), x.data(), w.data(), inv_rms.data(), width, 2, blocks, tokens,
                         dx.data(), dw.data());
    Add("norm dw", 0) = dw;
    Add("inverse rms", 0) = inv_rms;
    auto& biased = Add("bias", 0);
    biased = x;
    ops_.AddBias(w.data(), rows, width, biased.data());
    auto& dbias = Add("bias gradient", width, 0.25);
    ops_.BiasGradient(dy.data(), width, blocks, dbias.data());
  }

  void Elementwise() {
    const size_t count = 40'003;
    const auto a = RandomTensor<Real>(count, 4, 4, Spread::kHeavyTailed);
    const auto b = RandomTensor<Real>(count, 5), c = RandomTensor<Real>(count, 6);
    ops_.SiluMul(a.data(), b.data(), count, Add("silu", count).data());
    std::vector<Real> dgate(count), dup(count);
    ops_.SiluMulGradient(c.data(), a.data(), b.data(), count, dgate.data(), dup.data());
    Add("silu dgate", 0) = dgate;
    Add("silu dup", 0) = dup;
    auto& sum = Add("add", 0);
    sum = a;
    ops_.Add(b.data(), count, sum.data());
    ops_.Scale(Real(0.3), count, sum.data());
    const size_t head_dim = 20, heads = 4;
    const std::vector<int32_t> positions = {3, 0, 2};
    const auto angles = RandomTensor<Real>(4 * head_dim, 7);
    for (const bool inverse : {false, true}) {
      auto& x = Add("rope", 0);
      x = RandomTensor<Real>(positions.size() * heads * head_dim, 8);
      ops_.Rope(positions, angles.data(), heads, head_dim, inverse, x.data());
    }
  }

  void Exponentials() {
    std::vector<Real> z;
    for (int i = 0; i < 28'000; ++i) z.push_back(static_cast<Real>(i * 0.00731 - 110));
    for (const double x : std::initializer_list<double>{-INFINITY, INFINITY, -87.336544, -87.33655,
                                                        88.72284, 0.0, -0.0, 1e-40, 3e38, -3e38})
      z.push_back(static_cast<Real>(x));
    ops_.ExpShifted(z.data(), z.size(), 0, Add("exp", z.size()).data());
  }

  void Head(size_t rows, size_t v) {
    const double temperature = rows == 1 ? 1.0 : 0.8;
    auto z = RandomTensor<Real>(rows * v, 9, 6), reference = RandomTensor<Real>(rows * v, 10, 6);
    z[3] = -INFINITY;
    std::vector<LogSoftmaxStats<Real>> stats(rows), reference_stats(rows);
    ops_.LogSoftmaxRows(z.data(), rows, v, temperature, stats.data());
    ops_.LogSoftmaxRows(reference.data(), rows, v, temperature, reference_stats.data());
    auto& flat = Add("log softmax", 0);
    for (const auto& s : stats) flat.insert(flat.end(), {s.max, s.log_sum, s.entropy});
    std::vector<Real> max(rows), log_sum(rows);
    for (size_t r = 0; r < rows; ++r) max[r] = stats[r].max;
    std::vector<uint64_t> masses(rows * NumMassBlocks(v));
    ops_.SumMasses(z.data(), rows, v, max.data(), log_sum.data(), masses.data());
    // Beside the maximum, since the logarithm of a sum near 1 has no relative precision.
    auto& sums = Add("log sums", 0);
    for (size_t r = 0; r < rows; ++r) sums.insert(sums.end(), {max[r], log_sum[r]});
    auto& digits = Add("masses", 0);  // 20 bits at a time: exact in float
    for (uint64_t mass : masses) {
      for (int i = 0; i < 3; ++i, mass >>= 20) digits.push_back(static_cast<Real>(mass & 0xfffff));
    }
    ops_.ExpShifted(z.data(), v, stats[0].max, Add("exp shifted", v).data());
    std::vector<Real> kl(rows);
    ops_.KlRows(z.data(), stats.data(), reference.data(), reference_stats.data(), rows, v,
                kl.data());
    Add("kl", 0) = kl;
    const std::vector<int32_t> labels(rows, static_cast<int32_t>(v - 2));
    const std::vector<HeadRowGradient<Real>> g(rows, {Real(0.7), Real(-0.2), Real(0.1)});
    ops_.LogSoftmaxGradient(z.data(), rows, v, temperature, stats.data(), labels, g,
                            reference.data(), reference_stats.data(), kl.data());
    Add("head gradient", 0) = z;
  }

  void Attention(size_t head_dim) {
    const AttentionShape shape = {
        .heads = 6, .kv_heads = 2, .head_dim = head_dim, .page_tokens = 16, .scale = 0.3};
    AttentionViews<Real> all(&ops_, shape, /*num_keys=*/120);
    const auto run = all.Run({{.intervals = {{0, 37}}, .rows = 37},  // a prompt, samples, a hole
                              {.intervals = {{0, 37}, {40, 60}}, .rows = 20},
                              {.intervals = {{0, 37}, {61, 62}}, .rows = 1},
                              {.intervals = {{0, 37}, {61, 62}, {65, 67}}, .rows = 2},
                              {.intervals = {{0, 9}, {71, 120}}, .rows = 40}});
    Add("attention", 0) = run.out;
    Add("attention statistics", 0) = run.stats;
    Add("attention dq", 0) = run.dq;
    Add("attention dk", 0) = run.dk;
    Add("attention dv", 0) = run.dv;
  }

  ThreadPool pool_;
  CpuOps<Real> ops_;
  std::vector<Output> outputs_;
};

// Runs `table` with 1, 2 and 4 threads, in f32 and with a bf16 cache, against portable.
inline void ExpectOperationsEqualPortable(const Kernels<float>& table) {
  for (const Arithmetic arithmetic : {Arithmetic::kF32, Arithmetic::kBf16Pair}) {
    const auto expected = OperationRun<float>(PortableKernels(), arithmetic, 1).Run();
    for (const int threads : {1, 2, 4}) {
      const auto actual = OperationRun<float>(table, arithmetic, threads).Run();
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        const size_t at = FirstDifference(actual[i].values, expected[i].values);
        ASSERT_EQ(at, expected[i].values.size())
            << table.name << ", " << threads << " threads, output " << i << " (" << actual[i].name
            << "): " << actual[i].values[at] << " for " << expected[i].values[at];
      }
    }
  }
}

// A GEMM of shape [M, k] x [k, n], forward, input gradient and weight gradient, and as a head, in
// one choice of kernels; the same inputs for every choice.
struct GemmRun {
  std::vector<float> y, dx, dw, z, max;

  static GemmRun Of(const Kernels<float>& table, const GemmChoice<float>& choice, int threads,
                    size_t m, size_t n, size_t k, Spread spread) {
    ThreadPool pool(threads);
    CpuOps<float> ops(table, choice, &pool);
    const auto x = RandomTensor<float>(300 * k, 1, 1, spread);
    const auto w = RandomTensor<float>(n * k, 2, 1, spread);
    const auto dy = RandomTensor<float>(300 * n, 3, 1, spread);
    const auto packed = ops.Pack(w.data(), n, k, PackFor::kForwardAndInputGradient);
    GemmRun run;
    run.y.resize(m * n);
    run.dx.resize(m * k);
    run.dw = RandomTensor<float>(n * k, 4);
    ops.Linear(x.data(), m, *packed, run.y.data());
    run.z.resize(m * n);
    run.max.resize(m);
    ops.ScaledLogits(x.data(), m, *packed, /*temperature=*/0.7, run.z.data(), run.max.data());
    ops.LinearInputGradient(dy.data(), m, *packed, run.dx.data());
    ops.LinearWeightGradient(dy.data(), x.data(), n, k, BlocksOf<RowBlock>(m), run.dw.data());
    return run;
  }
};

inline const std::vector<size_t>& TestedRows() {
  static const std::vector<size_t> rows = [] {
    std::vector<size_t> r;
    for (size_t m = 1; m <= 33; ++m) r.push_back(m);
    r.insert(r.end(), {64, 300});
    return r;
  }();
  return rows;
}

// Compares a choice of kernels with the portable ones over M and threads. Rows of every M are
// those of the largest.
inline void ExpectGemmEqualsPortable(const Kernels<float>& table, const GemmChoice<float>& choice) {
  const Kernels<float>& portable = PortableKernels();
  const GemmChoice<float> oracle =
      ChooseGemm(choice.arithmetic, Isa::kPortable, /*stand_in=*/false);
  struct Shape {
    size_t n, k;
  };
  for (const Shape& s : {Shape{37, 67}, Shape{64, 96}}) {
    for (const Spread spread : kSpreads) {
      const GemmRun all = GemmRun::Of(portable, oracle, 1, 300, s.n, s.k, spread);
      for (const size_t m : TestedRows()) {
        const bool few = m == 5 || m == 33 || m == 300;
        if (spread != Spread::kNormal && !few) continue;
        const GemmRun small = GemmRun::Of(portable, oracle, 1, m, s.n, s.k, spread);
        for (const int threads : {1, 2, 4}) {
          if (threads != 2 && !few) continue;
          const GemmRun run = GemmRun::Of(table, choice, threads, m, s.n, s.k, spread);
          const std::string where = std::string(choice.large.name) + ", " + SpreadName(spread) +
                                    ", M " + std::to_string(m) + ", threads " +
                                    std::to_string(threads);
          ASSERT_EQ(FirstDifference(run.y, small.y), run.y.size()) << where;
          ASSERT_EQ(FirstDifference(run.dx, small.dx), run.dx.size()) << where;
          ASSERT_EQ(FirstDifference(run.dw, small.dw), run.dw.size()) << where;
          ASSERT_EQ(FirstDifference(run.z, small.z), run.z.size()) << where;
          ASSERT_EQ(FirstDifference(run.max, small.max), run.max.size()) << where;
          const std::vector<float> prefix(all.y.begin(), all.y.begin() + run.y.size());
          ASSERT_TRUE(SameBits(run.y, prefix)) << where;
        }
      }
    }
  }
}

inline constexpr Arithmetic kArithmetics[] = {Arithmetic::kF32, Arithmetic::kBf16Tile,
                                              Arithmetic::kBf16Pair};

// One line per kernel, so that a log says what ran natively and what through the stand-in.
inline void PrintRan(const std::string& kernel, bool native) {
  std::printf("kernel %s: %s\n", kernel.c_str(), native ? "native" : "through the stand-in");
}

}  // namespace winnow::device

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "device/cpu/cpu_ops.h"
#include "device/cpu/isa.h"
#include "tests/device/tensors.h"

// GEMM rates at the shapes of SmolLM2-135M, per arithmetic, instruction set and rows. Weights
// of several layers are used in turn, so that few rows read memory and not the cache.
namespace winnow::device {
namespace {

struct Shape {
  size_t n, k;
};
constexpr Shape kShapes[] = {{576, 576}, {192, 576}, {1536, 576}, {576, 1536}};
constexpr size_t kLayers = 12;

struct Layer {
  std::vector<std::unique_ptr<PackedMatrix>> weights;
};

class Bench {
 public:
  Bench(Arithmetic arithmetic, Isa isa)
      : pool_(0), ops_(ChooseKernels(isa), ChooseGemm(arithmetic, isa, false), &pool_) {}

  CpuOps<float>& ops() { return ops_; }

 private:
  ThreadPool pool_;
  CpuOps<float> ops_;
};

void SetRate(benchmark::State& state, double multiply_adds) {
  state.counters["GF/s"] =
      benchmark::Counter(2e-9 * multiply_adds * state.iterations(), benchmark::Counter::kIsRate);
}

void Forward(benchmark::State& state, Arithmetic arithmetic, Isa isa, size_t m) {
  Bench bench(arithmetic, isa);
  const auto x = RandomTensor<float>(m * 1536, 1);
  std::vector<float> y(m * 1536);
  std::vector<Layer> layers(kLayers);
  double multiply_adds = 0;
  for (Layer& layer : layers) {
    for (const Shape& s : kShapes) {
      const auto w = RandomTensor<float>(s.n * s.k, 2);
      layer.weights.push_back(bench.ops().Pack(w.data(), s.n, s.k, PackFor::kForward));
      multiply_adds += static_cast<double>(m * s.n * s.k);
    }
  }
  for (auto _ : state) {
    for (const Layer& layer : layers) {
      for (const auto& w : layer.weights) bench.ops().Linear(x.data(), m, *w, y.data());
    }
  }
  SetRate(state, multiply_adds);
}

void WeightGradient(benchmark::State& state, Arithmetic arithmetic, Isa isa, size_t m) {
  Bench bench(arithmetic, isa);
  const auto x = RandomTensor<float>(m * 1536, 1), dy = RandomTensor<float>(m * 1536, 2);
  std::vector<float> dw(1536 * 576);
  const auto blocks = BlocksOf<RowBlock>(m);
  double multiply_adds = 0;
  for (const Shape& s : kShapes) multiply_adds += static_cast<double>(m * s.n * s.k);
  for (auto _ : state) {
    for (const Shape& s : kShapes)
      bench.ops().LinearWeightGradient(dy.data(), x.data(), s.n, s.k, blocks, dw.data());
  }
  SetRate(state, multiply_adds);
}

void HeadForward(benchmark::State& state, Arithmetic arithmetic, Isa isa, size_t m) {
  Bench bench(arithmetic, isa);
  const size_t n = 49152, k = 576;
  const auto x = RandomTensor<float>(m * k, 1);
  const std::vector<float> w(n * k, 0.01f);
  std::vector<float> y(m * n);
  const auto packed = bench.ops().Pack(w.data(), n, k, PackFor::kForward);
  for (auto _ : state) bench.ops().Linear(x.data(), m, *packed, y.data());
  SetRate(state, static_cast<double>(m * n * k));
}

void RegisterAll() {
  for (const Arithmetic a : {Arithmetic::kF32, Arithmetic::kBf16Tile, Arithmetic::kBf16Pair}) {
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx}) {
      if (!HasIsa(isa)) continue;
      // An instruction set that changes nothing for this arithmetic is left out.
      if (isa == Isa::kAvx512Bf16 && a != Arithmetic::kBf16Pair) continue;
      if (isa == Isa::kAmx && a != Arithmetic::kBf16Tile) continue;
      const std::string name = std::string(ArithmeticName(a)) + "/" + std::string(IsaName(isa));
      for (const size_t m : {1, 8, 64, 512, 4096}) {
        const std::string rows = "/" + std::to_string(m);
        benchmark::RegisterBenchmark(("forward/" + name + rows).c_str(),
                                     [=](benchmark::State& s) { Forward(s, a, isa, m); })
            ->MeasureProcessCPUTime()
            ->UseRealTime();
        if (m < 64) continue;
        benchmark::RegisterBenchmark(("weight_gradient/" + name + rows).c_str(),
                                     [=](benchmark::State& s) { WeightGradient(s, a, isa, m); })
            ->MeasureProcessCPUTime()
            ->UseRealTime();
      }
      for (const size_t m : {1, 64}) {
        benchmark::RegisterBenchmark(("head/" + name + "/" + std::to_string(m)).c_str(),
                                     [=](benchmark::State& s) { HeadForward(s, a, isa, m); })
            ->MeasureProcessCPUTime()
            ->UseRealTime();
      }
    }
  }
}

}  // namespace
}  // namespace winnow::device

int main(int argc, char** argv) {
  winnow::device::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

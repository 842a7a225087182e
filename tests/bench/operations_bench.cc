#include <benchmark/benchmark.h>

#include <deque>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "device/cpu/cpu_ops.h"
#include "device/cpu/isa.h"
#include "tests/device/kv_cache.h"
#include "tests/device/tensors.h"

// Attention, head, norms and packing at the shapes of SmolLM2-135M, bf16 cache, best kernels here.
namespace winnow::device {
namespace {

constexpr AttentionShape kShape = {
    .heads = 9, .kv_heads = 3, .head_dim = 64, .page_tokens = 16, .scale = 0.125};
constexpr size_t kWidth = 576, kKvWidth = 192, kVocabulary = 49152;

struct Device {
  ThreadPool pool{0};
  CpuOps<float> ops{ChooseKernels(BestIsa()),
                    ChooseGemm(Arithmetic::kBf16Tile, BestIsa(), /*stand_in=*/false), &pool};
};

// Multiply-adds of scores and values, both directions counted once each.
void SetRate(benchmark::State& state, double multiply_adds) {
  state.counters["GF/s"] =
      benchmark::Counter(2e-9 * multiply_adds * state.iterations(), benchmark::Counter::kIsRate);
}

void AttentionPrefill(benchmark::State& state) {
  Device d;
  const size_t rows = state.range(0);
  TestKvCache<float> cache(&d.ops, kShape, rows);
  const auto q = RandomTensor<float>(rows * kWidth, 1), k = RandomTensor<float>(rows * kKvWidth, 2);
  cache.Append(k.data(), k.data(), rows);
  std::vector<float> out(q.size()), stats(rows * 9 * 2);
  for (auto _ : state)
    d.ops.Attention(kShape, std::vector{cache.Sequence(0, rows, 0)}, q.data(), out.data(),
                    stats.data());
  SetRate(state, rows * rows * kWidth);
}

void AttentionDecode(benchmark::State& state) {
  Device d;
  const size_t batch = state.range(0), keys = state.range(1);
  std::deque<TestKvCache<float>> caches;
  std::vector<AttentionSequence> sequences;
  const auto k = RandomTensor<float>(keys * kKvWidth, 2),
             q = RandomTensor<float>(batch * kWidth, 1);
  for (size_t b = 0; b < batch; ++b) {
    caches.emplace_back(&d.ops, kShape, keys);
    caches.back().Append(k.data(), k.data(), keys);
  }
  for (size_t b = 0; b < batch; ++b) sequences.push_back(caches[b].Sequence(b, b + 1, keys - 1));
  std::vector<float> out(q.size());
  for (auto _ : state) d.ops.Attention(kShape, sequences, q.data(), out.data(), nullptr);
  SetRate(state, 2.0 * batch * keys * kWidth);
}

// One row of each of 8 sequences with a prompt of range(0) tokens and 64 tokens of their own, for
// range(1) layers; the prompt is one for all if range(2), else each has a copy.
void AttentionDecodeGroup(benchmark::State& state) {
  Device d;
  const size_t batch = 8, prompt = state.range(0), own = 64, layers = state.range(1);
  const bool shared = state.range(2) != 0;
  const auto k = RandomTensor<float>(prompt * kKvWidth, 2),
             q = RandomTensor<float>(batch * kWidth, 1);
  std::deque<TestKvCache<float>> caches;
  const auto filled = [&](size_t tokens) {
    caches.emplace_back(&d.ops, kShape, tokens);
    caches.back().Append(k.data(), k.data(), tokens);
    return caches.back().Run(0, tokens);
  };
  std::vector<KeyRun> runs;  // [layers, batch, 2]
  for (size_t layer = 0; layer < layers; ++layer) {
    const KeyRun first = filled(prompt);
    for (size_t b = 0; b < batch; ++b) {
      runs.push_back(b == 0 || shared ? first : filled(prompt));
      runs.push_back(filled(own));
    }
  }
  std::vector<AttentionSequence> sequences(batch);
  std::vector<float> out(q.size());
  for (auto _ : state) {
    for (size_t layer = 0; layer < layers; ++layer) {
      for (size_t b = 0; b < batch; ++b)
        sequences[b] = {
            .keys = {&runs[(layer * batch + b) * 2], 2}, .row_begin = b, .row_end = b + 1};
      d.ops.Attention(kShape, sequences, q.data(), out.data(), nullptr);
    }
  }
  SetRate(state, 2.0 * layers * batch * (prompt + own) * kWidth);
}

// Forward and backward, or the latter alone, of range(1) sequences of range(0) tokens.
void TrainAttention(benchmark::State& state, bool forward) {
  Device d;
  const size_t tokens = state.range(0), batch = state.range(1), rows = tokens * batch;
  TestKvCache<float> cache(&d.ops, kShape, rows);
  const auto q = RandomTensor<float>(rows * kWidth, 1), k = RandomTensor<float>(rows * kKvWidth, 2);
  cache.Append(k.data(), k.data(), rows);
  std::vector<float> out(q.size()), stats(rows * 9 * 2), dq(q.size()), dk(k.size()), dv(k.size());
  std::vector<KeyRun> runs;
  for (size_t row = 0; row < rows; row += tokens) runs.push_back(cache.Run(row, tokens, row));
  std::vector<AttentionSequence> sequences;
  for (size_t b = 0; b < batch; ++b)
    sequences.push_back(
        {.keys = {&runs[b], 1}, .row_begin = b * tokens, .row_end = (b + 1) * tokens});
  d.ops.Attention(kShape, sequences, q.data(), out.data(), stats.data());
  for (auto _ : state) {
    if (forward) d.ops.Attention(kShape, sequences, q.data(), out.data(), stats.data());
    d.ops.AttentionGradient(kShape, sequences, q.data(), out.data(), stats.data(), q.data(),
                            dq.data(), dk.data(), dv.data());
  }
  SetRate(state, (forward ? 3.5 : 2.5) * batch * tokens * tokens * kWidth);
}
void AttentionGradient(benchmark::State& state) { TrainAttention(state, /*forward=*/false); }
void AttentionTraining(benchmark::State& state) { TrainAttention(state, /*forward=*/true); }

void LogSoftmax(benchmark::State& state) {
  Device d;
  const size_t rows = state.range(0);
  auto z = RandomTensor<float>(rows * kVocabulary, 1);
  std::vector<LogSoftmaxStats<float>> stats(rows);
  for (auto _ : state) d.ops.LogSoftmaxRows(z.data(), rows, kVocabulary, 1.0, stats.data());
  state.SetItemsProcessed(state.iterations() * rows * kVocabulary);
}

// The head of a decode step: its product alone, the same with the division and the maximum, and
// the pass that sampling needs beside it.
struct HeadStep {
  Device d;
  std::vector<float> x, z, max, log_sum;
  std::vector<uint64_t> masses;
  std::unique_ptr<PackedMatrix> packed;

  explicit HeadStep(size_t rows)
      : x(RandomTensor<float>(rows * kWidth, 1)),
        z(rows * kVocabulary),
        max(rows),
        log_sum(rows),
        masses(rows * NumMassBlocks(kVocabulary)),
        packed(d.ops.Pack(RandomTensor<float>(kVocabulary * kWidth, 2).data(), kVocabulary, kWidth,
                          PackFor::kForward)) {}
  void ScaledLogits() {
    d.ops.ScaledLogits(x.data(), max.size(), *packed, /*temperature=*/0.7, z.data(), max.data());
  }
};

void HeadProduct(benchmark::State& state) {
  HeadStep head(state.range(0));
  for (auto _ : state)
    head.d.ops.Linear(head.x.data(), state.range(0), *head.packed, head.z.data());
}

void HeadScaledLogits(benchmark::State& state) {
  HeadStep head(state.range(0));
  for (auto _ : state) head.ScaledLogits();
}

void HeadSumMasses(benchmark::State& state) {
  HeadStep head(state.range(0));
  head.ScaledLogits();
  for (auto _ : state) {
    head.d.ops.SumMasses(head.z.data(), state.range(0), kVocabulary, head.max.data(),
                         head.log_sum.data(), head.masses.data());
  }
}

void RmsNorm(benchmark::State& state) {
  Device d;
  const size_t rows = state.range(0);
  const auto x = RandomTensor<float>(rows * kWidth, 1), w = RandomTensor<float>(kWidth, 2);
  std::vector<float> y(x.size());
  for (auto _ : state) d.ops.RmsNorm(x.data(), w.data(), rows, kWidth, 1e-5, y.data(), nullptr);
  state.SetItemsProcessed(state.iterations() * rows * kWidth);
}

void SiluMul(benchmark::State& state) {
  Device d;
  const size_t count = state.range(0) * 1536;
  const auto x = RandomTensor<float>(count, 1);
  std::vector<float> y(count);
  for (auto _ : state) d.ops.SiluMul(x.data(), x.data(), count, y.data());
  state.SetItemsProcessed(state.iterations() * count);
}

void Repack(benchmark::State& state) {
  Device d;
  const auto w = RandomTensor<float>(1536 * 576 * 8, 1);
  const auto packed = d.ops.Pack(w.data(), 1536 * 8, 576, PackFor::kForwardAndInputGradient);
  for (auto _ : state) d.ops.Repack(w.data(), packed.get());
  state.SetItemsProcessed(state.iterations() * w.size());
}

#define WINNOW_TIMED MeasureProcessCPUTime()->UseRealTime()
BENCHMARK(AttentionPrefill)->Arg(64)->Arg(512)->Arg(2048)->WINNOW_TIMED;
BENCHMARK(AttentionDecode)->Args({1, 512})->Args({64, 128})->Args({64, 512})->WINNOW_TIMED;
BENCHMARK(AttentionDecodeGroup)->ArgsProduct({{512, 2048}, {8}, {0, 1}})->WINNOW_TIMED;
BENCHMARK(AttentionGradient)->Args({64, 1})->Args({512, 1})->Args({2048, 1})->WINNOW_TIMED;
BENCHMARK(AttentionTraining)->Args({512, 8})->WINNOW_TIMED;
BENCHMARK(LogSoftmax)->Arg(1)->Arg(64)->WINNOW_TIMED;
BENCHMARK(HeadProduct)->Arg(1)->Arg(8)->Arg(64)->WINNOW_TIMED;
BENCHMARK(HeadScaledLogits)->Arg(1)->Arg(8)->Arg(64)->WINNOW_TIMED;
BENCHMARK(HeadSumMasses)->Arg(1)->Arg(8)->Arg(64)->WINNOW_TIMED;
BENCHMARK(RmsNorm)->Arg(1)->Arg(512)->WINNOW_TIMED;
BENCHMARK(SiluMul)->Arg(1)->Arg(512)->WINNOW_TIMED;
BENCHMARK(Repack)->WINNOW_TIMED;

}  // namespace
}  // namespace winnow::device

BENCHMARK_MAIN();

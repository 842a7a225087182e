#include <algorithm>
#include <cmath>

#include "device/cpu/cpu_ops.h"
#include "device/math.h"

// The operations of CpuOps over rows of the vocabulary.

namespace winnow::device {
namespace {

constexpr size_t kChunkGrain = 16 * 1024;  // entries that are worth a thread
static_assert(kReductionChunk % kMassBlock == 0);

size_t Ceil(size_t n, size_t multiple) { return (n + multiple - 1) / multiple; }

float Log(float x) { return LogF32(x); }
double Log(double x) { return std::log(x); }

}  // namespace

template <typename Real>
void CpuOps<Real>::ForChunks(size_t rows, size_t v,
                             const std::function<void(size_t, size_t, size_t, size_t)>& body) {
  const size_t chunks = Ceil(v, kReductionChunk);
  const size_t grain = std::max<size_t>(1, kChunkGrain / std::min(v, kReductionChunk));
  pool_->ParallelFor(rows * chunks, grain, [&](size_t at, size_t end) {
    for (; at < end; ++at) {
      const size_t chunk = at % chunks;
      body(at / chunks, chunk, chunk * kReductionChunk, std::min(v, (chunk + 1) * kReductionChunk));
    }
  });
}

template <typename Real>
Real* CpuOps<Real>::Partials(size_t count) {
  partials_.Grow(count * sizeof(Real));
  return reinterpret_cast<Real*>(partials_.data());
}

template <typename Real>
void CpuOps<Real>::ScaledLogits(const Real* x, size_t m, const PackedMatrix& w, double temperature,
                                Real* z, Real* max) {
  const Panels& panels = static_cast<const CpuPackedMatrix&>(w).forward;
  const size_t num_panels = panels.num_panels(), v = panels.columns();
  Real* const partial = Partials(m * num_panels);  // [m, panels] maxima
  const typename Gemm<Real>::Finish finish = [&](size_t row, size_t rows, size_t p) {
    const size_t column = p * kPanelColumns;
    table_.scale_max_rows(static_cast<Real>(temperature), rows, std::min(kPanelColumns, v - column),
                          v, z + row * v + column, num_panels, partial + row * num_panels + p);
  };
  const typename Gemm<Real>::Product product{&panels, z, &finish};
  gemm_.Multiply(x, m, {&product, 1}, Write::kOverwrite);
  ForRows(m, num_panels, [&](size_t row, size_t end) {
    for (; row < end; ++row)
      max[row] = table_.scale_max(/*temperature=*/1, num_panels, partial + row * num_panels);
  });
}

template <typename Real>
void CpuOps<Real>::SumMasses(const Real* z, size_t rows, size_t v, const Real* max, Real* log_sum,
                             uint64_t* masses) {
  const size_t chunks = Ceil(v, kReductionChunk), blocks = NumMassBlocks(v);
  Real* const partial = Partials(rows * chunks);
  ForChunks(rows, v, [&](size_t row, size_t chunk, size_t begin, size_t end) {
    partial[row * chunks + chunk] = table_.sum_masses(z + row * v + begin, end - begin, max[row],
                                                      masses + row * blocks + begin / kMassBlock);
  });
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (size_t c = 0; c < chunks; ++c) sum += static_cast<double>(partial[row * chunks + c]);
    log_sum[row] = Log(static_cast<Real>(sum));
  }
}

template <typename Real>
void CpuOps<Real>::LogSoftmaxRows(Real* logits, size_t rows, size_t v, double temperature,
                                  LogSoftmaxStats<Real>* stats) {
  struct Partial {
    Real max, sum, weighted;
  };
  const size_t chunks = Ceil(v, kReductionChunk);
  std::vector<Partial> partials(rows * chunks);
  ForChunks(rows, v, [&](size_t row, size_t chunk, size_t begin, size_t end) {
    partials[row * chunks + chunk].max =
        table_.scale_max(static_cast<Real>(temperature), end - begin, logits + row * v + begin);
  });
  for (size_t row = 0; row < rows; ++row) {
    Real max = partials[row * chunks].max;
    for (size_t c = 1; c < chunks; ++c) max = std::max(max, partials[row * chunks + c].max);
    stats[row].max = max;
  }
  ForChunks(rows, v, [&](size_t row, size_t chunk, size_t begin, size_t end) {
    Partial& partial = partials[row * chunks + chunk];
    table_.sum_exp(logits + row * v + begin, end - begin, stats[row].max, &partial.sum,
                   &partial.weighted);
  });
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0, weighted = 0;
    for (size_t c = 0; c < chunks; ++c) {
      sum += static_cast<double>(partials[row * chunks + c].sum);
      weighted += static_cast<double>(partials[row * chunks + c].weighted);
    }
    stats[row].log_sum = Log(static_cast<Real>(sum));
    // H = log Σe − Σ (z − max) e / Σe
    stats[row].entropy = stats[row].log_sum - static_cast<Real>(weighted / sum);
  }
}

template <typename Real>
void CpuOps<Real>::ExpShifted(const Real* z, size_t v, Real max, Real* e) {
  ForElements(v, [&](size_t begin, size_t end) {
    table_.exp_shifted(z + begin, end - begin, max, e + begin);
  });
}

template <typename Real>
void CpuOps<Real>::LogSoftmaxGradient(
    Real* z, size_t rows, size_t v, double temperature, const LogSoftmaxStats<Real>* stats,
    std::span<const int32_t> labels, std::span<const HeadRowGradient<Real>> gradients,
    const Real* reference_z, const LogSoftmaxStats<Real>* reference_stats, const Real* kl) {
  ForChunks(rows, v, [&](size_t row, size_t, size_t begin, size_t end) {
    HeadGradientArgs<Real> args{.z = z + row * v,
                                .begin = begin,
                                .end = end,
                                .temperature = static_cast<Real>(temperature),
                                .stats = stats[row],
                                .gradient = gradients[row],
                                .label = static_cast<size_t>(labels[row])};
    if (reference_z != nullptr) {
      args.reference_z = reference_z + row * v;
      args.reference_stats = reference_stats[row];
      args.kl = kl[row];
    }
    table_.head_gradient(args);
  });
}

template <typename Real>
void CpuOps<Real>::KlRows(const Real* z, const LogSoftmaxStats<Real>* stats,
                          const Real* reference_z, const LogSoftmaxStats<Real>* reference_stats,
                          size_t rows, size_t v, Real* kl) {
  const size_t chunks = Ceil(v, kReductionChunk);
  std::vector<Real> partials(rows * chunks);
  ForChunks(rows, v, [&](size_t row, size_t chunk, size_t begin, size_t end) {
    partials[row * chunks + chunk] = table_.kl(z + row * v + begin, reference_z + row * v + begin,
                                               end - begin, stats[row], reference_stats[row]);
  });
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (size_t c = 0; c < chunks; ++c) sum += static_cast<double>(partials[row * chunks + c]);
    kl[row] = static_cast<Real>(sum);
  }
}

template class CpuOps<float>;
template class CpuOps<double>;

}  // namespace winnow::device

#include "learner/optim/global_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace winnow::learner {
namespace {

constexpr size_t kBlock = 1 << 14;  // elements of a partial sum: decides bits, so it is no knob

template <typename Real>
double SumOfSquares(std::span<const Real> values) {
  // Four interleaved sums: one would wait for each addition.
  double sums[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      const double value = static_cast<double>(values[i + lane]);
      sums[lane] += value * value;
    }
  }
  for (; i < values.size(); ++i) {
    const double value = static_cast<double>(values[i]);
    sums[i % 4] += value * value;
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

template <typename Real>
double GlobalNorm(std::span<const Real> gradient, ThreadPool* pool) {
  const size_t num_blocks = (gradient.size() + kBlock - 1) / kBlock;
  std::vector<double> partial(num_blocks);
  pool->ParallelFor(num_blocks, /*grain=*/4, [&](size_t begin, size_t end) {
    for (size_t block = begin; block < end; ++block) {
      const size_t at = block * kBlock;
      partial[block] = SumOfSquares(gradient.subspan(at, std::min(kBlock, gradient.size() - at)));
    }
  });
  double sum = 0;
  for (double value : partial) sum += value;
  return std::sqrt(sum);
}

double ClipFactor(double norm, std::optional<double> clip_grad) {
  if (!clip_grad) return 1.0;
  return std::min(1.0, *clip_grad / (norm + 1e-6));
}

template double GlobalNorm(std::span<const float>, ThreadPool*);
template double GlobalNorm(std::span<const double>, ThreadPool*);

}  // namespace winnow::learner

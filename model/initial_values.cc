#include "model/initial_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/digest.h"
#include "base/philox.h"

namespace winnow::model {
namespace {

constexpr size_t kPairsPerTask = 4096;

// Two uniform numbers in [0, 1) for elements 2·pair and 2·pair + 1 of a tensor.
std::array<double, 2> UniformPair(const std::array<uint32_t, 4>& hash, uint64_t pair) {
  const std::array<uint32_t, 4> words =
      Draw(hash, static_cast<uint32_t>(pair), NoisePurpose::kInverseCdf,
           static_cast<uint32_t>(pair >> 32));
  return {UnitDouble(words), UnitDouble({words[2], words[3], 0, 0})};
}

// out[2p], out[2p + 1] = transform(UniformPair(p)).
template <typename Real, typename Transform>
void FillPairs(uint64_t seed, std::string_view name, ThreadPool* pool, std::span<Real> out,
               const Transform& transform) {
  const std::array<uint32_t, 4> hash =
      StreamHash({.seed = seed, .prompt = PromptId{Hash64(name)}, .use = NoiseUse::kInit});
  pool->ParallelFor((out.size() + 1) / 2, kPairsPerTask, [&](size_t begin, size_t end) {
    for (size_t pair = begin; pair < end; ++pair) {
      const std::array<double, 2> values = transform(UniformPair(hash, pair));
      out[2 * pair] = static_cast<Real>(values[0]);
      if (2 * pair + 1 < out.size()) out[2 * pair + 1] = static_cast<Real>(values[1]);
    }
  });
}

}  // namespace

template <typename Real>
void FillUniform(uint64_t seed, std::string_view name, double bound, ThreadPool* pool,
                 std::span<Real> out) {
  FillPairs(seed, name, pool, out, [bound](const std::array<double, 2>& u) {
    return std::array{bound * (2 * u[0] - 1), bound * (2 * u[1] - 1)};
  });
}

template <typename Real>
void FillNormal(uint64_t seed, std::string_view name, double deviation, ThreadPool* pool,
                std::span<Real> out) {
  FillPairs(seed, name, pool, out, [deviation](const std::array<double, 2>& u) {
    const double radius = deviation * std::sqrt(-2 * std::log(1 - u[0]));
    const double angle = 2 * std::numbers::pi * u[1];
    return std::array{radius * std::cos(angle), radius * std::sin(angle)};
  });
}

template <typename Real>
void FillInitialWeights(const ParameterLayout& layout, uint64_t seed, double deviation,
                        ThreadPool* pool, std::span<Real> out) {
  for (const Parameter& parameter : layout.parameters()) {
    const std::span<Real> values = out.subspan(parameter.offset, parameter.size);
    if (parameter.is_bias || parameter.is_norm) {
      std::fill(values.begin(), values.end(), parameter.is_norm ? Real{1} : Real{0});
    } else {
      FillNormal(seed, parameter.name, deviation, pool, values);
    }
  }
}

#define WINNOW_INSTANTIATE_INITIAL_VALUES(Real)                                                 \
  template void FillUniform<Real>(uint64_t, std::string_view, double, ThreadPool*,              \
                                  std::span<Real>);                                             \
  template void FillNormal<Real>(uint64_t, std::string_view, double, ThreadPool*,               \
                                 std::span<Real>);                                              \
  template void FillInitialWeights<Real>(const ParameterLayout&, uint64_t, double, ThreadPool*, \
                                         std::span<Real>);
WINNOW_INSTANTIATE_INITIAL_VALUES(float)
WINNOW_INSTANTIATE_INITIAL_VALUES(double)
#undef WINNOW_INSTANTIATE_INITIAL_VALUES

}  // namespace winnow::model

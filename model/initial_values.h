#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/thread_pool.h"
#include "model/parameters.h"

namespace winnow::model {

// Keyed initial values: element i of a tensor is a pure function of (seed, tensor name, i),
// whatever the threads (Philox, NoiseUse::kInit).

// Uniform in [−bound, bound).
template <typename Real>
void FillUniform(uint64_t seed, std::string_view name, double bound, ThreadPool* pool,
                 std::span<Real> out);
// N(0, deviation²), by Box and Muller's transform in double.
template <typename Real>
void FillNormal(uint64_t seed, std::string_view name, double deviation, ThreadPool* pool,
                std::span<Real> out);
// A model's first weights: N(0, deviation²) for matrices, 0 for biases, 1 for norms.
template <typename Real>
void FillInitialWeights(const ParameterLayout& layout, uint64_t seed, double deviation,
                        ThreadPool* pool, std::span<Real> out);

}  // namespace winnow::model

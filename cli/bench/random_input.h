#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace winnow::cli {

// Inputs of benchmarks, keyed by (seed, stream): the same on every machine.
std::vector<int32_t> RandomTokens(size_t count, size_t vocab_size, uint64_t seed, uint32_t stream);
// Uniform in [−1, 1).
std::vector<float> RandomValues(size_t count, uint64_t seed, uint32_t stream);

}  // namespace winnow::cli

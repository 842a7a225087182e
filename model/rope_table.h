#pragma once

#include <cstddef>
#include <vector>

#include "model/config.h"

namespace winnow::model {

// Inverse wavelengths of the rotated pairs [head_dim / 2], in float64 (arXiv 2104.09864, eq. 15:
// θ_i = theta^(−2i/d)), changed as config.json's scaling says: `linear` divides by the factor;
// `llama3` divides long wavelengths, keeps short ones, and interpolates between.
std::vector<double> RopeFrequencies(const ModelConfig& config);

// cos and sin of position · θ_i as [position, head_dim / 2, 2], made in float64 and then rounded,
// so that no device's trigonometry enters. Grows with the positions asked for.
template <typename Real>
class RopeTable {
 public:
  explicit RopeTable(const ModelConfig& config) : frequencies_(RopeFrequencies(config)) {}
  // The table with at least positions 0 .. num_positions − 1; valid until the next call.
  const Real* ForPositions(size_t num_positions);

 private:
  const std::vector<double> frequencies_;
  size_t num_positions_ = 0;
  std::vector<Real> cos_sin_;
};

}  // namespace winnow::model

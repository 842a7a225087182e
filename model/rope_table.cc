#include "model/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace winnow::model {
namespace {

// The rule of transformers' modeling_rope_utils for `llama3`.
double ScaleLlama3(double frequency, const RopeScaling& scaling) {
  const double wavelength = 2 * std::numbers::pi / frequency;
  const double original = scaling.original_max_position_embeddings;
  if (wavelength < original / scaling.high_freq_factor) return frequency;
  if (wavelength > original / scaling.low_freq_factor) return frequency / scaling.factor;
  const double smooth = (original / wavelength - scaling.low_freq_factor) /
                        (scaling.high_freq_factor - scaling.low_freq_factor);
  return (1 - smooth) * frequency / scaling.factor + smooth * frequency;
}

}  // namespace

std::vector<double> RopeFrequencies(const ModelConfig& config) {
  std::vector<double> frequencies(config.head_dim / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = static_cast<double>(2 * i) / static_cast<double>(config.head_dim);
    double frequency = 1.0 / std::pow(config.rope_theta, exponent);
    switch (config.rope_scaling.kind) {
      case RopeScaling::Kind::kDefault:
        break;
      case RopeScaling::Kind::kLinear:
        frequency /= config.rope_scaling.factor;
        break;
      case RopeScaling::Kind::kLlama3:
        frequency = ScaleLlama3(frequency, config.rope_scaling);
        break;
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

template <typename Real>
const Real* RopeTable<Real>::ForPositions(size_t num_positions) {
  if (num_positions > num_positions_) {
    const size_t half = frequencies_.size();
    const size_t old = num_positions_;
    num_positions_ = std::max({num_positions, 2 * old, size_t{256}});
    cos_sin_.resize(num_positions_ * half * 2);
    for (size_t position = old; position < num_positions_; ++position) {
      for (size_t i = 0; i < half; ++i) {
        const double angle = static_cast<double>(position) * frequencies_[i];
        cos_sin_[(position * half + i) * 2] = static_cast<Real>(std::cos(angle));
        cos_sin_[(position * half + i) * 2 + 1] = static_cast<Real>(std::sin(angle));
      }
    }
  }
  return cos_sin_.data();
}

template class RopeTable<float>;
template class RopeTable<double>;

}  // namespace winnow::model

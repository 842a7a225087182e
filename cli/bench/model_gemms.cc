#include "cli/bench/model_gemms.h"

#include <algorithm>

#include "cli/bench/measure.h"
#include "cli/bench/random_input.h"

namespace winnow::cli {

std::array<MatrixShape, 7> LayerShapes(const model::ModelConfig& config) {
  const size_t hidden = config.hidden_size, inner = config.intermediate_size;
  const size_t q = config.num_heads * config.head_dim, kv = config.num_kv_heads * config.head_dim;
  return {{{q, hidden},
           {kv, hidden},
           {kv, hidden},
           {hidden, q},
           {inner, hidden},
           {inner, hidden},
           {hidden, inner}}};
}

double MultipliedParameters(const model::ModelConfig& config) {
  double count = static_cast<double>(config.vocab_size * config.hidden_size);
  for (const MatrixShape& s : LayerShapes(config)) {
    count += static_cast<double>(config.num_layers * s.n * s.k);
  }
  return count;
}

ModelGemms::ModelGemms(const model::ModelConfig& config, uint64_t seed, device::Ops<float>* ops)
    : seed_(seed), ops_(ops) {
  size_t largest = config.vocab_size * config.hidden_size;
  for (const MatrixShape& s : LayerShapes(config)) largest = std::max(largest, s.n * s.k);
  const std::vector<float> weights = RandomValues(largest, seed, /*stream=*/0);
  const auto pack = [&](size_t n, size_t k) {
    return ops->Pack(weights.data(), n, k, device::PackFor::kForward);
  };
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    for (const MatrixShape& s : LayerShapes(config)) layers_.push_back(pack(s.n, s.k));
  }
  head_ = pack(config.vocab_size, config.hidden_size);
}

void ModelGemms::Multiply(const device::PackedMatrix& w, size_t rows) {
  ops_->Linear(x_.data(), rows, w, y_.data());
}

double ModelGemms::ForwardSeconds(size_t rows, size_t head_rows, size_t head_chunk) {
  const size_t chunk = std::min(head_rows, head_chunk);
  size_t x_size = chunk * head_->k(), y_size = chunk * head_->n();
  for (const auto& w : layers_) {
    x_size = std::max(x_size, rows * w->k());
    y_size = std::max(y_size, rows * w->n());
  }
  if (x_.size() < x_size) x_ = RandomValues(x_size, seed_, /*stream=*/1);
  y_.resize(std::max(y_.size(), y_size));
  return SecondsOf([&] {
    for (const auto& w : layers_) Multiply(*w, rows);
    for (size_t done = 0; done < head_rows; done += head_chunk) {
      Multiply(*head_, std::min(head_chunk, head_rows - done));
    }
  });
}

double ModelGemms::ForwardOperations(size_t rows, size_t head_rows) const {
  double parameters = 0;
  for (const auto& w : layers_) parameters += static_cast<double>(w->n() * w->k());
  return 2.0 * static_cast<double>(rows) * parameters +
         2.0 * static_cast<double>(head_rows * head_->n() * head_->k());
}

}  // namespace winnow::cli

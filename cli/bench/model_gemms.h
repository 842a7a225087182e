#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "device/ops.h"
#include "model/config.h"

namespace winnow::cli {

// A weight matrix W [n, k].
struct MatrixShape {
  size_t n = 0;
  size_t k = 0;
  bool operator==(const MatrixShape&) const = default;
};

// q, k, v, o, gate, up, down of a layer.
std::array<MatrixShape, 7> LayerShapes(const model::ModelConfig& config);

// The matrix products of a model and nothing else, over random weights of its shapes with every
// layer's weights apart in memory: what a pass would cost if all else were free.
// Threads:   one caller. Ownership: `ops` is borrowed.
class ModelGemms {
 public:
  ModelGemms(const model::ModelConfig& config, uint64_t seed, device::Ops<float>* ops);

  // Wall seconds of the products of one forward pass of `rows` rows, `head_rows` of them through
  // the head, `head_chunk` at a time.
  double ForwardSeconds(size_t rows, size_t head_rows, size_t head_chunk);
  // Floating-point operations of such a pass: 2 per multiply-add.
  double ForwardOperations(size_t rows, size_t head_rows) const;

 private:
  void Multiply(const device::PackedMatrix& w, size_t rows);

  const uint64_t seed_;
  device::Ops<float>* const ops_;
  std::vector<std::unique_ptr<device::PackedMatrix>> layers_;
  std::unique_ptr<device::PackedMatrix> head_;
  std::vector<float> x_, y_;
};

// Parameters that a token is multiplied with (the tied matrix once): the N of 6·N·T.
double MultipliedParameters(const model::ModelConfig& config);

}  // namespace winnow::cli

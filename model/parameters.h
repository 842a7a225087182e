#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace winnow::model {

// One tensor of a flat parameter buffer.
struct Parameter {
  std::string name;           // as in the safetensors file, e.g. model.layers.0.mlp.up_proj.weight
  std::vector<size_t> shape;  // [n, k] or [n]
  size_t offset = 0;          // elements from the start of the buffer
  size_t size = 0;            // elements
  bool is_bias = false;
  bool is_norm = false;  // neither: a matrix (embeddings and LoRA adapters count as such)
};

// Parameters in name order, packed without gaps: the order of the flat buffers of weights,
// gradients and moments (learner.md §7).
class ParameterLayout {
 public:
  ParameterLayout() = default;
  // Sorts by name and assigns offsets.
  explicit ParameterLayout(std::vector<Parameter> parameters);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  size_t size() const { return size_; }  // elements
  // Null if there is no such tensor.
  const Parameter* Find(std::string_view name) const;

 private:
  std::vector<Parameter> parameters_;
  size_t size_ = 0;
};

// A linear layer of the decoder: y [n] = W [n, k] x [k] (+ bias).
struct LinearName {
  std::string name;  // without .weight or .bias
  size_t n = 0;
  size_t k = 0;
  bool has_bias = false;
};

// The linear layers of one decoder layer in forward order: q, k, v, o, gate, up, down.
std::vector<LinearName> LinearsOfLayer(const ModelConfig& config, size_t layer);

// All tensors that a model of this configuration stores; a tied head is not stored.
ParameterLayout BaseLayout(const ModelConfig& config);

}  // namespace winnow::model

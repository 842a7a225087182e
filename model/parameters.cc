#include "model/parameters.h"

#include <algorithm>

#include "base/check.h"
#include "base/format.h"

namespace winnow::model {
namespace {

Parameter Matrix(std::string name, size_t n, size_t k) {
  return {.name = std::move(name), .shape = {n, k}};
}

Parameter Bias(std::string name, size_t n) {
  return {.name = std::move(name), .shape = {n}, .is_bias = true};
}

Parameter Norm(std::string name, size_t n) {
  return {.name = std::move(name), .shape = {n}, .is_norm = true};
}

}  // namespace

ParameterLayout::ParameterLayout(std::vector<Parameter> parameters)
    : parameters_(std::move(parameters)) {
  std::sort(parameters_.begin(), parameters_.end(),
            [](const Parameter& a, const Parameter& b) { return a.name < b.name; });
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = parameters_[i];
    if (i > 0) WINNOW_CHECK_NE(parameters_[i - 1].name, parameter.name);
    parameter.offset = size_;
    parameter.size = 1;
    for (const size_t extent : parameter.shape) parameter.size *= extent;
    size_ += parameter.size;
  }
}

const Parameter* ParameterLayout::Find(std::string_view name) const {
  const auto it = std::lower_bound(
      parameters_.begin(), parameters_.end(), name,
      [](const Parameter& parameter, std::string_view wanted) { return parameter.name < wanted; });
  return it != parameters_.end() && it->name == name ? &*it : nullptr;
}

std::vector<LinearName> LinearsOfLayer(const ModelConfig& config, size_t layer) {
  const size_t hidden = config.hidden_size, inner = config.intermediate_size;
  const size_t q = config.num_heads * config.head_dim, kv = config.num_kv_heads * config.head_dim;
  const std::string attention = Format("model.layers.{}.self_attn.", layer);
  const std::string mlp = Format("model.layers.{}.mlp.", layer);
  return {{attention + "q_proj", q, hidden, config.attention_bias},
          {attention + "k_proj", kv, hidden, config.attention_bias},
          {attention + "v_proj", kv, hidden, config.attention_bias},
          {attention + "o_proj", hidden, q, config.output_bias},
          {mlp + "gate_proj", inner, hidden, config.mlp_bias},
          {mlp + "up_proj", inner, hidden, config.mlp_bias},
          {mlp + "down_proj", hidden, inner, config.mlp_bias}};
}

ParameterLayout BaseLayout(const ModelConfig& config) {
  std::vector<Parameter> all;
  all.push_back(Matrix("model.embed_tokens.weight", config.vocab_size, config.hidden_size));
  if (!config.tie_word_embeddings) {
    all.push_back(Matrix("lm_head.weight", config.vocab_size, config.hidden_size));
  }
  all.push_back(Norm("model.norm.weight", config.hidden_size));
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    for (const LinearName& linear : LinearsOfLayer(config, layer)) {
      all.push_back(Matrix(linear.name + ".weight", linear.n, linear.k));
      if (linear.has_bias) all.push_back(Bias(linear.name + ".bias", linear.n));
    }
    const std::string prefix = Format("model.layers.{}.", layer);
    all.push_back(Norm(prefix + "input_layernorm.weight", config.hidden_size));
    all.push_back(Norm(prefix + "post_attention_layernorm.weight", config.hidden_size));
    if (config.qk_norm) {
      all.push_back(Norm(prefix + "self_attn.q_norm.weight", config.head_dim));
      all.push_back(Norm(prefix + "self_attn.k_norm.weight", config.head_dim));
    }
  }
  return ParameterLayout(std::move(all));
}

}  // namespace winnow::model

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace winnow::model {

enum class Family { kLlama, kQwen2, kQwen3 };

// Rotary frequencies: `default`, `linear` (factor) or `llama3` (all fields), as config.json has it.
struct RopeScaling {
  enum class Kind { kDefault, kLinear, kLlama3 };
  Kind kind = Kind::kDefault;
  double factor = 1.0;
  double low_freq_factor = 1.0;
  double high_freq_factor = 4.0;
  double original_max_position_embeddings = 0;
};

// What config.json says of a dense decoder, transformers 4 and 5 style.
struct ModelConfig {
  Family family = Family::kLlama;
  size_t vocab_size = 0;
  size_t hidden_size = 0;
  size_t intermediate_size = 0;
  size_t num_layers = 0;
  size_t num_heads = 0;
  size_t num_kv_heads = 0;
  size_t head_dim = 0;
  size_t max_positions = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  bool attention_bias = false;  // q, k, v (and o for Llama) have biases
  bool output_bias = false;     // o_proj has a bias
  bool mlp_bias = false;
  bool qk_norm = false;  // Qwen3
  bool tie_word_embeddings = false;
  std::string stored_dtype;  // `float32`, `bfloat16`, `float16`; empty: not said
  double initializer_range = 0.02;
  std::vector<int32_t> eos_token_ids;  // of generation_config.json, else config.json; may be empty
};

// Reads FOLDER/config.json (and generation_config.json if it is there). What is not supported is
// refused by name: other architectures, sliding windows in use, other rope types, MoE,
// quantised weights, other activations. Errors: kInvalidArgument, "FILE: key rule: found".
Result<ModelConfig> LoadModelConfig(const std::string& folder);

}  // namespace winnow::model

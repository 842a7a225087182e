#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/format.h"
#include "base/philox.h"
#include "model/policy.h"

// Small random models, and sequences to run through them.
namespace winnow::model {

// A fresh empty folder, removed at the end of its scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> next{0};
    path_ = std::filesystem::path(testing::TempDir()) /
            Format("winnow_model_{}_{}", ::getpid(), next.fetch_add(1));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path() const { return path_.string(); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }
  void Write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(WriteFileAtomically(File(name), text).ok());
  }

 private:
  std::filesystem::path path_;
};

// What varies between tiny models; the rest is in ConfigJson.
struct TinyModel {
  std::string type = "llama";
  bool tied = false;
  bool attention_bias = false;
  bool mlp_bias = false;
  size_t vocab = 37;
  size_t hidden = 16;
  size_t layers = 2;
  std::string dtype = "float32";
};

inline std::string ConfigJson(const TinyModel& model) {
  const std::string name = model.type == "llama"   ? "LlamaForCausalLM"
                           : model.type == "qwen2" ? "Qwen2ForCausalLM"
                                                   : "Qwen3ForCausalLM";
  return Format(
      R"({{"architectures": ["{}"], "model_type": "{}", "hidden_act": "silu", "vocab_size": {},
          "hidden_size": {}, "intermediate_size": 24, "num_hidden_layers": {},
          "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4,
          "max_position_embeddings": 256, "rms_norm_eps": 1e-06, "initializer_range": 0.3,
          "tie_word_embeddings": {}, "attention_bias": {}, "mlp_bias": {}, "eos_token_id": 2,
          "torch_dtype": "{}", "rope_theta": 100.0}})",
      name, model.type, model.vocab, model.hidden, model.layers, model.tied, model.attention_bias,
      model.mlp_bias, model.dtype);
}

// Adds keyed noise to all trained values, so that no bias is 0, no norm 1 and no LoRA B 0.
template <typename Real>
void Perturb(Policy<Real>& policy, double scale = 0.2) {
  const auto hash = StreamHash({.seed = 99});
  const std::span<Real> values = policy.trainable();
  for (size_t i = 0; i < values.size(); ++i) {
    const double u =
        UnitDouble(Draw(hash, static_cast<uint32_t>(i), NoisePurpose::kInverseCdf, /*sub=*/0));
    values[i] += static_cast<Real>(scale * (2 * u - 1));
  }
  policy.WeightsChanged();
}

template <typename Real>
std::unique_ptr<Policy<Real>> MakeTiny(const TinyModel& model, const PolicyOptions& options,
                                       device::Ops<Real>* ops, uint64_t seed = 7) {
  const TemporaryFolder folder;
  folder.Write("config.json", ConfigJson(model));
  auto policy = InitializePolicy<Real>(folder.path(), options, seed, ops);
  EXPECT_TRUE(policy.ok()) << policy.status().message();
  Perturb(**policy);
  return *std::move(policy);
}

// Token sequences with masks; `views` stay valid with the batch.
struct Batch {
  std::vector<std::vector<int32_t>> tokens;
  std::vector<std::vector<uint8_t>> masks;
  std::vector<TrainSequence> Views(size_t begin = 0, size_t end = SIZE_MAX) const {
    std::vector<TrainSequence> views;
    for (size_t i = begin; i < std::min(end, tokens.size()); ++i) {
      views.push_back({tokens[i], masks[i]});
    }
    return views;
  }
  size_t NumWanted(size_t begin = 0, size_t end = SIZE_MAX) const {
    size_t count = 0;
    for (size_t i = begin; i < std::min(end, masks.size()); ++i) {
      for (const uint8_t m : masks[i]) count += m;
    }
    return count;
  }
};

// Keyed sequences of the given lengths; the first third of each is a prompt, and every seventh
// token after it is forced (m = 0).
inline Batch MakeBatch(const std::vector<size_t>& lengths, size_t vocab, uint64_t seed = 3) {
  Batch batch;
  const auto hash = StreamHash({.seed = seed});
  uint32_t draw = 0;
  for (const size_t length : lengths) {
    std::vector<int32_t> tokens;
    std::vector<uint8_t> mask;
    for (size_t t = 0; t < length; ++t) {
      tokens.push_back(static_cast<int32_t>(
          Draw(hash, draw++, NoisePurpose::kInverseCdf, /*sub=*/0)[0] % vocab));
      mask.push_back(t > 0 && t >= length / 3 && t % 7 != 6);
    }
    batch.tokens.push_back(std::move(tokens));
    batch.masks.push_back(std::move(mask));
  }
  return batch;
}

// Keyed gradients for `count` wanted tokens.
template <typename Real>
std::vector<device::HeadRowGradient<Real>> MakeGradients(size_t count, bool entropy = true,
                                                         bool kl = false) {
  std::vector<device::HeadRowGradient<Real>> gradients(count);
  const auto hash = StreamHash({.seed = 5});
  for (size_t i = 0; i < count; ++i) {
    const auto value = [&](uint32_t sub) {
      return static_cast<Real>(
          UnitDouble(Draw(hash, static_cast<uint32_t>(i), NoisePurpose::kInverseCdf, sub)) - 0.4);
    };
    gradients[i].log_prob = value(0);
    if (entropy) gradients[i].entropy = value(1);
    if (kl) gradients[i].kl = value(2);
  }
  return gradients;
}

inline const device::Arithmetic kAllArithmetics[] = {
    device::Arithmetic::kF32, device::Arithmetic::kBf16Tile, device::Arithmetic::kBf16Pair};

}  // namespace winnow::model

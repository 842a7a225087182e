#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <deque>
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
  std::vector<std::vector<TrainSegment>> segments;  // of the first sequences; others have none
  std::vector<size_t> num_shared;                   // likewise
  std::vector<TrainSequence> Views(size_t begin = 0, size_t end = SIZE_MAX) const {
    std::vector<TrainSequence> views;
    for (size_t i = begin; i < std::min(end, tokens.size()); ++i) {
      views.push_back({.tokens = tokens[i], .mask = masks[i]});
      if (i < segments.size()) views.back().segments = segments[i];
      if (i > begin && i < num_shared.size()) views.back().num_shared = num_shared[i];
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

// Segments of a trunk, two paths side by side after it, and the trunk's rest, which sees them all
// (multiverse.md §2). The lengths are those of the four; first tokens of the last three are forced.
inline std::vector<TrainSegment> TwoPaths(const std::array<size_t, 4>& lengths) {
  static std::deque<TokenInterval> holes;  // which segments point at
  const auto [trunk, first, second, rest] = lengths;
  holes.push_back({trunk, trunk + first});
  const size_t fork = trunk + first, merge = fork + second;
  return {{.begin = 0, .end = trunk},
          {.begin = trunk, .end = fork, .first_position = trunk},
          {.begin = fork, .end = merge, .holes = {&holes.back(), 1}, .first_position = trunk},
          {.begin = merge, .end = merge + rest, .first_position = trunk + std::max(first, second)}};
}

// MakeBatch with TwoPaths in each sequence.
inline Batch MakeBranchedBatch(const std::vector<std::array<size_t, 4>>& lengths, size_t vocab) {
  std::vector<size_t> totals;
  for (const auto& four : lengths) totals.push_back(four[0] + four[1] + four[2] + four[3]);
  Batch batch = MakeBatch(totals, vocab);
  for (size_t i = 0; i < lengths.size(); ++i) {
    batch.segments.push_back(TwoPaths(lengths[i]));
    for (size_t s = 1; s < 4; ++s) batch.masks[i][batch.segments[i][s].begin] = 0;
  }
  return batch;
}

// Samples of prompts: sequences of `responses[p][i]` tokens after a prompt of `prompts[p]`, which
// all but the first of a prompt share with the one before. Every seventh token is forced.
inline Batch MakeSharedBatch(const std::vector<size_t>& prompts,
                             const std::vector<std::vector<size_t>>& responses, size_t vocab) {
  std::vector<size_t> lengths;
  for (size_t p = 0; p < prompts.size(); ++p) {
    for (const size_t response : responses[p]) lengths.push_back(prompts[p] + response);
  }
  Batch batch = MakeBatch(lengths, vocab);
  for (size_t p = 0, i = 0; p < prompts.size(); ++p) {
    const size_t first = i;
    for (size_t sample = 0; sample < responses[p].size(); ++sample, ++i) {
      std::copy_n(batch.tokens[first].begin(), prompts[p], batch.tokens[i].begin());
      for (size_t t = 0; t < lengths[i]; ++t) {
        batch.masks[i][t] = t >= prompts[p] && t % 7 != 6;
      }
      batch.num_shared.push_back(sample == 0 ? 0 : prompts[p]);
    }
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

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "device/ops.h"

namespace winnow::rollout {

enum class SamplerKind { kInverseCdf, kGumbel };

// The law that tokens are drawn from.
struct SamplingOptions {
  SamplerKind sampler = SamplerKind::kInverseCdf;
  double temperature = 1.0;  // 0 = argmax, lowest id on ties, no draw
  double top_p = 1.0;        // (0, 1]; 1 = off
  int32_t top_k = 0;         // 0 or -1 = off
};

// One drawn token. Log-probs are natural. At temperature 0 both are under temperature 1.
struct SampledToken {
  int32_t token = -1;
  float log_prob = 0;       // behaviour: under the law sampled from (after top-k, top-p, masks)
  float full_log_prob = 0;  // without truncation; what the learner recomputes bit for bit
  bool failed = false;      // NaN or +inf among the logits: the trajectory ends as `error`
};

// Draws tokens from rows of logits by keyed noise (speculation.md §1).
// Place:     rollout/engine; one per engine.
// Threads:   Sample from any number of threads at once, each with its own Scratch.
// Bits:      choices are made on integer masses round(e_v · 2^40), so no summation order matters.
class Sampler {
 public:
  struct Scratch {
    std::vector<float> numerators;  // [V] e_v = exp(z_v − z_max)
    std::vector<uint64_t> masses;   // [V]
    std::vector<int32_t> order;
    std::vector<uint8_t> kept;
  };

  // `ops` is borrowed.
  Sampler(device::Ops<float>* ops, size_t vocab_size) : ops_(ops), vocab_size_(vocab_size) {}

  // z [V]: logits already divided by the temperature (by 1 at temperature 0), as
  // Ops::LogSoftmaxRows leaves them, with their stats. `banned` ids are never drawn (a mask by
  // position alone, such as no EOS before min_tokens). `hash` is the branch path hash of the
  // sample's stream, `position` the absolute position of the token being drawn.
  SampledToken Sample(const float* z, const device::LogSoftmaxStats<float>& stats,
                      const SamplingOptions& options, const std::array<uint32_t, 4>& hash,
                      uint32_t position, std::span<const int32_t> banned, Scratch* scratch) const;

 private:
  device::Ops<float>* const ops_;
  const size_t vocab_size_;
};

}  // namespace winnow::rollout

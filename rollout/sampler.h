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

// A row of scaled logits as Ops::ScaledLogits and Ops::SumMasses leave it; at temperature 0 they
// are divided by 1. Borrowed.
struct LogitRow {
  const float* z = nullptr;  // [V]
  float max = 0;
  float log_sum = 0;
  const uint64_t* masses = nullptr;  // [NumMassBlocks(V)]
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
// Cost:      inverse CDF looks at the block sums and at one block; top-k and top-p at a row and at
//            the likely tokens; gumbel needs noise for every token of the row.
class Sampler {
 public:
  struct Candidate {
    int32_t id = 0;
    float z = 0;
    float e = 0;  // exp(z − z_max)
    uint64_t mass = 0;
  };
  struct Scratch {
    std::vector<float> z, e;
    std::vector<Candidate> kept;
  };

  // `ops` is borrowed.
  Sampler(device::Ops<float>* ops, size_t vocab_size) : ops_(ops), vocab_size_(vocab_size) {}

  // `banned` ids, each once, are never drawn (a mask by position alone, such as no EOS before
  // min_tokens). `hash` is the branch path hash of the sample's stream, `position` the absolute
  // position of the token being drawn.
  SampledToken Sample(const LogitRow& row, const SamplingOptions& options,
                      const std::array<uint32_t, 4>& hash, uint32_t position,
                      std::span<const int32_t> banned, Scratch* scratch) const;

 private:
  struct Draws;  // the noise of one position
  int32_t ArgMax(const LogitRow& row, std::span<const int32_t> banned) const;
  uint64_t MassOf(const LogitRow& row, int32_t token) const;
  // Untruncated law: the token, or -1 if all mass is banned.
  int32_t DrawFromBlocks(const LogitRow& row, std::span<const int32_t> banned, const Draws& draws,
                         Scratch* scratch) const;
  // Every token of positive mass that is at most `depth` below the maximum, by id.
  void Gather(const LogitRow& row, float depth, std::span<const int32_t> banned,
              Scratch* scratch) const;
  // Tokens that top-k and top-p keep, by id (speculation.md §1.1, steps 3 and 4).
  void Truncate(const LogitRow& row, const SamplingOptions& options,
                std::span<const int32_t> banned, Scratch* scratch) const;

  device::Ops<float>* const ops_;
  const size_t vocab_size_;
};

}  // namespace winnow::rollout

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"

namespace winnow::learner {

// learner.policy_loss.* and learner.clip_ratio_*; names are those of spec/config.md.
struct PolicyLossOptions {
  std::string loss_mode = "vanilla";
  double clip_ratio_low = 0.2;               // ε_l
  double clip_ratio_high = 0.2;              // ε_h
  std::optional<double> clip_ratio_c = 3.0;  // c of the dual clip; null = off
  double clip_cov_ratio = 2e-4;
  double clip_cov_lb = 1.0;
  double clip_cov_ub = 5.0;
  double kl_cov_ratio = 2e-4;
  double ppo_kl_coef = 0.1;  // λ of kl_cov
};

// Where the tokens of one sequence stand in the world: keys the choices that a loss makes at
// random, so that they depend on no rank, packing or micro-batch.
struct SequenceIdentity {
  PromptId prompt;
  uint32_t step = 0;  // policy step of the group's dispatch
  uint32_t occurrence = 0;
  uint32_t sample = 0;          // index in the group
  uint32_t first_position = 0;  // absolute position of the first token below, prompt included
};

// One mini-batch: S sequences of response tokens, flat, in batch order. Values at m = 0 are never
// read. Numbers are float32 values held in double (learner.md §1).
struct LossTokens {
  std::span<const size_t> offsets;   // [S + 1]; tokens of sequence i are [offsets[i], offsets[i+1])
  std::span<const uint8_t> mask;     // [tokens] m
  std::span<const double> logp;      // [tokens] x
  std::span<const double> old_logp;  // [tokens] x_old
  std::span<const double> advantage;  // [tokens] A
  std::span<const double> weight;     // [tokens] w of learner.md §5, or empty for 1
  std::span<const uint8_t> selected;  // [tokens] what Select returned, or empty

  size_t num_sequences() const { return offsets.size() - 1; }
};

// Keys of a random selection.
struct SelectionKey {
  uint64_t seed = 0;                            // run.seed
  uint32_t update = 0;                          // index of the update within its training step
  std::span<const SequenceIdentity> sequences;  // [S]
};

// What happened to a token, for the metrics.
enum TokenFlag : uint8_t {
  kClippedHigh = 1,  // the clipped branch counts, r above 1 + ε_h
  kClippedLow = 2,   // the clipped branch counts, r below 1 − ε_l
  kDualClipped = 4,  // the dual branch is strictly smaller
  kClamped = 8,      // log ratio beyond its clamp
  kSelected = 16,    // singled out by its covariance
};

// Per token of a mini-batch [tokens]; entries with m = 0 stay 0.
struct TokenLosses {
  std::vector<double> loss;      // ℓ, weighted by w
  std::vector<double> gradient;  // dℓ/dx, weighted by w
  std::vector<double> ratio;     // r
  std::vector<uint8_t> flags;    // TokenFlag

  explicit TokenLosses(size_t tokens)
      : loss(tokens), gradient(tokens), ratio(tokens), flags(tokens) {}
};

// A policy loss: per-token inputs to ℓ and its gradient with respect to per-token log-probs. It
// sees no logit and does no aggregation (loss/aggregate.h).
// Threads:   stateless, any.
// Numbers:   all arithmetic is double.
class PolicyLoss {
 public:
  virtual ~PolicyLoss() = default;
  // True if Select must have seen x of the whole mini-batch before the first Evaluate.
  virtual bool needs_selection() const { return false; }
  // Tokens that the loss treats apart [tokens], from statistics over the whole mini-batch.
  virtual std::vector<uint8_t> Select(const LossTokens& tokens, const SelectionKey&) const {
    return std::vector<uint8_t>(tokens.mask.size(), 0);
  }
  // Fills `out` for the tokens of sequence `seq`; reads no other sequence.
  virtual void Evaluate(const LossTokens& tokens, size_t seq, TokenLosses* out) const = 0;
};

}  // namespace winnow::learner

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "learner/batch.h"
#include "learner/loss/aggregate.h"
#include "learner/loss/interface.h"
#include "learner/loss/kl.h"

namespace winnow::learner {

// The sequences of one update that have a token with m = 1, flat over response tokens, in batch
// order, with what the forward pass says of them.
struct MiniBatch {
  std::vector<size_t> members;               // [S] indices into the TokenBatch
  std::vector<SequenceIdentity> identities;  // [S]
  std::vector<size_t> offsets = {0};         // [S + 1]
  std::vector<uint8_t> mask;                 // [tokens]
  std::vector<double> logp;                  // [tokens] x, filled by the forward pass
  std::vector<double> entropy;               // [tokens] H, likewise
  std::vector<double> head_kl;               // [tokens] Σ_v p log(p/q), likewise, for kl `full`
  std::vector<double> old_logp;              // [tokens]
  std::vector<double> ref_logp;              // [tokens], or empty
  std::vector<double> advantage;             // [tokens]
  std::vector<double> weight;                // [tokens], or empty
  std::vector<uint8_t> selected;             // [tokens], or empty
  BatchCounts counts;                        // N, S

  LossTokens Tokens() const;
};
MiniBatch GatherMiniBatch(const TokenBatch& batch, std::span<const size_t> sequences);

// learner.* keys that shape the objective beside the policy loss.
struct ObjectiveOptions {
  LossAggregation loss_agg_mode = LossAggregation::kTokenMean;
  double loss_scale_factor = 512;  // L_max of seq-mean-token-sum-norm
  double entropy_coeff = 0;
  bool use_kl_loss = false;
  double kl_loss_coef = 0.001;
  KlKind kl_loss_type = KlKind::kK3;
};

// dL of one token, as the head takes it.
struct TokenGradient {
  double logp = 0;
  double entropy = 0;
  double kl = 0;  // of head_kl
};

// The parts of L over a mini-batch, summed in batch order.
struct ObjectiveTotals {
  double pg_loss = 0;
  double kl_loss = 0;
  double entropy = 0;
  double loss = 0;
};

// L = aggregate(ℓ) + kl_loss_coef·aggregate(kl) − entropy_coeff·aggregate(H), all with one mode
// (learner.md §3, §4), and its gradient per token. Knows neither logits nor micro-batches: each
// sequence is evaluated once x, x_old (and x_ref) of its tokens are known.
// Threads: one caller.
class Objective {
 public:
  Objective(const ObjectiveOptions& options, const PolicyLoss& loss, const MiniBatch& batch);

  // Fills losses and gradients of sequence `seq`; returns the first token whose loss, gradient,
  // entropy or KL is not finite.
  std::optional<size_t> EvaluateSequence(size_t seq);
  // REQUIRES: every sequence was evaluated.
  ObjectiveTotals Totals() const;

  bool has_kl() const { return options_.use_kl_loss; }
  const TokenLosses& losses() const { return losses_; }
  const std::vector<double>& kl() const { return kl_; }
  const std::vector<TokenGradient>& gradients() const { return gradients_; }

 private:
  const ObjectiveOptions options_;
  const PolicyLoss& loss_;
  const MiniBatch& batch_;
  const AggregationWeights weights_;
  TokenLosses losses_;
  std::vector<double> kl_;                // [tokens], 0 without a KL loss
  std::vector<TokenGradient> gradients_;  // [tokens]
};

}  // namespace winnow::learner

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// learner.loss_agg_mode: how per-token losses become one number (learner.md §3).
enum class LossAggregation {
  kTokenMean,            // W = m / N                     (DAPO, arXiv 2503.14476, eq. 12)
  kSeqMeanTokenSum,      // W = m / S
  kSeqMeanTokenMean,     // W = m / ((n_i + 1e-8)·S)      (GRPO, GSPO)
  kSeqMeanTokenSumNorm,  // W = m / (L_max·S)             (Dr. GRPO, arXiv 2503.20783)
};

// Reads `token-mean`, `seq-mean-token-sum`, `seq-mean-token-mean`, `seq-mean-token-sum-norm`.
// Errors: kInvalidArgument naming what is allowed.
Result<LossAggregation> ParseLossAggregation(std::string_view name);

// Counts of a mini-batch over all ranks: tokens with m = 1, and sequences that have one.
struct BatchCounts {
  size_t num_tokens = 0;     // N
  size_t num_sequences = 0;  // S
};
BatchCounts CountBatch(std::span<const size_t> offsets, std::span<const uint8_t> mask);

// Tokens with m = 1 in [begin, end): n_i.
size_t CountMasked(std::span<const uint8_t> mask, size_t begin, size_t end);

// The weights W of one mini-batch. Gradients of micro-batches and ranks that use them are summed,
// never averaged: W holds the global counts already.
struct AggregationWeights {
  LossAggregation mode = LossAggregation::kTokenMean;
  BatchCounts counts;            // REQUIRES: num_tokens > 0 when OfSequence is called
  double loss_scale_factor = 1;  // L_max; read by kSeqMeanTokenSumNorm

  // W of each token with m = 1 of a sequence that has n_i = num_tokens of them.
  double OfSequence(size_t num_tokens) const;
};

// L = Σ W·values over tokens with m = 1, in double, in batch order, then position order.
double Aggregate(const AggregationWeights& weights, std::span<const size_t> offsets,
                 std::span<const uint8_t> mask, std::span<const double> values);

}  // namespace winnow::learner

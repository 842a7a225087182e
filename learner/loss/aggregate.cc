#include "learner/loss/aggregate.h"

#include "base/check.h"
#include "base/format.h"

namespace winnow::learner {

Result<LossAggregation> ParseLossAggregation(std::string_view name) {
  if (name == "token-mean") return LossAggregation::kTokenMean;
  if (name == "seq-mean-token-sum") return LossAggregation::kSeqMeanTokenSum;
  if (name == "seq-mean-token-mean") return LossAggregation::kSeqMeanTokenMean;
  if (name == "seq-mean-token-sum-norm") return LossAggregation::kSeqMeanTokenSumNorm;
  return InvalidArgument(
      Format("learner.loss_agg_mode must be one of token-mean, seq-mean-token-sum, "
             "seq-mean-token-mean, seq-mean-token-sum-norm: \"{}\"",
             name));
}

size_t CountMasked(std::span<const uint8_t> mask, size_t begin, size_t end) {
  size_t count = 0;
  for (size_t t = begin; t < end; ++t) count += mask[t] != 0;
  return count;
}

BatchCounts CountBatch(std::span<const size_t> offsets, std::span<const uint8_t> mask) {
  BatchCounts counts;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const size_t count = CountMasked(mask, offsets[i], offsets[i + 1]);
    counts.num_tokens += count;
    counts.num_sequences += count > 0;
  }
  return counts;
}

double AggregationWeights::OfSequence(size_t num_tokens) const {
  WINNOW_CHECK_GT(counts.num_tokens, 0u);
  const double sequences = static_cast<double>(counts.num_sequences);
  switch (mode) {
    case LossAggregation::kTokenMean:
      return 1.0 / static_cast<double>(counts.num_tokens);
    case LossAggregation::kSeqMeanTokenSum:
      return 1.0 / sequences;
    case LossAggregation::kSeqMeanTokenMean:
      return 1.0 / ((static_cast<double>(num_tokens) + 1e-8) * sequences);
    case LossAggregation::kSeqMeanTokenSumNorm:
      return 1.0 / (loss_scale_factor * sequences);
  }
  CheckFailed(__FILE__, __LINE__, "unknown LossAggregation", "");
}

double Aggregate(const AggregationWeights& weights, std::span<const size_t> offsets,
                 std::span<const uint8_t> mask, std::span<const double> values) {
  double total = 0;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const size_t count = CountMasked(mask, offsets[i], offsets[i + 1]);
    if (count == 0) continue;
    const double weight = weights.OfSequence(count);
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      if (mask[t]) total += weight * values[t];
    }
  }
  return total;
}

}  // namespace winnow::learner

#include "learner/loss/aggregate.h"

#include <cmath>

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

const std::vector<size_t> kOffsets = {0, 3, 3, 5, 6};
const std::vector<uint8_t> kMask = {1, 0, 1, 0, 0, 1};

TEST(AggregateTest, EmptySequencesCountNowhere) {
  const BatchCounts counts = CountBatch(kOffsets, kMask);
  EXPECT_EQ(counts.num_tokens, 3u);
  EXPECT_EQ(counts.num_sequences, 2u);
}

TEST(AggregateTest, EachModeWeighsAsItsFormulaSays) {
  const std::vector<double> values = {1, std::nan(""), 2, std::nan(""), std::nan(""), 6};
  AggregationWeights weights = {.counts = CountBatch(kOffsets, kMask), .loss_scale_factor = 4};
  const auto total = [&](LossAggregation mode) {
    weights.mode = mode;
    return Aggregate(weights, kOffsets, kMask, values);
  };
  EXPECT_DOUBLE_EQ(total(LossAggregation::kTokenMean), 3.0);
  EXPECT_DOUBLE_EQ(total(LossAggregation::kSeqMeanTokenSum), 4.5);
  EXPECT_NEAR(total(LossAggregation::kSeqMeanTokenMean), 3.75, 1e-7);
  EXPECT_DOUBLE_EQ(total(LossAggregation::kSeqMeanTokenSumNorm), 4.5 / 4);
}

TEST(AggregateTest, UnknownModesSayWhatIsAllowed) {
  EXPECT_EQ(ParseLossAggregation("token_mean").status().message(),
            "learner.loss_agg_mode must be one of token-mean, seq-mean-token-sum, "
            "seq-mean-token-mean, seq-mean-token-sum-norm: \"token_mean\"");
}

}  // namespace
}  // namespace winnow::learner

#include "learner/loss/correction.h"

#include <cmath>

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

const std::vector<size_t> kOffsets = {0, 2, 4};
const std::vector<uint8_t> kMask = {1, 1, 1, 0};
const std::vector<double> kOld = {-1, -1, -1, std::nan("")};
// e = 1, -0.5, 0.1
const std::vector<double> kBehaviour = {-2, -0.5, -1.1, std::nan("")};

TEST(CorrectionTest, TokenWeightsAreTruncatedAboveOnly) {
  const CorrectionOptions options = {.rollout_is = ImportanceLevel::kToken};
  const auto got = ComputeImportanceWeights(options, kOffsets, kMask, kOld, kBehaviour);
  EXPECT_EQ(got.weight[0], 2.0);
  EXPECT_DOUBLE_EQ(got.weight[1], std::exp(-0.5));
  EXPECT_EQ(got.weight[3], 0.0);
  EXPECT_DOUBLE_EQ(got.fraction_high, 1.0 / 3);
}

TEST(CorrectionTest, ALowerBoundZeroesWhatIsOutside) {
  CorrectionOptions options = {.rollout_is = ImportanceLevel::kToken};
  ASSERT_TRUE(ParseImportanceThreshold("0.8_2.0", &options).ok());
  const auto got = ComputeImportanceWeights(options, kOffsets, kMask, kOld, kBehaviour);
  EXPECT_EQ(got.weight[0], 0.0);
  EXPECT_EQ(got.weight[1], 0.0);
  EXPECT_DOUBLE_EQ(got.weight[2], std::exp(-1 + 1.1));
}

TEST(CorrectionTest, SequenceWeightsMultiplyTheTokensOfASequence) {
  const CorrectionOptions options = {.rollout_is = ImportanceLevel::kSequence};
  const auto got = ComputeImportanceWeights(options, kOffsets, kMask, kOld, kBehaviour);
  EXPECT_DOUBLE_EQ(got.weight[0], std::exp(0.5));
  EXPECT_EQ(got.weight[0], got.weight[1]);
}

TEST(CorrectionTest, WeightsThatAreAllZeroAreNotDividedByTheirMean) {
  const CorrectionOptions options = {.rollout_is = ImportanceLevel::kToken,
                                     .rollout_is_threshold = 1e9,
                                     .rollout_is_threshold_lower = 1e8,
                                     .rollout_is_batch_normalize = true};
  const auto got = ComputeImportanceWeights(options, kOffsets, kMask, kOld, kBehaviour);
  EXPECT_EQ(got.weight, (std::vector<double>{0, 0, 0, 0}));
}

TEST(CorrectionTest, RejectionDropsTokensOrWholeSequencesAndAllMustPass) {
  CorrectionOptions options;
  options.rollout_rs = ParseRejection("token_k1", "0.5_2.0").value();
  EXPECT_EQ(RejectTokens(options, kOffsets, kMask, kOld, kBehaviour),
            (std::vector<uint8_t>{0, 1, 1, 0}));
  options.rollout_rs = ParseRejection("seq_max_k2", "0.4").value();
  EXPECT_EQ(RejectTokens(options, kOffsets, kMask, kOld, kBehaviour),
            (std::vector<uint8_t>{0, 0, 1, 0}));
  options.rollout_rs = ParseRejection("seq_max_k2,token_k3", "0.4,1e-9").value();
  EXPECT_EQ(RejectTokens(options, kOffsets, kMask, kOld, kBehaviour),
            (std::vector<uint8_t>{0, 0, 0, 0}));
}

TEST(CorrectionTest, MistakesNameTheKey) {
  CorrectionOptions options;
  EXPECT_EQ(ParseImportanceThreshold("5_0.5", &options).message(),
            "algorithm.rollout_correction.rollout_is_threshold must be a positive number, or "
            "lower_upper such as 0.5_5.0: \"5_0.5\"");
  EXPECT_EQ(ParseImportanceLevel("tokens").status().message(),
            "algorithm.rollout_correction.rollout_is must be one of token, sequence, null: "
            "\"tokens\"");
  EXPECT_EQ(ParseRejection("seq_max_k1", "1").status().message(),
            "algorithm.rollout_correction.rollout_rs must list token_k1..3, seq_sum_k1..3, "
            "seq_mean_k1..3, seq_max_k2, seq_max_k3: \"seq_max_k1\"");
  EXPECT_EQ(ParseRejection("token_k1", "2").status().message(),
            "algorithm.rollout_correction.rollout_rs_threshold of token_k1 must be lower_upper, "
            "both positive: \"2\"");
  EXPECT_EQ(ParseRejection("token_k2", "2,3").status().message(),
            "algorithm.rollout_correction.rollout_rs_threshold must have one entry per criterion "
            "of rollout_rs, 1: \"2,3\"");
}

TEST(CorrectionTest, AnEmptyBatchHasNoGap) {
  const std::vector<uint8_t> none(4, 0);
  EXPECT_FALSE(MeasurePolicyGap(kOffsets, none, kOld, kBehaviour).has_value());
}

}  // namespace
}  // namespace winnow::learner

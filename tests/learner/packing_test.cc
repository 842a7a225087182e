#include "learner/packing.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(PackingTest, CanonicalOrderIsLengthDescendingWithTiesByBatchOrder) {
  EXPECT_EQ(CanonicalOrder(std::vector<size_t>{3, 9, 3, 5}), (std::vector<size_t>{1, 3, 0, 2}));
}

TEST(PackingTest, NextFitFillsMicroBatchesUpToTheBudget) {
  const auto packed =
      PackSequences(std::vector<size_t>{3, 9, 3, 5}, {.ppo_max_token_len_per_gpu = 10}).value();
  ASSERT_EQ(packed.size(), 3u);
  EXPECT_EQ(packed[0].sequences, (std::vector<size_t>{1}));
  EXPECT_EQ(packed[1].sequences, (std::vector<size_t>{3, 0}));
  EXPECT_EQ(packed[1].num_tokens, 8u);
  EXPECT_EQ(packed[2].sequences, (std::vector<size_t>{2}));
}

TEST(PackingTest, TheNumberOfSequencesIsALimitToo) {
  const auto packed = PackSequences(std::vector<size_t>(5, 1), {.ppo_micro_batch_size_per_gpu = 2});
  EXPECT_EQ(packed.value().size(), 3u);
}

TEST(PackingTest, ASequenceAboveTheBudgetIsRefused) {
  EXPECT_EQ(
      PackSequences(std::vector<size_t>{11}, {.ppo_max_token_len_per_gpu = 10}).status().message(),
      "learner.ppo_max_token_len_per_gpu must be at least the longest trajectory, 11 tokens: "
      "10");
}

}  // namespace
}  // namespace winnow::learner

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

TEST(PackingTest, ASequenceAboveTheBudgetIsAlone) {
  const auto packed = PackSequences(std::vector<size_t>{3, 11, 4, 12},
                                    {.ppo_max_token_len_per_gpu = 10, .allow_longer = true})
                          .value();
  ASSERT_EQ(packed.size(), 3u);
  EXPECT_EQ(packed[0].sequences, (std::vector<size_t>{3}));
  EXPECT_EQ(packed[1].sequences, (std::vector<size_t>{1}));
  EXPECT_EQ(packed[2].sequences, (std::vector<size_t>{2, 0}));
}

// Two prompts of 4 and 6 tokens with three samples each, in turn.
const std::vector<SequenceSize> kGroups = {{5, 4, 0}, {9, 6, 1}, {7, 4, 0},
                                           {8, 6, 1}, {6, 4, 0}, {7, 6, 1}};

TEST(PackingTest, APromptIsCountedOncePerMicroBatchAndItsSamplesStayTogether) {
  const auto packed =
      PackGroups(kGroups, {.ppo_max_token_len_per_gpu = 16, .share_prompt = true}).value();
  ASSERT_EQ(packed.size(), 2u);
  EXPECT_EQ(packed[0].sequences, (std::vector<size_t>{1, 3, 5})) << "the longest member leads";
  EXPECT_EQ(packed[0].num_shared, (std::vector<size_t>{0, 6, 6}));
  EXPECT_EQ(packed[0].num_tokens, 6u + 3u + 2u + 1u);
  EXPECT_EQ(packed[1].sequences, (std::vector<size_t>{0, 2, 4}));
  EXPECT_EQ(packed[1].num_tokens, 4u + 1u + 3u + 2u);
}

TEST(PackingTest, GroupsFillAMicroBatchUpToTheBudget) {
  const auto packed =
      PackGroups(kGroups, {.ppo_max_token_len_per_gpu = 22, .share_prompt = true}).value();
  ASSERT_EQ(packed.size(), 1u);
  EXPECT_EQ(packed[0].sequences, (std::vector<size_t>{1, 3, 5, 0, 2, 4}));
  EXPECT_EQ(packed[0].num_shared, (std::vector<size_t>{0, 6, 6, 0, 4, 4}));
  EXPECT_EQ(packed[0].num_tokens, 22u);
}

TEST(PackingTest, AGroupAboveTheBudgetGoesOnInTheNextMicroBatch) {
  const auto packed =
      PackGroups(kGroups, {.ppo_max_token_len_per_gpu = 11, .share_prompt = true}).value();
  ASSERT_EQ(packed.size(), 3u);
  EXPECT_EQ(packed[0].sequences, (std::vector<size_t>{1, 3}));
  EXPECT_EQ(packed[1].sequences, (std::vector<size_t>{5}));
  EXPECT_EQ(packed[1].num_shared, (std::vector<size_t>{0})) << "the prompt is run again";
  EXPECT_EQ(packed[2].num_tokens, 10u);
  const auto two = PackGroups(kGroups, {.ppo_micro_batch_size_per_gpu = 2, .share_prompt = true});
  EXPECT_EQ(two.value().size(), 4u);
}

TEST(PackingTest, WithoutSharingGroupsArePackedByLengthAlone) {
  const auto packed = PackGroups(kGroups, {.ppo_max_token_len_per_gpu = 17}).value();
  EXPECT_EQ(packed[0].sequences, (std::vector<size_t>{1, 3}));
  EXPECT_EQ(packed[0].num_shared, (std::vector<size_t>{0, 0}));
}

}  // namespace
}  // namespace winnow::learner

#include "learner/mini_batches.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

TEST(MiniBatchesTest, GroupsStayWholeAndTheLastUpdateMayBeShort) {
  const std::vector<TrainGroup> groups = MakeGroups(5, 2, 7);
  const TokenBatch batch = FlattenBatch(groups, PolicyVersion(0), false).value();
  const auto updates = SplitIntoMiniBatches(batch, {.ppo_mini_batch_size = 2});
  ASSERT_EQ(updates.size(), 3u);
  EXPECT_EQ(updates[0], (std::vector<size_t>{0, 1, 2, 3}));
  EXPECT_EQ(updates[2], (std::vector<size_t>{8, 9}));
  EXPECT_EQ(SplitIntoMiniBatches(batch, {}).size(), 1u);
}

TEST(MiniBatchesTest, ThePermutationIsKeyedByPromptAndChangesWithTheEpoch) {
  std::vector<TrainGroup> groups = MakeGroups(16, 1, 7);
  const auto order = [&](uint32_t epoch) {
    const TokenBatch batch = FlattenBatch(groups, PolicyVersion(0), false).value();
    const auto updates = SplitIntoMiniBatches(batch, {.shuffle = true, .seed = 1, .epoch = epoch});
    std::vector<uint64_t> prompts;
    for (size_t i : updates[0]) {
      prompts.push_back(batch.sequences[i].identity.prompt.value());
    }
    return prompts;
  };
  const auto first = order(0);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
  EXPECT_NE(first, order(1));
  std::reverse(groups.begin(), groups.end());
  EXPECT_EQ(first, order(0));
}

}  // namespace
}  // namespace winnow::learner

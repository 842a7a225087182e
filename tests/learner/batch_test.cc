#include "learner/batch.h"

#include "gtest/gtest.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

TEST(FlattenBatchTest, OnlySampledTokensOfScoredTrajectoriesCount) {
  std::vector<TrainGroup> groups = MakeGroups(1, 3, 7);
  groups[0].trajectories[1].scored = false;
  groups[0].trajectories[2].truncated = true;
  const TokenBatch batch = FlattenBatch(groups, PolicyVersion(0), /*mask_truncated=*/true).value();
  ASSERT_EQ(batch.sequences.size(), 2u);
  EXPECT_EQ(batch.sequences[1].identity.sample, 2u);
  EXPECT_EQ(batch.sequences[1].identity.first_position, 2u);
  EXPECT_EQ(batch.mask, (std::vector<uint8_t>{1, 1, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(FlattenBatchTest, StalenessCountsVersionsBehindTheLearner) {
  std::vector<TrainGroup> groups = MakeGroups(1, 2, 7);
  groups[0].trajectories[0].version = PolicyVersion(3);
  const TokenBatch batch = FlattenBatch(groups, PolicyVersion(5), false).value();
  EXPECT_EQ(batch.sequences[0].staleness, 2u);
  groups[0].trajectories[0].version = PolicyVersion(6);
  EXPECT_EQ(FlattenBatch(groups, PolicyVersion(5), false).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(FlattenBatchTest, ArraysThatDoNotFitAreNamed) {
  std::vector<TrainGroup> groups = MakeGroups(1, 2, 7);
  groups[0].trajectories[1].stored_logp.pop_back();
  EXPECT_EQ(FlattenBatch(groups, PolicyVersion(0), false).status().message(),
            "training batch: prompt 0000000000000064 sample 1: arrays must have one entry per "
            "response token, 10: 9");
  groups = MakeGroups(1, 1, 7);
  groups[0].trajectories[0].prompt_length = 0;
  EXPECT_FALSE(FlattenBatch(groups, PolicyVersion(0), false).ok());
}

}  // namespace
}  // namespace winnow::learner

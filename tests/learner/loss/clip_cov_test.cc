#include "learner/loss/clip_cov.h"

#include <algorithm>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/learner/loss_batch.h"

namespace winnow::learner {
namespace {

// Sequences of one token each, in `order`; sequence i has covariance and identity of its own.
struct KeyedBatch {
  LossBatch tokens;
  std::vector<SequenceIdentity> identities;
};
KeyedBatch MakeKeyedBatch(const std::vector<uint32_t>& order) {
  KeyedBatch batch;
  for (uint32_t i : order) {
    batch.tokens.Token(i % 2 ? 2.0 : -2.0, 0, 1, i % 2 ? -0.5 : -2.5).EndSequence();
    batch.identities.push_back({.prompt = PromptId(i / 4), .step = 1, .sample = i % 4});
  }
  return batch;
}

TEST(ClipCovTest, TheChoiceDoesNotDependOnTheOrderOfSequences) {
  const PolicyLossOptions options = {.loss_mode = "clip_cov", .clip_cov_ratio = 0.25};
  std::vector<uint32_t> order(40);
  std::iota(order.begin(), order.end(), 0u);
  const KeyedBatch batch = MakeKeyedBatch(order);
  const auto loss = MakeClipCov(options);
  ASSERT_EQ(ClipCovCandidates(batch.tokens.Tokens(), options).size(), 40u);
  const auto selected =
      loss->Select(batch.tokens.Tokens(), {.seed = 1, .update = 0, .sequences = batch.identities});
  EXPECT_EQ(std::count(selected.begin(), selected.end(), 1), 10);
  std::vector<uint32_t> reversed(order.rbegin(), order.rend());
  const KeyedBatch other = MakeKeyedBatch(reversed);
  const auto again =
      loss->Select(other.tokens.Tokens(), {.seed = 1, .update = 0, .sequences = other.identities});
  EXPECT_TRUE(std::equal(selected.begin(), selected.end(), again.rbegin()));
  const auto next =
      loss->Select(batch.tokens.Tokens(), {.seed = 1, .update = 1, .sequences = batch.identities});
  EXPECT_NE(selected, next) << "another update chooses anew";
}

TEST(ClipCovTest, SelectedTokensHaveNeitherLossNorGradient) {
  LossBatch batch;
  batch.Token(1, 0.1).Token(1, 0.1).Token(1, 1).EndSequence();
  batch.selected = {1, 0, 0};
  const TokenLosses out = batch.Evaluate(*MakeClipCov({.loss_mode = "clip_cov"}));
  EXPECT_EQ(out.loss[0], 0.0);
  EXPECT_EQ(out.gradient[0], 0.0);
  EXPECT_EQ(out.flags[0], kSelected);
  EXPECT_NE(out.gradient[1], 0.0);
  EXPECT_EQ(out.flags[2], kClippedHigh);
}

}  // namespace
}  // namespace winnow::learner

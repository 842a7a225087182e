#include "learner/policy_passes.h"

#include "gtest/gtest.h"
#include "tests/learner/bigram_policy.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

TEST(LogProbPassTest, ValuesLandAtTheirTokensWhateverThePacking) {
  ThreadPool pool(1);
  const auto ops = MakeOps<double>(&pool);
  BigramPolicy<double> policy(5, ops.get());
  for (size_t i = 0; i < policy.trainable().size(); ++i) {
    policy.trainable()[i] = 0.1 * static_cast<double>(i % 7);
  }
  const std::vector<TrainGroup> groups = MakeGroups(2, 3, 5);
  std::vector<PassInput> inputs;
  for (const TrainGroup& group : groups) {
    for (const TrainTrajectory& t : group.trajectories) {
      inputs.push_back({.tokens = t.tokens, .prompt_length = t.prompt_length, .mask = t.sampled});
    }
  }
  const auto all = LogProbPass<double>(inputs, {}, 0.7, &policy).value();
  EXPECT_EQ(policy.num_log_prob_passes, 1u);
  const auto alone =
      LogProbPass<double>(inputs, {.ppo_micro_batch_size_per_gpu = 1}, 0.7, &policy).value();
  EXPECT_EQ(policy.num_log_prob_passes, 1u + inputs.size());
  EXPECT_EQ(all, alone);
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t t = 0; t < inputs[i].mask.size(); ++t) {
      const size_t at = inputs[i].prompt_length + t;
      const double want = std::log(policy.Probabilities(
          inputs[i].tokens[at - 1], 0.7)[static_cast<size_t>(inputs[i].tokens[at])]);
      EXPECT_EQ(all[i][t], inputs[i].mask[t] ? want : 0.0);
    }
  }
}

}  // namespace
}  // namespace winnow::learner

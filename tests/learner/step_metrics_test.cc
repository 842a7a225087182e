#include "learner/step_metrics.h"

#include "gtest/gtest.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

TEST(StepMetricsTest, AStepWithoutDataHasEveryNameAndNulls) {
  const MetricMap metrics = StepMetrics().Finish(1e-6, 1.0, std::nullopt);
  for (const char* name : {"update/pg_loss",
                           "update/kl_loss",
                           "update/entropy",
                           "update/loss",
                           "update/grad_norm",
                           "update/clip_factor",
                           "ratio/mean",
                           "ratio/min",
                           "ratio/max",
                           "ratio/std",
                           "ratio/clip_frac",
                           "ratio/clip_frac_high",
                           "ratio/clip_frac_low",
                           "ratio/dual_clip_frac",
                           "ratio/clamp_frac",
                           "kl/old_k1",
                           "kl/old_k3",
                           "kl/ref_k1",
                           "kl/ref_k3",
                           "cov/selected_frac",
                           "cov/mean",
                           "cov/max",
                           "adv/mean",
                           "adv/std",
                           "adv/min",
                           "adv/max",
                           "adv/zero_frac",
                           "adv/positive_frac",
                           "is/mean",
                           "is/max",
                           "is/ess",
                           "is/truncated_frac",
                           "is/rejected_frac",
                           "is/staleness_mean",
                           "is/staleness_max",
                           "len/response_mean",
                           "len/p50",
                           "len/p95",
                           "len/max",
                           "len/truncated_frac",
                           "logp_diff/max",
                           "logp_diff/mean",
                           "rollout/logp_diff_max",
                           "perf/mfu",
                           "perf/pack_fill"}) {
    ASSERT_TRUE(metrics.contains(name)) << name;
    EXPECT_FALSE(metrics.at(name).has_value()) << name;
  }
  EXPECT_EQ(metrics.at("update/num_updates"), 0.0);
  EXPECT_EQ(metrics.at("update/skipped"), 0.0);
  EXPECT_EQ(metrics.at("update/lr"), 1e-6);
  EXPECT_EQ(metrics.at("len/trained_tokens"), 0.0);
}

TEST(StepMetricsTest, LengthsCountAllTrajectoriesAndAdvantagesTrainedTokens) {
  std::vector<TrainGroup> groups = MakeGroups(1, 2, 7);  // responses of 3 and 10 tokens
  groups[0].trajectories[1].truncated = true;
  TokenBatch batch = FlattenBatch(groups, PolicyVersion(0), /*mask_truncated=*/true).value();
  batch.advantage.assign(batch.num_tokens(), 0.0);
  batch.advantage[0] = 2;
  StepMetrics metrics;
  metrics.AddGroups(groups);
  metrics.AddBatch(batch);
  const MetricMap got = metrics.Finish(0, 1, std::nullopt);
  EXPECT_EQ(got.at("len/response_mean"), 6.5);
  EXPECT_EQ(got.at("len/max"), 10.0);
  EXPECT_EQ(got.at("len/truncated_frac"), 0.5);
  EXPECT_EQ(got.at("len/trained_tokens"), 3.0);
  EXPECT_EQ(got.at("adv/zero_frac"), 2.0 / 3);
  EXPECT_EQ(got.at("adv/positive_frac"), 1.0 / 3);
}

TEST(StepMetricsTest, FlopsFollowTheFormula) {
  model::ModelConfig config;
  config.vocab_size = 100;
  config.hidden_size = 8;
  config.intermediate_size = 16;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 2;
  const double layer = 8 * 8 + 2 * 8 * 4 + 8 * 8 + 3 * 8 * 16;  // q, k and v, o, mlp
  EXPECT_EQ(TrainingFlops(config, 0, 3, 2),
            6 * (3 * 2 * layer + 2 * 800) + 12 * 2 * 8 * (1 + 2 + 3));
  EXPECT_EQ(TrainingFlops(config, 1, 3, 2), 6 * (2 * 2 * layer + 2 * 800) + 12 * 2 * 8 * (2 + 3));
}

}  // namespace
}  // namespace winnow::learner

#include "learner/objective.h"

#include <cmath>

#include "gtest/gtest.h"
#include "learner/loss/registry.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

// A mini-batch with ratios between e^-1.5 and e^1.5, holes, and one A per sequence.
MiniBatch MakeMiniBatch() {
  static const std::vector<TrainGroup> groups = MakeGroups(3, 4, 7);
  TokenBatch batch = FlattenBatch(groups, PolicyVersion(0), false).value();
  const size_t tokens = batch.num_tokens();
  for (size_t t = 0; t < tokens; ++t) {
    batch.old_logp.push_back(-1.0 - 0.1 * static_cast<double>(t % 5));
    batch.ref_logp.push_back(batch.old_logp[t] + 0.31 * std::sin(static_cast<double>(t)));
    batch.weight.push_back(0.5 + 0.25 * static_cast<double>(t % 3));
  }
  batch.advantage.assign(tokens, 0.0);
  std::vector<size_t> all;
  for (size_t i = 0; i < batch.sequences.size(); ++i) {
    all.push_back(i);
    for (size_t t = batch.offsets[i]; t < batch.offsets[i + 1]; ++t) {
      batch.advantage[t] = i % 2 ? -1.1 : 0.7;
    }
  }
  MiniBatch mini = GatherMiniBatch(batch, all);
  for (size_t t = 0; t < mini.mask.size(); ++t) {
    mini.logp[t] = mini.old_logp[t] + 1.5 * std::sin(2.3 * static_cast<double>(t));
    mini.entropy[t] = 1 + 0.1 * static_cast<double>(t % 4);
    mini.head_kl[t] = 0.2 + 0.05 * static_cast<double>(t % 3);
  }
  mini.selected.assign(mini.mask.size(), 0);
  for (size_t t = 0; t < mini.mask.size(); t += 9) mini.selected[t] = 1;
  return mini;
}

double LossOf(const ObjectiveOptions& options, const PolicyLoss& loss, const MiniBatch& mini) {
  Objective objective(options, loss, mini);
  for (size_t i = 0; i < mini.members.size(); ++i) {
    EXPECT_FALSE(objective.EvaluateSequence(i).has_value());
  }
  return objective.Totals().loss;
}

// Central differences of L against the gradients handed to the head, for every loss that is not
// defined through a stop-gradient.
TEST(ObjectiveTest, GradientsAgreeWithDifferencesOfTheLoss) {
  constexpr double kStep = 1e-5;
  const MiniBatch mini = MakeMiniBatch();
  for (const char* mode : {"vanilla", "gspo", "clip_cov", "kl_cov"}) {
    const auto loss = MakePolicyLoss({.loss_mode = mode}).value();
    for (LossAggregation aggregation :
         {LossAggregation::kTokenMean, LossAggregation::kSeqMeanTokenSum,
          LossAggregation::kSeqMeanTokenMean, LossAggregation::kSeqMeanTokenSumNorm}) {
      for (KlKind kl : {KlKind::kK2, KlKind::kK3, KlKind::kFull}) {
        MiniBatch batch = mini;
        if (std::string(mode) == "gspo") batch.weight.clear();  // w varies inside a sequence
        const ObjectiveOptions options = {.loss_agg_mode = aggregation,
                                          .loss_scale_factor = 11,
                                          .entropy_coeff = 0.03,
                                          .use_kl_loss = true,
                                          .kl_loss_coef = 0.2,
                                          .kl_loss_type = kl};
        Objective objective(options, *loss, batch);
        for (size_t i = 0; i < batch.members.size(); ++i) objective.EvaluateSequence(i);
        const auto difference = [&](std::vector<double> MiniBatch::*field, size_t t) {
          MiniBatch moved = batch;
          (moved.*field)[t] += kStep;
          const double up = LossOf(options, *loss, moved);
          (moved.*field)[t] -= 2 * kStep;
          return (up - LossOf(options, *loss, moved)) / (2 * kStep);
        };
        for (size_t t = 0; t < batch.mask.size(); t += 3) {
          const TokenGradient& got = objective.gradients()[t];
          EXPECT_NEAR(got.logp, difference(&MiniBatch::logp, t), 1e-8) << mode << " token " << t;
          EXPECT_NEAR(got.entropy, difference(&MiniBatch::entropy, t), 1e-8) << mode;
          EXPECT_NEAR(got.kl, difference(&MiniBatch::head_kl, t), 1e-8) << mode;
        }
      }
    }
  }
}

TEST(ObjectiveTest, WeightsOfOffPolicyDataDoNotTouchTheKlTerm) {
  MiniBatch mini = MakeMiniBatch();
  const auto loss = MakePolicyLoss({}).value();
  const ObjectiveOptions options = {.use_kl_loss = true, .kl_loss_coef = 0.2};
  const double weighted = LossOf(options, *loss, mini);
  const auto parts = [&] {
    Objective objective(options, *loss, mini);
    for (size_t i = 0; i < mini.members.size(); ++i) objective.EvaluateSequence(i);
    return objective.Totals();
  };
  const double kl_before = parts().kl_loss;
  std::fill(mini.weight.begin(), mini.weight.end(), 0.0);
  EXPECT_EQ(parts().kl_loss, kl_before);
  EXPECT_EQ(parts().pg_loss, 0.0);
  EXPECT_NE(parts().loss, weighted);
}

TEST(ObjectiveTest, TheFirstTokenThatIsNotFiniteIsReturned) {
  MiniBatch mini = MakeMiniBatch();
  const auto loss = MakePolicyLoss({}).value();
  mini.advantage[1] = std::nan("");
  Objective objective({}, *loss, mini);
  EXPECT_EQ(objective.EvaluateSequence(0), std::optional<size_t>(1));
  EXPECT_EQ(objective.EvaluateSequence(1), std::nullopt);
}

TEST(ObjectiveTest, SequencesWithoutTrainedTokensAreLeftOut) {
  std::vector<TrainGroup> groups = MakeGroups(1, 3, 7);
  groups[0].trajectories[1].sampled.assign(groups[0].trajectories[1].sampled.size(), 0);
  TokenBatch batch = FlattenBatch(groups, PolicyVersion(0), false).value();
  const MiniBatch mini = GatherMiniBatch(batch, std::vector<size_t>{0, 1, 2});
  EXPECT_EQ(mini.members, (std::vector<size_t>{0, 2}));
  EXPECT_EQ(mini.counts.num_sequences, 2u);
}

}  // namespace
}  // namespace winnow::learner

#include "learner/update.h"

#include <array>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/learner/bigram_policy.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

// T9: a float64 re-implementation of GRPO on a bandit of two arms, written without the library:
// policy z_v = W[context][v] + b[v], one sampled token a response.
class ReferenceBandit {
 public:
  static constexpr double kRate = 0.05, kKlCoef = 0.1, kEntropyCoef = 0.02, kDecay = 0.01;
  struct Sample {
    int context, token;
    double advantage, old_logp;
  };
  std::array<double, 6> parameters{};  // b[2], W[2][2]

  std::array<double, 2> P(int context) const { return Softmax(parameters, context); }

  void Update(const std::vector<Sample>& samples) {
    std::array<double, 6> gradient{};
    for (const Sample& s : samples) {
      const auto p = P(s.context), q = Softmax({}, s.context);
      const double x = std::log(p[static_cast<size_t>(s.token)]);
      const double r = std::exp(x - s.old_logp);
      const double clipped = std::min(std::max(r, 0.8), 1.2);
      double g = -s.advantage * clipped > -s.advantage * r ? 0 : -s.advantage * r;
      if (s.advantage < 0 && r > 3) g = 0;
      g += kKlCoef * (1 - std::exp(std::log(q[static_cast<size_t>(s.token)]) - x));
      const double h = -p[0] * std::log(p[0]) - p[1] * std::log(p[1]);
      for (size_t v = 0; v < 2; ++v) {
        const double hit = static_cast<size_t>(s.token) == v ? 1 : 0;
        const double dz = (g * (hit - p[v]) + kEntropyCoef * p[v] * (std::log(p[v]) + h)) /
                          static_cast<double>(samples.size());
        gradient[v] += dz;
        gradient[2 + 2 * static_cast<size_t>(s.context) + v] += dz;
      }
    }
    double norm = 0;
    for (double g : gradient) norm += g * g;
    const double factor = std::min(1.0, 0.05 / (std::sqrt(norm) + 1e-6));
    ++k_;
    for (size_t i = 0; i < 6; ++i) {
      const double g = gradient[i] * factor;
      if (i >= 2) parameters[i] *= 1 - kRate * kDecay;
      m_[i] = 0.9 * m_[i] + 0.1 * g;
      v_[i] = 0.999 * v_[i] + 0.001 * g * g;
      parameters[i] -= kRate * (m_[i] / (1 - std::pow(0.9, k_))) /
                       (std::sqrt(v_[i] / (1 - std::pow(0.999, k_))) + 1e-8);
    }
  }

 private:
  static std::array<double, 2> Softmax(const std::array<double, 6>& w, int context) {
    const size_t at = 2 + 2 * static_cast<size_t>(context);
    const double a = std::exp(w[at] + w[0]), b = std::exp(w[at + 1] + w[1]);
    return {a / (a + b), b / (a + b)};
  }
  double k_ = 0;
  std::array<double, 6> m_{}, v_{};
};

LearnerOptions BanditOptions() {
  LearnerOptions options;
  options.ppo_epochs = 2;
  options.optim = {.lr = ReferenceBandit::kRate, .clip_grad = 0.05};
  options.objective = {.entropy_coeff = ReferenceBandit::kEntropyCoef,
                       .use_kl_loss = true,
                       .kl_loss_coef = ReferenceBandit::kKlCoef};
  return options;
}

// Two groups of eight one-token responses, drawn from `policy`; arm 1 pays in context 0, arm 0 in
// context 1.
std::vector<TrainGroup> DrawBandit(BigramPolicy<float>* policy, uint32_t step) {
  std::vector<TrainGroup> groups;
  for (int context = 0; context < 2; ++context) {
    TrainGroup group = {.prompt = PromptId(static_cast<uint64_t>(context)), .step = step};
    const auto p = policy->Probabilities(context, 1.0);
    for (uint32_t i = 0; i < 8; ++i) {
      const double u = UnitDouble(
          Draw(StreamHash({.seed = 4, .prompt = group.prompt, .step = step, .sample = i}),
               /*position=*/1, NoisePurpose::kInverseCdf, /*sub=*/0));
      TrainTrajectory trajectory = {.tokens = {context, u < p[0] ? 0 : 1},
                                    .prompt_length = 1,
                                    .sampled = {1},
                                    .behaviour_logp = {0},
                                    .stored_logp = {0},
                                    .scored = true,
                                    .sample_index = i};
      trajectory.reward = static_cast<float>(trajectory.tokens[1] != context);
      group.trajectories.push_back(trajectory);
    }
    groups.push_back(std::move(group));
  }
  StoreLogProbs<float>(policy, 1.0, &groups);
  return groups;
}

std::vector<ReferenceBandit::Sample> ReferenceSamples(const std::vector<TrainGroup>& groups,
                                                      const ReferenceBandit& bandit) {
  std::vector<ReferenceBandit::Sample> samples;
  for (const TrainGroup& group : groups) {
    double mean = 0, squares = 0;
    for (const auto& t : group.trajectories) mean += static_cast<double>(t.reward) / 8;
    for (const auto& t : group.trajectories) {
      squares += std::pow(static_cast<double>(t.reward) - mean, 2);
    }
    const double deviation = std::sqrt(squares / 7);
    for (const auto& t : group.trajectories) {
      const double centred = static_cast<double>(t.reward) - mean;
      samples.push_back({t.tokens[0], t.tokens[1],
                         deviation == 0 ? 0 : centred / (deviation + 1e-6),
                         std::log(bandit.P(t.tokens[0])[static_cast<size_t>(t.tokens[1])])});
    }
  }
  return samples;
}

TEST(LearnerTest, TwentyStepsOfABanditEqualAFloat64Reimplementation) {
  ThreadPool pool(1);
  const auto ops = MakeOps<float>(&pool);
  BigramPolicy<float> policy(2, ops.get()), reference(2, ops.get());
  auto learner = Learner<float>::Create(BanditOptions(), &policy, &reference).value();
  ReferenceBandit bandit;
  double largest_ratio = 1;
  for (uint32_t step = 0; step < 20; ++step) {
    const std::vector<TrainGroup> groups = DrawBandit(&policy, step);
    const auto samples = ReferenceSamples(groups, bandit);
    for (int epoch = 0; epoch < 2; ++epoch) bandit.Update(samples);
    const auto report =
        learner->Step(groups, {.step = step, .seed = 1, .version = PolicyVersion(0)});
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->num_updates, 2u);
    EXPECT_EQ(report->max_logp_mismatch, 0.0);
    largest_ratio = std::max(largest_ratio, *report->metrics.at("ratio/max"));
    for (size_t i = 0; i < 6; ++i) {
      const double want = bandit.parameters[i];
      ASSERT_NEAR(policy.trainable()[i], want, 1e-5 * std::max(std::abs(want), 0.05))
          << "step " << step << " parameter " << i;
    }
  }
  EXPECT_GT(largest_ratio, 1.01) << "the second epoch must be off policy";
  EXPECT_GT(policy.Probabilities(0, 1.0)[1], 0.6) << "nothing was learned";
  EXPECT_GT(policy.Probabilities(1, 1.0)[0], 0.6);
}

class LearnerPassesTest : public testing::Test {
 protected:
  LearnerPassesTest() {
    for (size_t i = 0; i < policy_.trainable().size(); ++i) {
      policy_.trainable()[i] = 0.1f * static_cast<float>(i % 5);
    }
    StoreLogProbs<float>(&policy_, 1.0, &groups_);
    policy_.num_log_prob_passes = 0;
    options_.optim.lr = 1e-2;
  }
  Result<UpdateReport> Step() {
    return Learner<float>::Create(options_, &policy_, &reference_)
        .value()
        ->Step(groups_, {.step = 0, .seed = 1, .version = PolicyVersion(0)});
  }
  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<float>> ops_ = MakeOps<float>(&pool_);
  BigramPolicy<float> policy_{5, ops_.get()}, reference_{5, ops_.get()};
  std::vector<TrainGroup> groups_ = MakeGroups(4, 4, 5);
  LearnerOptions options_;
};

TEST_F(LearnerPassesTest, OneUpdateNeedsNoOldLogProbPassAndHasRatioExactlyOne) {
  const UpdateReport report = Step().value();
  EXPECT_EQ(policy_.num_log_prob_passes, 0u);
  EXPECT_EQ(report.metrics.at("ratio/min"), 1.0);
  EXPECT_EQ(report.metrics.at("ratio/max"), 1.0);
  EXPECT_EQ(report.metrics.at("ratio/clip_frac"), 0.0);
  EXPECT_EQ(report.metrics.at("logp_diff/max"), 0.0);
}

TEST_F(LearnerPassesTest, SeveralUpdatesShareOneOldLogProbPass) {
  options_.ppo_mini_batch_size = 2;
  options_.ppo_epochs = 2;
  const UpdateReport report = Step().value();
  EXPECT_EQ(report.num_updates, 4u);
  EXPECT_EQ(policy_.num_log_prob_passes, 1u);
  EXPECT_NE(report.metrics.at("ratio/max"), 1.0) << "x_old must not follow the weights";
}

TEST_F(LearnerPassesTest, CovarianceLossesKnowTheWholeMiniBatchBeforeItsFirstBackward) {
  options_.policy_loss.loss_mode = "kl_cov";
  options_.policy_loss.kl_cov_ratio = 0.25;
  options_.ppo_epochs = 2;
  const UpdateReport report = Step().value();
  EXPECT_EQ(policy_.num_log_prob_passes, 2u) << "x_old, and x before the second update";
  EXPECT_NEAR(*report.metrics.at("cov/selected_frac"), 0.25, 0.02);
}

TEST_F(LearnerPassesTest, EveryLossEstimatorAndAggregationRuns) {
  for (const char* estimator :
       {"grpo", "rloo", "reinforce_plus_plus_baseline", "reinforce_plus_plus"}) {
    for (const char* mode : {"vanilla", "gspo", "cispo", "clip_cov", "kl_cov"}) {
      options_.adv_estimator = estimator;
      options_.policy_loss.loss_mode = mode;
      options_.objective.loss_agg_mode = LossAggregation::kSeqMeanTokenMean;
      StoreLogProbs<float>(&policy_, 1.0, &groups_);
      EXPECT_EQ(Step().value().num_updates, 1u) << estimator << " " << mode;
    }
  }
}

TEST_F(LearnerPassesTest, KlInTheRewardMovesItsCoefficientAndItsState) {
  options_.use_kl_in_reward = true;
  options_.kl_ctrl = {.adaptive = true, .kl_coef = 0.1, .horizon = 160, .target_kl = 1e-6};
  auto learner = Learner<float>::Create(options_, &policy_, &reference_).value();
  ASSERT_TRUE(learner->Step(groups_, {.step = 0, .version = PolicyVersion(0)}).ok());
  const std::string state = learner->StateJson();
  EXPECT_NE(state.find("\"num_updates\":1"), std::string::npos) << state;
  auto other = Learner<float>::Create(options_, &policy_, &reference_).value();
  ASSERT_TRUE(other->LoadStateJson(state).ok());
  EXPECT_EQ(other->StateJson(), state);
  EXPECT_EQ(state.find("\"kl_coef\":0.1,"), std::string::npos)
      << "16 sequences moved it: " << state;
  EXPECT_EQ(other->LoadStateJson("{}").code(), StatusCode::kDataLoss);
}

TEST_F(LearnerPassesTest, TheHeadComputesTheFullKl) {
  options_.objective.use_kl_loss = true;
  options_.objective.kl_loss_type = KlKind::kFull;
  const UpdateReport report = Step().value();
  EXPECT_GT(*report.metrics.at("update/kl_loss"), 0.0);
  EXPECT_TRUE(report.metrics.at("kl/ref_k3").has_value());
}

TEST_F(LearnerPassesTest, OffPolicyWeightsComeFromTheBehaviourLogProbs) {
  for (TrainGroup& group : groups_) {
    for (TrainTrajectory& trajectory : group.trajectories) {
      for (float& x : trajectory.behaviour_logp) x -= 0.5f;
    }
  }
  options_.rollout_correction.rollout_is = ImportanceLevel::kToken;
  const UpdateReport report = Step().value();
  EXPECT_NEAR(*report.metrics.at("is/mean"), std::exp(0.5), 1e-5);
  EXPECT_EQ(report.metrics.at("is/rejected_frac"), 0.0);
  EXPECT_NEAR(*report.metrics.at("is/kl"), -0.5, 1e-6);
  EXPECT_EQ(report.metrics.at("ratio/max"), 1.0) << "the ratio is against x_old";
  options_.rollout_correction = {.bypass_mode = true};
  options_.stop_on_logp_mismatch = true;
  StoreLogProbs<float>(&policy_, 1.0, &groups_);
  groups_[0].trajectories[0].behaviour_logp[0] -= 0.1f;
  const UpdateReport bypass = Step().value();
  EXPECT_NEAR(*bypass.metrics.at("ratio/max"), std::exp(0.1), 1e-5);
}

TEST_F(LearnerPassesTest, WeightsThatAreAllZeroSkipTheStepAndAreCounted) {
  options_.rollout_correction = {.rollout_is = ImportanceLevel::kToken,
                                 .rollout_is_threshold = 1e9,
                                 .rollout_is_threshold_lower = 1e8};
  const Digest before = policy_.WeightsDigest();
  const UpdateReport report = Step().value();
  EXPECT_EQ(report.num_updates, 0u);
  EXPECT_EQ(report.num_skipped, 1u);
  EXPECT_EQ(policy_.WeightsDigest(), before);
}

TEST_F(LearnerPassesTest, AMiniBatchWithoutTrainedTokensIsSkippedNotStepped) {
  for (TrainTrajectory& trajectory : groups_[1].trajectories) trajectory.truncated = true;
  options_.mask_truncated_completions = true;
  options_.ppo_mini_batch_size = 1;
  const UpdateReport report = Step().value();
  EXPECT_EQ(report.num_updates, 3u);
  EXPECT_EQ(report.num_skipped, 1u);
  EXPECT_EQ(policy_.num_weight_changes, 3u);
}

TEST_F(LearnerPassesTest, OneRateATrainingStepWhateverItsUpdates) {
  options_.ppo_mini_batch_size = 1;
  options_.schedule.lr_warmup_steps = 10;
  EXPECT_DOUBLE_EQ(*Step().value().metrics.at("update/lr"), 1e-3);
}

TEST_F(LearnerPassesTest, AnEmptyBatchChangesNothing) {
  groups_.clear();
  const UpdateReport report = Step().value();
  EXPECT_EQ(report.num_updates, 0u);
  EXPECT_FALSE(report.max_logp_mismatch.has_value());
}

TEST_F(LearnerPassesTest, OptionsThatContradictAreRefused) {
  options_.policy_loss.loss_mode = "gspo";
  EXPECT_EQ(Learner<float>::Create(options_, &policy_, nullptr).status().message(),
            "learner.loss_agg_mode must be seq-mean-token-mean with loss_mode gspo");
  options_ = {};
  options_.objective.use_kl_loss = true;
  EXPECT_EQ(Learner<float>::Create(options_, &policy_, nullptr).status().code(),
            StatusCode::kInvalidArgument);
  options_.use_kl_in_reward = true;
  EXPECT_FALSE(Learner<float>::Create(options_, &policy_, &reference_).ok());
  options_ = {};
  options_.packing.ppo_max_token_len_per_gpu = 4;
  EXPECT_EQ(Step().status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace winnow::learner

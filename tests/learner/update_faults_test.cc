// T10: values that are not finite, and log-probs that differ from the rollout's.
#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "learner/update.h"
#include "tests/learner/bigram_policy.h"
#include "tests/learner/train_groups.h"

namespace winnow::learner {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class LearnerFaultsTest : public testing::Test {
 protected:
  LearnerFaultsTest() {
    StoreLogProbs<float>(&policy_, 1.0, &groups_);
    options_.optim.lr = 1e-2;
    learner_ = Learner<float>::Create(options_, &policy_, nullptr).value();
  }
  Result<UpdateReport> Step(std::span<const TrainGroup> groups) {
    return learner_->Step(groups, {.step = 0, .seed = 1, .version = PolicyVersion(3)});
  }
  Result<UpdateReport> Step() { return Step(groups_); }
  // One skipped update, named in the log, that left weights and moments alone.
  void ExpectSkipped(const std::vector<TrainGroup>& groups, const std::string& name) {
    const Digest before = policy_.WeightsDigest();
    const std::string state = learner_->StateJson();
    testing::internal::CaptureStderr();
    const Result<UpdateReport> report = Step(groups);
    const std::string text = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->num_skipped, 1u);
    EXPECT_EQ(report->num_updates, 0u);
    EXPECT_EQ(report->metrics.at("update/skipped"), 1.0);
    EXPECT_EQ(policy_.WeightsDigest(), before);
    for (float moment : learner_->first_moment()) ASSERT_EQ(moment, 0.0f);
    EXPECT_THAT(text, testing::HasSubstr(name));
  }

  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<float>> ops_ = MakeOps<float>(&pool_);
  BigramPolicy<float> policy_{5, ops_.get()};
  std::vector<TrainGroup> groups_ = MakeGroups(2, 4, 5);
  LearnerOptions options_;
  std::unique_ptr<Learner<float>> learner_;
};

TEST_F(LearnerFaultsTest, ANanAdvantageIsNamedAndSkipped) {
  std::vector<TrainGroup> groups = groups_;
  groups[0].trajectories[1].reward = kNan;
  ExpectSkipped(groups, "A nan");
}

TEST_F(LearnerFaultsTest, ANanLogProbIsNamedBySequenceAndPosition) {
  policy_.corrupt_values = [](model::HeadValues<float>* values) { values->log_prob[1] = kNan; };
  // The longest response comes first in canonical order: group 1, sample 0 … by length.
  ExpectSkipped(groups_, "x nan, x_old nan");
  ExpectSkipped(groups_, "loss is not finite: sequence ");
}

TEST_F(LearnerFaultsTest, ANanEntropyIsSkipped) {
  policy_.corrupt_values = [](model::HeadValues<float>* values) { values->entropy[0] = kNan; };
  ExpectSkipped(groups_, "loss is not finite");
}

TEST_F(LearnerFaultsTest, ANanGradientIsNamedByTensor) {
  policy_.corrupt_gradient = [](std::span<float> gradient) { gradient[7] = kNan; };
  ExpectSkipped(groups_, "gradient of bigram.weight[2] is nan");
}

TEST_F(LearnerFaultsTest, ThreeInARowStopTheRunWithExitCode42) {
  policy_.corrupt_gradient = [](std::span<float> gradient) { gradient[7] = kNan; };
  EXPECT_TRUE(Step().ok());
  EXPECT_TRUE(Step().ok());
  const Status third = Step().status();
  EXPECT_EQ(third.code(), StatusCode::kInternal);
  EXPECT_EQ(ExitCodeFor(third), 42);
}

TEST_F(LearnerFaultsTest, SkippedUpdatesAreRememberedOverAResume) {
  policy_.corrupt_gradient = [](std::span<float> gradient) { gradient[7] = kNan; };
  EXPECT_TRUE(Step().ok());
  EXPECT_TRUE(Step().ok());
  auto resumed = Learner<float>::Create(options_, &policy_, nullptr).value();
  ASSERT_TRUE(resumed->LoadStateJson(learner_->StateJson()).ok());
  learner_ = std::move(resumed);
  EXPECT_FALSE(Step().ok());
}

TEST_F(LearnerFaultsTest, ALogProbThatDiffersFromTheRolloutsStopsTheRun) {
  for (TrainGroup& group : groups_) {
    for (TrainTrajectory& trajectory : group.trajectories) trajectory.version = PolicyVersion(3);
  }
  float& stored = groups_[1].trajectories[2].stored_logp[0];
  stored = std::nextafter(stored, 0.0f);
  const Digest before = policy_.WeightsDigest();
  const Status status = Step().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), testing::HasSubstr("learner.logp_mismatch"));
  EXPECT_EQ(policy_.WeightsDigest(), before);
  options_.ppo_epochs = 2;
  learner_ = Learner<float>::Create(options_, &policy_, nullptr).value();
  EXPECT_EQ(Step().status().code(), StatusCode::kDataLoss) << "checked in the pass for x_old";
  options_.stop_on_logp_mismatch = false;
  learner_ = Learner<float>::Create(options_, &policy_, nullptr).value();
  const UpdateReport report = Step().value();
  EXPECT_GT(*report.max_logp_mismatch, 0.0);
  EXPECT_EQ(report.metrics.at("rollout/logp_diff_max"), report.max_logp_mismatch);
}

TEST_F(LearnerFaultsTest, TokensOfOlderVersionsAreNotCompared) {
  groups_[1].trajectories[2].stored_logp[0] -= 1;  // version 0, the learner is at 3
  const UpdateReport report = Step().value();
  EXPECT_FALSE(report.max_logp_mismatch.has_value());
  EXPECT_EQ(report.metrics.at("is/staleness_max"), 3.0);
}

}  // namespace
}  // namespace winnow::learner

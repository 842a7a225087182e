#include "learner/parameter_update.h"

#include <limits>

#include "gtest/gtest.h"
#include "tests/learner/bigram_policy.h"

namespace winnow::learner {
namespace {

class ParameterUpdaterTest : public testing::Test {
 protected:
  ThreadPool pool_{2};
  std::unique_ptr<device::Ops<float>> ops_ = MakeOps<float>(&pool_);
  BigramPolicy<float> policy_{2, ops_.get()};
};

TEST_F(ParameterUpdaterTest, BiasesAreSparedFromDecayUnlessNothingIsExcluded) {
  std::fill(policy_.trainable().begin(), policy_.trainable().end(), 1.0f);
  auto updater = ParameterUpdater<float>::Create({.lr = 0.1, .weight_decay = 0.5}, {}, &policy_);
  ASSERT_TRUE(updater.ok());
  ASSERT_TRUE((*updater)->Apply(0).ok());
  EXPECT_EQ(policy_.trainable()[0], 1.0f);
  EXPECT_FLOAT_EQ(policy_.trainable()[2], 0.95f);
  auto all = ParameterUpdater<float>::Create(
      {.lr = 0.1, .weight_decay = 0.5, .exclude_bias_from_decay = false}, {}, &policy_);
  ASSERT_TRUE((*all)->Apply(0).ok());
  EXPECT_FLOAT_EQ(policy_.trainable()[0], 0.95f);
}

TEST_F(ParameterUpdaterTest, OneNormClipsAllTensorsTogether) {
  policy_.corrupt_gradient = [](std::span<float> gradient) {
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    gradient[0] = 3;
    gradient[5] = 4;
  };
  auto updater = ParameterUpdater<float>::Create({.clip_grad = 2.5}, {}, &policy_).value();
  const ParameterUpdateReport report = updater->Apply(0).value();
  EXPECT_EQ(report.grad_norm, 5.0);
  EXPECT_NEAR(report.clip_factor, 0.5, 1e-6);
  EXPECT_NEAR(updater->optimizer().first_moment()[0], 0.15, 1e-6);
  EXPECT_EQ(policy_.num_weight_changes, 1u);
}

TEST_F(ParameterUpdaterTest, ANonFiniteGradientSkipsAndTheThirdInARowStops) {
  policy_.corrupt_gradient = [](std::span<float> gradient) {
    gradient[3] = std::numeric_limits<float>::infinity();
  };
  auto updater = ParameterUpdater<float>::Create({}, {}, &policy_).value();
  const Digest before = policy_.WeightsDigest();
  for (int i = 0; i < 2; ++i) {
    const auto report = updater->Apply(i);
    ASSERT_TRUE(report.ok());
    EXPECT_FALSE(report->applied);
  }
  const Status third = updater->Apply(2).status();
  EXPECT_EQ(third.code(), StatusCode::kInternal);
  EXPECT_EQ(ExitCodeFor(third), 42);
  EXPECT_EQ(
      third.message(),
      "3 updates in a row were skipped, the last because gradient of bigram.weight[1] is inf");
  EXPECT_EQ(policy_.WeightsDigest(), before);
  EXPECT_EQ(updater->optimizer().num_updates(), 0u);
  EXPECT_EQ(policy_.num_weight_changes, 0u);
}

TEST_F(ParameterUpdaterTest, AnAppliedUpdateEndsARowOfSkippedOnes) {
  auto updater = ParameterUpdater<float>::Create({}, {}, &policy_).value();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(updater->Skip("test").ok());
  ASSERT_TRUE(updater->Apply(0).ok());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(updater->Skip("test").ok());
  EXPECT_FALSE(updater->Skip("test").ok());
}

}  // namespace
}  // namespace winnow::learner

#include "learner/loss/kl_cov.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/learner/loss_batch.h"

namespace winnow::learner {
namespace {

TEST(KlCovTest, TheLargestCovariancesAreSelectedAndTiesGoByPosition) {
  LossBatch batch;
  for (double a : {1.0, -1.0, 1.0, -1.0}) batch.Token(a, 0, 1, a > 0 ? -1.0 : -2.0);
  batch.EndSequence();
  const PolicyLossOptions options = {.loss_mode = "kl_cov", .kl_cov_ratio = 0.5};
  EXPECT_EQ(MakeKlCov(options)->Select(batch.Tokens(), {}), (std::vector<uint8_t>{1, 1, 0, 0}));
}

TEST(KlCovTest, SelectedTokensPayForTheirDistance) {
  LossBatch batch;
  batch.Token(1, -0.5).Token(1, 0.5).Token(1, 0).Token(1, 3).EndSequence();
  batch.selected = {1, 1, 1, 0};
  const auto loss = MakeKlCov({.loss_mode = "kl_cov", .ppo_kl_coef = 2.0});
  const TokenLosses out = batch.Evaluate(*loss);
  EXPECT_DOUBLE_EQ(out.loss[0], -std::exp(-0.5) + 1.0);
  EXPECT_DOUBLE_EQ(out.gradient[0], -std::exp(-0.5) - 2.0);
  EXPECT_DOUBLE_EQ(out.gradient[1], -std::exp(0.5) + 2.0);
  EXPECT_DOUBLE_EQ(out.gradient[2], -1.0) << "sign(0) is 0";
  EXPECT_DOUBLE_EQ(out.gradient[3], -std::exp(3.0)) << "no clip";
}

}  // namespace
}  // namespace winnow::learner

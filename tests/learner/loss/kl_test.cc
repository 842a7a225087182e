#include "learner/loss/kl.h"

#include <cmath>

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(KlTest, K3KeepsItsDigitsNearZero) {
  const double delta = 1e-7;
  EXPECT_NEAR(EvaluateKl(KlKind::kK3, -1 + delta, -1).value, delta * delta / 2, 1e-17);
}

TEST(KlTest, GradientsAreThoseOfTheValuesButForThePlusKinds) {
  constexpr double kStep = 1e-6;
  for (KlKind kind : {KlKind::kK1, KlKind::kK2, KlKind::kK3, KlKind::kAbs}) {
    for (double delta : {-2.0, -0.1, 0.2, 3.0}) {
      const double numeric =
          (EvaluateKl(kind, delta + kStep, 0).value - EvaluateKl(kind, delta - kStep, 0).value) /
          (2 * kStep);
      EXPECT_NEAR(EvaluateKl(kind, delta, 0).gradient, numeric, 1e-6);
    }
  }
  EXPECT_EQ(EvaluateKl(KlKind::kK1Plus, 0.5, 0).gradient, 0.5);
  EXPECT_EQ(EvaluateKl(KlKind::kK3Plus, 0.5, 0).value, EvaluateKl(KlKind::kK3, 0.5, 0).value);
}

TEST(KlTest, K3HasNoGradientWhereAClampIsActive) {
  EXPECT_EQ(EvaluateKl(KlKind::kK3, -5, 0).value, 10.0);
  EXPECT_EQ(EvaluateKl(KlKind::kK3, -5, 0).gradient, 0.0);
  EXPECT_EQ(EvaluateKl(KlKind::kK3, 25, 0).gradient, 0.0);
  EXPECT_EQ(EvaluateKl(KlKind::kAbs, 1, 1).gradient, 0.0);
}

TEST(KlTest, TheAdaptiveCoefficientMovesByAtMostAFifthOfBOverHorizon) {
  const KlControl control = {.adaptive = true, .horizon = 100, .target_kl = 0.1};
  EXPECT_DOUBLE_EQ(NextKlCoef(control, 1.0, 5.0, 10), 1.02);
  EXPECT_DOUBLE_EQ(NextKlCoef(control, 1.0, 0.0, 10), 0.98);
  EXPECT_DOUBLE_EQ(NextKlCoef(control, 1.0, 0.11, 10), 1.0 + 0.1 * 0.1);
  EXPECT_EQ(NextKlCoef({.adaptive = false}, 1.0, 5.0, 10), 1.0);
}

TEST(KlTest, SequencesWithoutTrainedTokensAreInNoMean) {
  const std::vector<size_t> offsets = {0, 2, 3};
  const std::vector<uint8_t> mask = {1, 1, 0};
  const std::vector<double> scores = {0, 1, 0}, old_logp = {-1, -1, std::nan("")};
  const std::vector<double> ref_logp = {-1.5, -2, std::nan("")};
  const auto got = PenaliseRewards(KlKind::kK1, 0.1, offsets, mask, scores, old_logp, ref_logp);
  EXPECT_DOUBLE_EQ(got.mean_kl, 0.75);
  EXPECT_EQ(got.num_sequences, 1u);
  EXPECT_DOUBLE_EQ(got.token_reward[0], -0.05);
  EXPECT_DOUBLE_EQ(got.token_reward[1], 0.9);
  EXPECT_EQ(got.token_reward[2], 0.0);
}

TEST(KlTest, NamesOfVerlAreAcceptedAndOthersRefused) {
  EXPECT_EQ(ParseKlKind("k", "low_var_kl").value(), KlKind::kK3);
  EXPECT_EQ(ParseKlKind("learner.kl_loss_type", "k4").status().message(),
            "learner.kl_loss_type must be one of k1, k2, k3, abs, k1+, k3+, full: \"k4\"");
}

}  // namespace
}  // namespace winnow::learner

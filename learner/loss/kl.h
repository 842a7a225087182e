#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// Estimators of the divergence from the reference policy (learner.md §4; k1–k3 after J. Schulman,
// "Approximating KL divergence"; k3 is arXiv 2402.03300, eq. 4). δ = x − x_ref.
enum class KlKind {
  kK1,  // δ                          gradient 1: zero in expectation on policy
  kK2,  // δ²/2                       δ
  kK3,  // clamp(e^q − 1 − q, ±10), q = clamp(−δ, ±20)   1 − e^(−δ); 0 where a clamp is active
  kAbs,     // |δ|                        sign δ, 0 at 0
  kK1Plus,  // as k1                      δ
  kK3Plus,  // as k3                      δ
  kFull,    // Σ_v p log(p/q), computed in the head
};

// Reads k1, k2, k3, abs, k1+, k3+, full and verl's kl, mse, low_var_kl (with + too). `key` names
// the config key. Errors: kInvalidArgument naming what is allowed.
Result<KlKind> ParseKlKind(std::string_view key, std::string_view name);

struct KlTerm {
  double value = 0;
  double gradient = 0;  // d value / dx
};
// REQUIRES: kind is not kFull.
KlTerm EvaluateKl(KlKind kind, double logp, double ref_logp);

// algorithm.kl_ctrl: the coefficient β of a KL in the reward.
struct KlControl {
  bool adaptive = false;
  double kl_coef = 0.001;  // β at the start
  double horizon = 10000;
  double target_kl = 0.1;
};
// β after a batch of `num_sequences` whose mean KL is `mean_kl`: fixed, or
// β·(1 + clip(K/target_kl − 1, ±0.2)·B/horizon)  (arXiv 1909.08593, §2.2).
double NextKlCoef(const KlControl& control, double kl_coef, double mean_kl, size_t num_sequences);

// ρ_t = score_t − β·k(x_old − x_ref)·m [tokens], and K: the mean over the B sequences that have a
// token with m = 1 of the means of k over those tokens.
struct KlPenalisedRewards {
  std::vector<double> token_reward;
  double mean_kl = 0;
  size_t num_sequences = 0;  // B
};
KlPenalisedRewards PenaliseRewards(KlKind kind, double kl_coef, std::span<const size_t> offsets,
                                   std::span<const uint8_t> mask, std::span<const double> scores,
                                   std::span<const double> old_logp,
                                   std::span<const double> ref_logp);

}  // namespace winnow::learner

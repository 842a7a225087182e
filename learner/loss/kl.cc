#include "learner/loss/kl.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/format.h"

namespace winnow::learner {
namespace {

constexpr double kInnerClamp = 20.0;
constexpr double kOuterClamp = 10.0;

KlTerm EvaluateK3(double delta) {
  const double q = std::clamp(-delta, -kInnerClamp, kInnerClamp);
  const double value = std::expm1(q) - q;
  const bool clamped = std::abs(delta) > kInnerClamp || value > kOuterClamp;
  return {.value = std::clamp(value, -kOuterClamp, kOuterClamp),
          .gradient = clamped ? 0.0 : -std::expm1(-delta)};
}

}  // namespace

Result<KlKind> ParseKlKind(std::string_view key, std::string_view name) {
  if (name == "k1" || name == "kl") return KlKind::kK1;
  if (name == "k2" || name == "mse") return KlKind::kK2;
  if (name == "k3" || name == "low_var_kl") return KlKind::kK3;
  if (name == "abs") return KlKind::kAbs;
  if (name == "k1+" || name == "kl+") return KlKind::kK1Plus;
  if (name == "k3+" || name == "low_var_kl+") return KlKind::kK3Plus;
  if (name == "full") return KlKind::kFull;
  return InvalidArgument(
      Format("{} must be one of k1, k2, k3, abs, k1+, k3+, full: \"{}\"", key, name));
}

KlTerm EvaluateKl(KlKind kind, double logp, double ref_logp) {
  const double delta = logp - ref_logp;
  switch (kind) {
    case KlKind::kK1:
      return {.value = delta, .gradient = 1.0};
    case KlKind::kK2:
      return {.value = 0.5 * delta * delta, .gradient = delta};
    case KlKind::kK3:
      return EvaluateK3(delta);
    case KlKind::kAbs:
      return {.value = std::abs(delta),
              .gradient = static_cast<double>(delta > 0) - static_cast<double>(delta < 0)};
    case KlKind::kK1Plus:
      return {.value = delta, .gradient = delta};
    case KlKind::kK3Plus:
      return {.value = EvaluateK3(delta).value, .gradient = delta};
    case KlKind::kFull:
      break;
  }
  CheckFailed(__FILE__, __LINE__, "EvaluateKl of a kind that the head computes", "");
}

double NextKlCoef(const KlControl& control, double kl_coef, double mean_kl, size_t num_sequences) {
  if (!control.adaptive) return kl_coef;
  const double error = std::clamp(mean_kl / control.target_kl - 1.0, -0.2, 0.2);
  return kl_coef * (1.0 + error * static_cast<double>(num_sequences) / control.horizon);
}

KlPenalisedRewards PenaliseRewards(KlKind kind, double kl_coef, std::span<const size_t> offsets,
                                   std::span<const uint8_t> mask, std::span<const double> scores,
                                   std::span<const double> old_logp,
                                   std::span<const double> ref_logp) {
  KlPenalisedRewards result;
  result.token_reward.assign(scores.begin(), scores.end());
  double sum_of_means = 0;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    double sum = 0, count = 0;
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      if (!mask[t]) continue;
      const double kl = EvaluateKl(kind, old_logp[t], ref_logp[t]).value;
      result.token_reward[t] -= kl_coef * kl;
      sum += kl;
      count += 1;
    }
    if (count == 0) continue;
    sum_of_means += sum / count;
    ++result.num_sequences;
  }
  if (result.num_sequences > 0) {
    result.mean_kl = sum_of_means / static_cast<double>(result.num_sequences);
  }
  return result;
}

}  // namespace winnow::learner

#include "orchestrator/filter/reference_rule.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace winnow::orchestrator {
namespace {

constexpr double kEasyMean = 0.98;
constexpr double kHardMean = 0.11;

bool Skips(double u, double p, int32_t streak, double floor, Decision* decision) {
  decision->u = u;
  decision->p = p;
  decision->skip_probability = 1 - std::max(std::pow(p, streak), floor);
  return u < decision->skip_probability;
}

}  // namespace

float ReferenceMean(std::span<const float> rewards) {
  WINNOW_CHECK(!rewards.empty());
  float sum = 0;
  for (const float reward : rewards) sum += reward;
  return sum / static_cast<float>(rewards.size());
}

double ReferenceShare(uint64_t count, uint64_t total) {
  return static_cast<double>(static_cast<float>(count) / static_cast<float>(total));
}

int32_t NextReferenceStreak(int32_t z, float mean) {
  const double m = static_cast<double>(mean);
  if (m >= kEasyMean) return store::NextStreak(z, store::OutcomeClass::kEasy);
  if (m <= kHardMean) return store::NextStreak(z, store::OutcomeClass::kHard);
  return 0;
}

Result<Decision> DecideReference(const Offer& offer, std::optional<int32_t> z, const Exploration& p,
                                 double floor, UniformStream* stream) {
  Decision decision;
  decision.offer = offer;
  if (!z.has_value()) {
    decision.reason = store::FilterReason::kUnseen;
    return decision;
  }
  decision.z = *z;
  decision.reason = *z == 0 ? store::FilterReason::kEffective : store::FilterReason::kExplore;
  WINNOW_ASSIGN_OR_RETURN(const double u_easy, stream->Next());
  if (Skips(u_easy, p.p_easy, std::max(*z, 0), floor, &decision)) {
    decision.keep = false;
    decision.reason = store::FilterReason::kEasy;
    return decision;
  }
  if (*z >= 0) return decision;
  WINNOW_ASSIGN_OR_RETURN(const double u_hard, stream->Next());
  if (Skips(u_hard, p.p_hard, -*z, floor, &decision)) {
    decision.keep = false;
    decision.reason = store::FilterReason::kHard;
  }
  return decision;
}

Result<int64_t> ReferenceEstimate(int64_t batch, int64_t buffered, int64_t n,
                                  double zero_variance_share) {
  if (zero_variance_share == 1) {
    return FailedPrecondition(
        "reference mode: every group of the rollout is zero-variance, where the published code "
        "divides by zero; set filter.mode: winnow");
  }
  const double missing = static_cast<double>(batch * n - buffered * n);
  return static_cast<int64_t>(
      std::trunc(missing / (1 - zero_variance_share) / static_cast<double>(n) * 1.25));
}

}  // namespace winnow::orchestrator

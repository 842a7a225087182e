#include "orchestrator/filter/mopps.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "base/philox.h"

namespace winnow::orchestrator {
namespace {

constexpr uint32_t kFirstDraw = 2;  // d = 0 decides, d = 1 picks shadow prompts

}  // namespace

double KeyedUniforms::Next() { return FilterUniform(seed_, offer_.prompt, offer_.epoch, next_++); }

double DrawGamma(double shape, KeyedUniforms* uniforms) {
  WINNOW_CHECK_GE(shape, 1.0);
  const double d = shape - 1.0 / 3.0;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    // 1 - u lies in (0, 1], so the logarithms are finite.
    const double radius = std::sqrt(-2 * std::log(1 - uniforms->Next()));
    const double x = radius * std::cos(2 * std::numbers::pi * uniforms->Next());
    const double log_u = std::log(1 - uniforms->Next());
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (log_u < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

double DrawBeta(double a, double b, KeyedUniforms* uniforms) {
  const double x = DrawGamma(a, uniforms);
  const double y = DrawGamma(b, uniforms);
  return x / (x + y);
}

size_t Mopps::CandidatesFor(size_t want) const {
  return want * settings().options.mopps.candidate_factor;
}

Decision Mopps::Decide(const Offer& offer, const store::PromptAggregate* aggregate) const {
  const FilterOptions::Mopps& options = settings().options.mopps;
  KeyedUniforms uniforms(settings().job.seed, offer, kFirstDraw);
  const double a = aggregate == nullptr ? options.prior_alpha : aggregate->mopps_a;
  const double b = aggregate == nullptr ? options.prior_beta : aggregate->mopps_b;
  const bool unseen = aggregate == nullptr || aggregate->unseen();
  Decision decision;
  decision.offer = offer;
  decision.z = aggregate == nullptr ? 0 : aggregate->streak;
  decision.reason = unseen            ? store::FilterReason::kUnseen
                    : decision.z == 0 ? store::FilterReason::kEffective
                                      : store::FilterReason::kExplore;
  decision.p = options.target;
  decision.u = DrawBeta(a, b, &uniforms);
  return decision;
}

std::vector<Decision> Mopps::Select(std::span<const Offer> offers, size_t want) const {
  std::vector<Decision> decisions;
  std::vector<std::pair<double, size_t>> ranking;  // (theta - target)^2, place in `offers`
  for (const Offer& offer : offers) {
    const auto found = state().Find(offer.prompt);
    const store::PromptAggregate* aggregate = found.has_value() ? &*found : nullptr;
    if (const auto quarantine = DecideQuarantine(offer, aggregate)) {
      decisions.push_back(*quarantine);
      continue;
    }
    decisions.push_back(Decide(offer, aggregate));
    const double distance = decisions.back().u - decisions.back().p;
    ranking.emplace_back(distance * distance, decisions.size() - 1);
  }
  std::sort(ranking.begin(), ranking.end());
  for (size_t rank = want; rank < ranking.size(); ++rank) {
    Decision& decision = decisions[ranking[rank].second];
    decision.keep = false;
    decision.reason = store::FilterReason::kRankedOut;
  }
  return decisions;
}

bool Mopps::Trainable(const store::Outcome& outcome) const {
  return !outcome.shadow && HasEnoughScored(outcome);
}

}  // namespace winnow::orchestrator

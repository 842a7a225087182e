#include "orchestrator/filter/greso.h"

#include <algorithm>
#include <cstdlib>

namespace winnow::orchestrator {

double SkipProbability(int32_t z, double p, double floor) {
  if (z == 0) return 0;
  double q = 1;
  for (int64_t left = std::abs(static_cast<int64_t>(z)); left > 0 && q > floor; --left) {
    const double next = q * p;
    if (next == q) break;  // p = 1: all further products are the same
    q = next;
  }
  return 1 - std::max(q, floor);
}

double AdaptExploration(double p, double share, double alpha, const FilterOptions& options) {
  return share >= alpha ? std::max(p - options.step, options.p_min)
                        : std::min(p + options.step, options.p_max);
}

Greso::Greso(const FilterSettings& settings, PromptState* state)
    : StreamingFilter(settings, state),
      exploration_{settings.options.p_easy, settings.options.p_hard} {}

Decision Greso::Decide(const Offer& offer, const store::PromptAggregate* aggregate) const {
  Decision decision;
  decision.offer = offer;
  if (aggregate == nullptr || aggregate->unseen()) {
    decision.reason = store::FilterReason::kUnseen;
    return decision;
  }
  decision.z = aggregate->streak;
  if (decision.z == 0) {
    decision.reason = store::FilterReason::kEffective;
    return decision;
  }
  decision.p = decision.z > 0 ? exploration_.p_easy : exploration_.p_hard;
  decision.skip_probability = SkipProbability(decision.z, decision.p, settings().options.floor);
  decision.u = Uniform(offer, /*d=*/0);
  decision.keep = !(decision.u < decision.skip_probability);
  decision.reason = decision.keep    ? store::FilterReason::kExplore
                    : decision.z > 0 ? store::FilterReason::kEasy
                                     : store::FilterReason::kHard;
  return decision;
}

void Greso::OnStep(const StepTally& tally) {
  const uint64_t known = tally.effective + tally.easy + tally.hard;
  if (known == 0 || tally.last_epoch < 1) return;
  const FilterOptions& options = settings().options;
  const double tau = options.target_zero_variance;
  const double c = static_cast<double>(known);
  exploration_.p_easy =
      AdaptExploration(exploration_.p_easy, static_cast<double>(tally.easy) / c, tau / 3, options);
  exploration_.p_hard = AdaptExploration(exploration_.p_hard, static_cast<double>(tally.hard) / c,
                                         tau * 2 / 3, options);
}

std::string Greso::Save() const {
  return SaveScalars({{"p_easy", exploration_.p_easy},
                      {"p_hard", exploration_.p_hard},
                      {"configured_p_easy", settings().options.p_easy},
                      {"configured_p_hard", settings().options.p_hard}});
}

Status Greso::Load(std::string_view saved) {
  static constexpr std::string_view kNames[] = {"p_easy", "p_hard", "configured_p_easy",
                                                "configured_p_hard"};
  WINNOW_ASSIGN_OR_RETURN(const MetricList scalars, LoadScalars(saved, kNames));
  const FilterOptions& options = settings().options;
  const auto restored = [&](int adapted, int configured, double now) {
    const double p = *scalars[configured].value == now ? *scalars[adapted].value : now;
    return std::clamp(p, options.p_min, options.p_max);
  };
  exploration_ = {restored(0, 2, options.p_easy), restored(1, 3, options.p_hard)};
  return OkStatus();
}

void Greso::AppendMetrics(MetricList* list) const {
  list->push_back({"filter/p_easy", exploration_.p_easy});
  list->push_back({"filter/p_hard", exploration_.p_hard});
}

}  // namespace winnow::orchestrator

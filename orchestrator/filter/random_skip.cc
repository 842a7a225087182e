#include "orchestrator/filter/random_skip.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/format.h"

namespace winnow::orchestrator {

Result<SkipRates> ReadSkipRates(const std::string& path) {
  SkipRates rates;
  WINNOW_RETURN_IF_ERROR(ForEachLine(path, [&](std::string_view line, size_t number) -> Status {
    if (line.empty()) return OkStatus();
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_unsigned()) {
      return InvalidArgument(
          Format("{}:{}: must be an object with a step: {}", path, number, line.substr(0, 40)));
    }
    const auto rate = json.find("filter/skip_rate");
    if (rate == json.end() || rate->is_null()) return OkStatus();
    if (!rate->is_number() || *rate < 0.0 || *rate > 1.0) {
      return InvalidArgument(
          Format("{}:{}: filter/skip_rate must lie in [0, 1]: {}", path, number, rate->dump()));
    }
    rates[json["step"].get<uint64_t>()] = rate->get<double>();
    return OkStatus();
  }));
  if (rates.empty()) {
    return InvalidArgument(
        Format("{}: must hold filter/skip_rate of at least one step: none", path));
  }
  return rates;
}

RandomSkip::RandomSkip(const FilterSettings& settings, SkipRates rates, PromptState* state)
    : StreamingFilter(settings, state), rates_(std::move(rates)), step_(settings.job.first_step) {}

double RandomSkip::rate() const {
  const double fixed = settings().options.skip_rate.value_or(0);
  if (rates_.empty()) return fixed;
  const auto after = rates_.upper_bound(step_);
  return after == rates_.begin() ? 0 : std::prev(after)->second;
}

Decision RandomSkip::Decide(const Offer& offer, const store::PromptAggregate* aggregate) const {
  Decision decision;
  decision.offer = offer;
  decision.z = aggregate == nullptr ? 0 : aggregate->streak;
  decision.skip_probability = rate();
  decision.u = Uniform(offer, /*d=*/0);
  decision.keep = !(decision.u < decision.skip_probability);
  decision.reason = decision.keep ? store::FilterReason::kNoFilter : store::FilterReason::kRandom;
  return decision;
}

void RandomSkip::OnStep(const StepTally& tally) { step_ = tally.step + 1; }

std::string RandomSkip::Save() const { return SaveScalars({{"step", static_cast<double>(step_)}}); }

Status RandomSkip::Load(std::string_view saved) {
  static constexpr std::string_view kNames[] = {"step"};
  WINNOW_ASSIGN_OR_RETURN(const MetricList scalars, LoadScalars(saved, kNames));
  step_ = static_cast<uint64_t>(*scalars[0].value);
  return OkStatus();
}

}  // namespace winnow::orchestrator

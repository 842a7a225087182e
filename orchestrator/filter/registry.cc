#include "orchestrator/filter/registry.h"

#include <utility>

#include "base/check.h"
#include "orchestrator/filter/band.h"
#include "orchestrator/filter/dynamic_sampling.h"
#include "orchestrator/filter/greso.h"
#include "orchestrator/filter/keep_all.h"
#include "orchestrator/filter/mopps.h"
#include "orchestrator/filter/random_skip.h"
#include "orchestrator/filter/reference_mode.h"
#include "orchestrator/filter/wave_builder.h"

namespace winnow::orchestrator {
namespace {

using FilterPointer = std::unique_ptr<PromptFilter>;

Result<FilterPointer> MakeRandomSkip(const FilterSettings& settings, PromptState* state) {
  SkipRates rates;
  if (!settings.options.skip_rate_from.empty()) {
    Result<SkipRates> read = ReadSkipRates(settings.options.skip_rate_from);
    if (!read.ok()) return read.status().WithPrefix("filter.skip_rate_from");
    rates = std::move(read).value();
  }
  return FilterPointer(std::make_unique<RandomSkip>(settings, std::move(rates), state));
}

}  // namespace

Result<FilterPointer> MakeFilter(const FilterSettings& settings, PromptState* state) {
  switch (settings.options.type) {
    case FilterType::kNone:
      return FilterPointer(std::make_unique<KeepAll>(settings, state));
    case FilterType::kDynamicSampling:
      return FilterPointer(std::make_unique<DynamicSampling>(settings, state));
    case FilterType::kGreso:
      return FilterPointer(std::make_unique<Greso>(settings, state));
    case FilterType::kRandomSkip:
      return MakeRandomSkip(settings, state);
    case FilterType::kMopps:
      return FilterPointer(std::make_unique<Mopps>(settings, state));
    case FilterType::kBand:
      return FilterPointer(std::make_unique<Band>(settings, state));
  }
  return Internal("filter type without a variant");
}

Result<std::unique_ptr<RolloutPlanner>> MakePlanner(const FilterSettings& settings,
                                                    PromptState* state, const OfferSource* source) {
  if (settings.options.mode == FilterMode::kReference) {
    return std::unique_ptr<RolloutPlanner>(std::make_unique<ReferenceMode>(
        settings, ReferenceOptionsOf(settings.options),
        std::make_unique<Mt19937Stream>(settings.job.seed), state, source));
  }
  WINNOW_ASSIGN_OR_RETURN(FilterPointer filter, MakeFilter(settings, state));
  return std::unique_ptr<RolloutPlanner>(
      std::make_unique<WaveBuilder>(settings, std::move(filter), state, source));
}

}  // namespace winnow::orchestrator

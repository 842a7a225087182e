#include "orchestrator/filter/registry.h"

#include <utility>

#include "base/check.h"
#include "orchestrator/filter/band.h"
#include "orchestrator/filter/dynamic_sampling.h"
#include "orchestrator/filter/greso.h"
#include "orchestrator/filter/keep_all.h"
#include "orchestrator/filter/mopps.h"
#include "orchestrator/filter/random_skip.h"

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

}  // namespace winnow::orchestrator

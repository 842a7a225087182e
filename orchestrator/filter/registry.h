#pragma once

#include <memory>

#include "base/status.h"
#include "orchestrator/filter/interface.h"
#include "orchestrator/filter/offer_source.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/filter/planner.h"

namespace winnow::orchestrator {

// Makes the filter of settings.options.type for winnow mode. `state` outlives it.
// Errors: those of reading filter.skip_rate_from.
Result<std::unique_ptr<PromptFilter>> MakeFilter(const FilterSettings& settings,
                                                 PromptState* state);

// Makes the planner of settings.options.mode: a WaveBuilder around MakeFilter's filter, or a
// ReferenceMode that draws from run.seed. State and source outlive it.
Result<std::unique_ptr<RolloutPlanner>> MakePlanner(const FilterSettings& settings,
                                                    PromptState* state, const OfferSource* source);

}  // namespace winnow::orchestrator

#pragma once

#include <memory>

#include "base/status.h"
#include "orchestrator/filter/interface.h"
#include "orchestrator/filter/options.h"

namespace winnow::orchestrator {

// Makes the filter of settings.options.type for winnow mode. `state` outlives it.
// Errors: those of reading filter.skip_rate_from.
Result<std::unique_ptr<PromptFilter>> MakeFilter(const FilterSettings& settings,
                                                 PromptState* state);

}  // namespace winnow::orchestrator

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "orchestrator/filter/interface.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/filter/planner.h"
#include "orchestrator/filter/step_counters.h"

namespace winnow::orchestrator {

// The part of a planner's saved state that both modes share: format, settings and counters. It is
// one JSON object; a planner adds its own fields.
nlohmann::ordered_json SavePlannerHeader(const FilterSettings& settings,
                                         const StepCounters& counters);

// Parses a saved planner and compares it with the present settings.
// Errors: kDataLoss if damaged; kFailedPrecondition "KEY must be that of the run, SAVED: NOW" for
// mode, type, seed, n and the data's size, and, unless filter.reset_history, for metric, tolerance
// and midpoint. Every other change is a line in `notes`.
Result<nlohmann::json> LoadPlannerHeader(std::string_view saved, const FilterSettings& settings,
                                         StepCounters* counters, std::vector<std::string>* notes);

// A decision as history keeps it. REQUIRES: the offer was skipped.
store::Skip SkipOf(const Decision& decision, uint64_t step);

// Splits decisions into filter events, one per run of equal epochs.
void AppendFilterEvents(std::span<const Decision> decisions, uint64_t step,
                        std::vector<PlannerEvent>* events);

}  // namespace winnow::orchestrator

#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "orchestrator/filter/options.h"

namespace winnow::orchestrator {

struct ReplayOptions {
  FilterMode mode = FilterMode::kReference;
  // Winnow mode only. gen_batch_max, if not given, is the trace's sampling_batch_size; T, n and the
  // largest number of steps are always the trace's; rewards lie in [0, 1].
  FilterOptions filter;
  uint64_t seed = 1;        // winnow mode only: run.seed
  uint32_t min_scored = 2;  // winnow mode only
};

// Runs a planner on a trace of golden/greso's format and gives its events in that format: one JSON
// array. Winnow mode runs greso.md §2 on the trace's rewards, with the same events; further
// decisions are 3 random, 4 ranked out, 5 quarantined, `draws` counts the keyed draws, ratios are
// shares of the groups of known class.
// Errors: those of ParseTrace; kInvalidArgument for options against §5; those of the planner.
Result<std::string> ReplayTrace(std::string_view trace_json_text, const ReplayOptions& options);

}  // namespace winnow::orchestrator

#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "cli/config/config.h"

namespace winnow::cli {

// What a run folder's config.resolved.yaml says when a job comes to it again.

// The run's creation time; 0 if there is no such file.
int64_t CreationTimeOfRun(const std::string& resolved_path);

// The job to go on with. A key that differs from the run's is noted if it cannot change results
// (lengths of the run, saving, logging, threads, memory); others need `accept_changed`, else
// kFailedPrecondition naming them with both values. No file at `resolved_path`: `config` as it is.
Result<Config> ReconcileWithRun(const Config& config, const std::string& resolved_path,
                                bool accept_changed);

}  // namespace winnow::cli

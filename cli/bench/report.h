#pragma once

#include "cli/json_lines.h"
#include "cli/model_session.h"

namespace winnow::cli {

// Kernels, arithmetic and threads of a session: the head of a benchmark's report.
Json MachineReport(const ModelSession& session);

// One JSON object a line, or a line per entry for a reader.
void PrintReport(const Json& report, bool as_json);

}  // namespace winnow::cli

#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/config/config.h"

namespace winnow::cli {

// Reads and checks a job file for a command. Notices go to stderr; mistakes become one
// kInvalidArgument status with a line each.
Result<Config> ReadJob(const std::string& path, const std::vector<std::string>& sets,
                       Purpose purpose);

}  // namespace winnow::cli

#pragma once

#include <string>
#include <string_view>

#include "cli/config/config.h"

namespace winnow::cli {

struct ShowOptions {
  bool origin = false;   // Add where each value comes from.
  bool changed = false;  // Only what differs from the default.
  bool json = false;     // One JSON object; with `origin`, {"value", "origin"} per key.
};

// `winnow config show`: with no option the resolved file itself, else a line `key: value` per key.
std::string ShowConfig(const Config& config, const ShowOptions& options);

// `winnow config keys [PATTERN]`: name, type, default, allowed values, meaning and aliases of the
// keys whose name holds PATTERN ("" = all); a pattern with `*` must match the whole name.
// "" if none does.
std::string DescribeKeys(std::string_view pattern);

// `winnow config diff A B`: a line `key: value in A -> value in B` per difference, "" if none.
std::string DiffConfigs(const Config& a, const Config& b);

// What follows from the file, printed before step 1: three lines on a step, a wave and the run.
std::string JobSummary(const Config& config);

// The file meant by an argument of show and diff: a run folder stands for its config.resolved.yaml.
std::string ConfigFileOf(const std::string& path);

}  // namespace winnow::cli

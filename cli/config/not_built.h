#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config/layer.h"

namespace winnow::cli {

class Config;

// The default of `key` while its feature is off, "" if the declared default holds.
std::string DefaultUntilBuilt(std::string_view key);

// One mistake `ORIGIN: KEY: VALUE is not built yet` per value whose feature does not exist yet.
std::vector<Mistake> CheckBuilt(const Config& config);

}  // namespace winnow::cli

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/config/config.h"
#include "cli/config/layer.h"

namespace winnow::cli {

// Checks over several keys, config.md §2; each function names the numbers of its checks there.
// A mistake's text is complete: `ORIGIN: KEY RULE: FOUND`.
struct Findings {
  std::vector<Mistake> mistakes;
  std::vector<Mistake> warnings;
};

// All checks that need the file alone: 1, 2, 4 to 16, 18, 19 and the required keys of `purpose`.
Findings CheckConfig(const Config& config, Purpose purpose);
// Check 18: rules of greso.md §5.
void CheckFilter(const Config& config, Findings* findings);

// Checks that need what only the caller knows; "" if all is well.
// 3: prompt and response fit the model's positions.
std::string CheckPositions(const Config& config, int64_t model_positions);
// 17, a warning: bf16 is computed by slower code here, with the same bits.
std::string CheckNativeBf16(const Config& config, bool is_native);
// Part of 18: once reward.min and reward.max are known, midpoint, tolerance and band against them.
// At load they are checked only if the file gives the range.
std::vector<std::string> CheckRewardRange(const Config& config);
// Part of 18: the metric is `reward` or a part that the job's verifiers emit.
std::string CheckMetric(const Config& config, const std::vector<std::string>& parts);
// 20: the memory plan; `parts` in GiB, in the order to be named. "" if needed <= available.
std::string CheckMemory(double needed_gib, double available_gib,
                        const std::vector<std::pair<std::string, double>>& parts);

// Files that the config names, in its order: those that cannot be read.
std::vector<Mistake> CheckFiles(const Config& config, Purpose purpose);

// A mistake at the place of `key`: where it was given, else the line of its section.
Mistake MistakeAt(const Config& config, std::string_view key, const std::string& text);
// "(job.yaml:31)", "(default)": where another key in a message comes from.
std::string Place(const Config& config, std::string_view key);

}  // namespace winnow::cli

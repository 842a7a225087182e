#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace winnow::orchestrator {

struct GeneratorOptions {
  std::string task;
  std::string difficulty;  // see MakeProblemFamily; "" takes the defaults
  uint64_t count = 0;      // lines
  uint64_t seed = 1;
  // Distinct problems of the same sequence that are left out first: rows [offset, offset + count).
  // Two files of equal task, difficulty and seed with disjoint ranges share no prompt.
  uint64_t offset = 0;
};

// Calls `line` with `count` JSON objects, one a problem, without '\n':
//   {"id","prompt","answer","difficulty":{…},"task","metadata":{…}}
// Prompts are distinct. Equal options give equal lines. The first error of `line` ends it.
// Errors: kInvalidArgument, also if there are fewer than offset + count distinct problems.
Status GenerateProblems(const GeneratorOptions& options,
                        const std::function<Status(std::string_view json_line)>& line);

}  // namespace winnow::orchestrator

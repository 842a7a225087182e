#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "orchestrator/problems/difficulty.h"
#include "orchestrator/problems/interface.h"

namespace winnow::orchestrator {

// The keys of --difficulty (defaults in brackets; a range is drawn from for each problem):
//   chain_sum  terms 2-16 [2-4], digits of an operand 1-9 [1-2], ops some of +-* [+-],
//              negative yes | no: may the answer be below 0 [yes],
//              style long | plain | short: a sentence, `37 + 85 =`, `37+85=` [long]
//   countdown  numbers 2-8 [3-4], max_value 2-1000 [20], min_target, max_target [10, 99],
//              style long | short: a sentence, `20,12,19->27:` [long]
//   gsm_graph  op: operations to the answer 1-30 [2-4], noise: irrelevant facts 0-30 [0-2],
//              max_value of every quantity 10-1000000 [1000]
// Errors: kInvalidArgument `--task must be one of …: "…"`, or what DifficultyReader says.
Result<std::unique_ptr<ProblemFamily>> MakeProblemFamily(const std::string& task,
                                                         const std::string& difficulty);
std::vector<std::string> ProblemFamilyNames();

// One function a family; each is defined in the file of that name.
std::unique_ptr<ProblemFamily> MakeChainSum(DifficultyReader& difficulty);
std::unique_ptr<ProblemFamily> MakeCountdown(DifficultyReader& difficulty);
std::unique_ptr<ProblemFamily> MakeGsmGraph(DifficultyReader& difficulty);

}  // namespace winnow::orchestrator

#pragma once

#include <string>
#include <vector>

#include "cli/config/config.h"

namespace winnow::cli {

// One verifier of a job: its name among the parts of `compose`, and which built-in it is.
struct VerifierPart {
  std::string name;
  std::string kind;
};

// The parts of `compose`, or the one verifier itself; empty without reward.verifier.
std::vector<VerifierPart> PartsOf(const Config& config);

}  // namespace winnow::cli

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"
#include "reward/verdict.h"

namespace winnow::cli {

// Which verifier a command line names, and its options.
struct VerifySource {
  std::string verifier;              // name of a built-in
  std::vector<std::string> options;  // KEY=VALUE, as below `reward:` in a job file
};

// A verifier with the range that `--option min=…` and `max=…` give, else its own.
struct ChosenVerifier {
  std::unique_ptr<reward::Verifier> verifier;
  reward::RewardRange range;
};
// Errors: kInvalidArgument naming the option.
Result<ChosenVerifier> OpenSource(const VerifySource& source);

}  // namespace winnow::cli

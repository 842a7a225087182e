#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"
#include "reward/verdict.h"

namespace winnow::cli {

// Which verifier a command line names, and its options. One of the first four is given.
struct VerifySource {
  std::string verifier;              // name of a built-in
  std::string function;              // FILE.py:NAME, or FILE.py:NAME,NAME of style trl
  std::string command;               // a program that speaks frames, with its arguments
  std::string style;                 // of the function; "" = auto
  std::vector<std::string> options;  // KEY=VALUE, as below `reward:` in a job file
  bool debug = false;                // one worker, no deadline, terminal attached
};

// A verifier with the range that `--option min=…` and `max=…` give, else its own.
struct ChosenVerifier {
  std::unique_ptr<reward::Verifier> verifier;
  reward::RewardRange range;
};
// Errors: kInvalidArgument naming the option, or file and line of the user's code.
Result<ChosenVerifier> OpenSource(const VerifySource& source);

}  // namespace winnow::cli

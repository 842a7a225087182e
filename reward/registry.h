#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"
#include "reward/options.h"

namespace winnow::reward {

// Makes the verifier `name` with `options`, keys as below `reward:` in a job file. `code` is
// kFailedPrecondition where no sandbox can be had. A mistake is kInvalidArgument with one line:
//   reward.verifier must be one of A, B, …: "numreic"; did you mean numeric?
//   reward.KEY is not an option of verifier NAME
//   reward.KEY must be RULE: "FOUND"
// Threads: any.
Result<std::unique_ptr<Verifier>> MakeVerifier(const std::string& name,
                                               const VerifierOptions& options);

// What `overlong_buffer.enable` makes of a verifier: `compose` of it and of `overlong`, both with
// weight 1 (a `compose` gets `overlong` as one more part).
struct VerifierChoice {
  std::string name;
  VerifierOptions options;
};
VerifierChoice WithOverlong(const VerifierChoice& choice, uint32_t max_response_length,
                            uint32_t buffer_length, double penalty_factor);

// All names MakeVerifier knows, sorted.
std::vector<std::string> VerifierNames();

// One option of a verifier, for `config keys` and for the checks of a job file.
struct OptionInfo {
  std::string name;  // "*." stands for every key with a dot (compose: NAME.OPTION)
  std::string default_text;
  std::string help;
};
// Empty for an unknown verifier.
std::vector<OptionInfo> OptionsOf(const std::string& verifier);
// One line about a verifier, "" if unknown.
std::string SummaryOf(const std::string& verifier);

}  // namespace winnow::reward

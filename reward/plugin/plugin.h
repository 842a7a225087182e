#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "reward/interface.h"

namespace winnow::reward {

// What all plug-ins share; keys of `reward:` in a job file.
struct PluginSettings {
  double timeout_s = 10;
  uint32_t retries = 2;
  size_t num_workers = 0;  // 0: half the cores
  uint64_t memory_mb = 2048;
  std::string python = "python3";
  bool lines = false;    // of a command: JSON lines on stdin and stdout instead of frames
  bool debug = false;    // one worker, no deadline, terminal attached
  std::string log_path;  // for what workers print; "" = the log
};

// A Python function, or several of style trl.
struct FunctionChoice {
  std::string path;                // of the file; "" with style reasoning_gym: the package's own
  std::vector<std::string> names;  // in the file
  std::string style = "auto";      // auto, winnow, verl, trl or reasoning_gym
  std::string kwargs_json = "{}";  // arguments for every call
  std::vector<double> weights;     // of several functions; empty: 1 each
};

// Each starts a first worker, so that a mistake in the user's file is found at once.
// Errors: kInvalidArgument FILE:LINE: what is wrong in the user's file; kNotFound for a missing
// one; kFailedPrecondition with the last lines of output if no worker becomes ready.
Result<std::unique_ptr<Verifier>> MakeFunctionVerifier(const FunctionChoice& choice,
                                                       const PluginSettings& settings);
Result<std::unique_ptr<Verifier>> MakeCommandVerifier(const std::vector<std::string>& command,
                                                      const PluginSettings& settings);

}  // namespace winnow::reward

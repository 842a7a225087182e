#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "reward/sandbox/sandbox.h"

namespace winnow::reward::sandbox {

inline RunLimits LimitsOf(double cpu_s, double wall_s) {
  RunLimits limits;
  limits.cpu_us = static_cast<uint64_t>(cpu_s * 1e6);
  limits.wall_us = static_cast<uint64_t>(wall_s * 1e6);
  return limits;
}

// Runs `program`, Python, in `sandbox`.
inline Result<RunResult> RunPython(Sandbox* sandbox, std::string_view program,
                                   const RunLimits& limits = RunLimits(),
                                   std::string_view stdin_bytes = "", uint32_t flags = 0) {
  WINNOW_RETURN_IF_ERROR(sandbox->PutFile("program.py", program));
  return sandbox->Run({.arguments = {"/usr/bin/python3", "-B", "-s", "/box/program.py"},
                       .stdin_bytes = stdin_bytes,
                       .limits = limits,
                       .flags = flags});
}

// Skips, with the reason, where this machine has no namespaces or no Python in /usr.
class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const Result<std::string> facts = DescribeSandbox();
    if (!facts.ok()) GTEST_SKIP() << "no sandbox on this machine: " << facts.status().message();
    if (access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "no /usr/bin/python3";
  }
  // One run in a sandbox of its own; a failed sandbox fails the test.
  static RunResult Python(std::string_view program, const RunLimits& limits = RunLimits(),
                          std::string_view stdin_bytes = "", uint32_t flags = 0) {
    Result<Sandbox> sandbox = Sandbox::Start();
    if (!sandbox.ok()) {
      ADD_FAILURE() << sandbox.status().message();
      return {};
    }
    Result<RunResult> result = RunPython(&*sandbox, program, limits, stdin_bytes, flags);
    if (!result.ok()) ADD_FAILURE() << result.status().message();
    return result.ok() ? *std::move(result) : RunResult{};
  }
};

}  // namespace winnow::reward::sandbox

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reward/sandbox/protocol.h"

namespace winnow::reward::sandbox {

// What one run in a sandbox came to.
struct RunResult {
  EndKind end = EndKind::kExited;
  int code = 0;  // exit status, or signal
  double cpu_s = 0.0;
  double wall_s = 0.0;
  std::string stdout_bytes, stderr_bytes, result_bytes;  // kept
  bool is_cut = false;
  bool succeeded() const { return end == EndKind::kExited && code == 0; }
};

// Reads the payload of a kEnded frame. The init is ours, but it shares a user with the program, so
// nothing in it is taken on trust: nullopt if kind or sizes do not fit.
std::optional<RunResult> ReadRunResult(std::string_view payload);

}  // namespace winnow::reward::sandbox

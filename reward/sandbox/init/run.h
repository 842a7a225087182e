#pragma once

#include "reward/sandbox/init/confine.h"
#include "reward/sandbox/protocol.h"

namespace winnow::reward::sandbox {

// One order of kRun, pointing into its frame.
struct Order {
  RunHeader header;
  char* const* arguments;  // null at the end
  const char* stdin_bytes;
};

// Runs one program inside all bounds, waits for its end, kills whatever it left behind and sends
// kEnded or kFailed. Its output is drained while waiting, so that a full pipe is no hang.
// REQUIRES: this process is process 1 of its namespace, SIGCHLD and SIGPIPE ignored by nobody.
void Run(const Order& order, const Filter& filter);

}  // namespace winnow::reward::sandbox

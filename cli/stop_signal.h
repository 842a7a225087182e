#pragma once

#include <atomic>

namespace winnow::cli {

// From now on SIGINT and SIGTERM set the returned number; a second signal ends the process with 75.
const std::atomic<int>* CatchStopSignals();

}  // namespace winnow::cli

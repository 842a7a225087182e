#include "cli/stop_signal.h"

#include <csignal>
#include <cstdlib>

namespace winnow::cli {
namespace {

std::atomic<int> stop_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

void OnStopSignal(int signal) {
  if (stop_signal.exchange(signal) != 0) std::_Exit(75);
}

}  // namespace

const std::atomic<int>* CatchStopSignals() {
  std::signal(SIGINT, OnStopSignal);
  std::signal(SIGTERM, OnStopSignal);
  return &stop_signal;
}

}  // namespace winnow::cli

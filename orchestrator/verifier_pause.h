#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/status.h"
#include "reward/verdict_window.h"

namespace winnow::orchestrator {

// How long a run waits for a verifier that has failed (verifiers.md §2).
struct PauseOptions {
  double limit_s = 600;      // reward.pause_limit_s
  double retry_every_s = 5;  // one held sample at a time
};

// What a pause needs of the world; all called by the thread that waits.
struct PauseHooks {
  std::function<VerdictKind(size_t held)> retry;  // judges a held sample again
  std::function<void(double seconds)> sleep;
  std::function<double()> now;      // monotonic seconds
  std::function<bool()> must_stop;  // a signal asks for the end of the run
};

// Waits until `window` leaves its pause: retries the held samples in turn, one every retry_every_s,
// until kResumeAfter good ones in a row. REQUIRES: num_held > 0, window->state() is kPause.
// Errors: kUnavailable `REASON …` after limit_s or when the run must stop.
Status WaitForVerifier(const PauseOptions& options, const PauseHooks& hooks, size_t num_held,
                       const std::string& reason, reward::VerdictWindow* window);

}  // namespace winnow::orchestrator

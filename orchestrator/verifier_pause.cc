#include "orchestrator/verifier_pause.h"

#include "base/check.h"
#include "base/format.h"

namespace winnow::orchestrator {

Status WaitForVerifier(const PauseOptions& options, const PauseHooks& hooks, size_t num_held,
                       const std::string& reason, reward::VerdictWindow* window) {
  WINNOW_CHECK_GT(num_held, 0u);
  WINNOW_CHECK(window->state() == reward::WindowState::kPause);
  const double begin = hooks.now();
  for (size_t turn = 0; window->state() == reward::WindowState::kPause; ++turn) {
    if (hooks.must_stop()) {
      return Unavailable(reason + "; stopped by a signal, start again to go on");
    }
    if (hooks.now() - begin + options.retry_every_s > options.limit_s) {
      return Unavailable(Format("{}; it did not come back within reward.pause_limit_s = {} s",
                                reason, options.limit_s));
    }
    hooks.sleep(options.retry_every_s);
    window->AddRetry(hooks.retry(turn % num_held));
  }
  return OkStatus();
}

}  // namespace winnow::orchestrator

#include "reward/plugin/plugin_verifier.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace winnow::reward::plugin {
namespace {

// Before retry number `retry`, from 1.
double WaitSeconds(uint32_t retry) { return retry == 1 ? 0.1 : 1.0; }

}  // namespace

void PluginVerifier::Verify(std::span<const Sample> samples, Deadline deadline,
                            std::span<Verdict> out) {
  WINNOW_CHECK_EQ(samples.size(), out.size());
  std::vector<size_t> open(samples.size());
  for (size_t i = 0; i < open.size(); ++i) open[i] = i;
  for (uint32_t attempt = 1; !open.empty(); ++attempt) {
    std::vector<Sample> asked;
    for (const size_t i : open) asked.push_back(samples[i]);
    std::vector<Attempt> answers(asked.size());
    backend_->Ask(asked, deadline, /*alone=*/attempt > 1, answers);
    std::vector<size_t> again;
    for (size_t k = 0; k < open.size(); ++k) {
      const bool retry = answers[k].verdict.is_unknown() && answers[k].may_retry;
      Provenance provenance = answers[k].verdict.provenance();
      provenance.verifier = traits_.name;
      provenance.attempt = attempt;
      out[open[k]] = std::move(answers[k].verdict).WithProvenance(std::move(provenance));
      if (retry) again.push_back(open[k]);
    }
    const double wait_s = WaitSeconds(attempt);
    if (attempt > retries_ || MonotonicSeconds() + wait_s >= deadline.monotonic_seconds()) return;
    open = std::move(again);
    if (open.empty()) return;
    num_retries_ += open.size();
    std::this_thread::sleep_for(std::chrono::duration<double>(wait_s));
  }
}

}  // namespace winnow::reward::plugin

#pragma once

#include <atomic>
#include <memory>

#include "reward/plugin/backend.h"

namespace winnow::reward::plugin {

// A plug-in as a verifier: attempts that come to nothing are repeated after 0.1 s and 1 s, each
// sample then in a call of its own; the first known verdict wins.
// Threads: any. Blocks: at most (retries + 1) · timeout_s and the waits, for a sample.
class PluginVerifier final : public Verifier {
 public:
  PluginVerifier(Traits traits, std::unique_ptr<Backend> backend, uint32_t retries)
      : traits_(std::move(traits)), backend_(std::move(backend)), retries_(retries) {}

  const Traits& traits() const override { return traits_; }
  void Verify(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out) override;
  VerifierStats stats() const override {
    return {.retries = num_retries_, .worker_restarts = backend_->num_restarts()};
  }

 private:
  const Traits traits_;
  const std::unique_ptr<Backend> backend_;
  const uint32_t retries_;
  std::atomic<uint64_t> num_retries_ = 0;
};

}  // namespace winnow::reward::plugin

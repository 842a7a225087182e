#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "reward/plugin/backend.h"
#include "reward/plugin/launcher.h"

namespace winnow::reward::plugin {

struct PoolOptions {
  size_t num_workers = 1;
  double timeout_s = 10;                         // of one sample, or of one call with a whole group
  uint64_t memory_bytes = uint64_t{2048} << 20;  // a worker above it is replaced
  uint64_t max_samples = 10000;                  // of one worker, then it is replaced
  size_t samples_per_message = 32;               // 1: one at a time
};

// Workers of one plug-in, each with one call at a time. At its deadline a worker is ended with
// everything it has started, and a fresh one takes its place: verdicts that came are kept, the
// sample in progress is a timeout, later ones go on without a used attempt.
// Threads: Ask from any; an own thread for each worker.
// Blocks:  Ask, until all its samples have verdicts; that bounds the queue by the callers.
class WorkerPool final : public Backend {
 public:
  // Starts the first worker, three times if need be. Errors: kFailedPrecondition with the last
  // lines of its output, or the mistake that a plug-in names itself.
  static Result<std::unique_ptr<WorkerPool>> Create(std::unique_ptr<OutputLog> log,
                                                    std::unique_ptr<Launcher> launcher,
                                                    const PoolOptions& options);
  ~WorkerPool() override;

  void Ask(std::span<const Sample> samples, Deadline deadline, bool alone,
           std::span<Attempt> out) override;
  uint64_t num_restarts() const override { return num_restarts_; }
  const PluginInfo& info() const { return info_; }

 private:
  // A worker and how much it has done.
  struct Slot {
    std::unique_ptr<WorkerProcess> worker;
    uint64_t num_samples = 0;
  };
  // Samples for one worker, of one Ask.
  struct Call {
    std::span<const Sample> samples;
    std::span<Attempt> out;
    Deadline deadline = Deadline::Never();
    size_t* num_open = nullptr;  // calls of the Ask that are not done
  };

  WorkerPool(std::unique_ptr<OutputLog> log, std::unique_ptr<Launcher> launcher,
             const PoolOptions& options);
  Status Start();
  void Work(Slot slot);
  void Serve(const Call& call, Slot* slot);
  size_t Exchange(const Call& call, size_t first, Slot* slot, bool* retire);
  size_t Fail(const Call& call, size_t first, const Verdict& verdict);

  const PoolOptions options_;
  const std::unique_ptr<OutputLog> log_;  // outlives the workers
  const std::unique_ptr<Launcher> launcher_;
  PluginInfo info_;  // constant after Create
  std::atomic<uint64_t> num_restarts_ = 0;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable has_call_, is_done_;
  std::deque<Call> calls_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;  // Written by Create alone.
};

}  // namespace winnow::reward::plugin

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "rollout/engine.h"

namespace winnow::actor {

// Where a worker's trajectories go; implemented by who injects it (the orchestrator).
class TrajectorySink {
 public:
  virtual ~TrajectorySink() = default;
  // `group` indexes the groups of the current Work call. Called from the worker's thread.
  virtual void OnTrajectory(size_t group, const rollout::Trajectory& trajectory) = 0;
};

// The rollout worker: receives groups, runs the engine on the weights it has, hands back
// trajectories as they finish.
// Place:     in the learner's process in colocated runs, with the same Policy.
// Threads:   one caller at a time. Ownership: engine and sink are borrowed.
class RolloutWorker {
 public:
  RolloutWorker(rollout::Engine* engine, TrajectorySink* sink) : engine_(engine), sink_(sink) {}

  // The version of the weights that the policy holds now.
  void SetVersion(PolicyVersion version) { version_ = version; }
  // Generates all samples of `groups`. Errors: those of Engine::Generate.
  Status Work(std::span<const rollout::GroupRequest> groups,
              const rollout::GenerationOptions& options);

 private:
  rollout::Engine* const engine_;
  TrajectorySink* const sink_;
  PolicyVersion version_;
};

}  // namespace winnow::actor

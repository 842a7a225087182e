#include "actor/rollout_worker.h"

namespace winnow::actor {

Status RolloutWorker::Work(std::span<const rollout::GroupRequest> groups,
                           const rollout::GenerationOptions& options) {
  return engine_
      ->Generate(groups, options, version_,
                 [this](size_t group, const rollout::Trajectory& trajectory) {
                   sink_->OnTrajectory(group, trajectory);
                 })
      .status();
}

}  // namespace winnow::actor

#include "learner/batch.h"

#include "base/format.h"

namespace winnow::learner {
namespace {

Status CheckTrajectory(const TrainGroup& group, const TrainTrajectory& trajectory,
                       PolicyVersion version) {
  const auto refuse = [&](std::string_view rule, size_t found) {
    return InvalidArgument(Format("training batch: prompt {} sample {}: {}: {}",
                                  ToHex(group.prompt), trajectory.sample_index, rule, found));
  };
  if (trajectory.prompt_length < 1 || trajectory.prompt_length > trajectory.tokens.size()) {
    return refuse("prompt length must be 1 to the number of tokens", trajectory.prompt_length);
  }
  const size_t response = trajectory.tokens.size() - trajectory.prompt_length;
  for (size_t length : {trajectory.sampled.size(), trajectory.behaviour_logp.size(),
                        trajectory.stored_logp.size()}) {
    if (length != response) {
      return refuse(Format("arrays must have one entry per response token, {}", response), length);
    }
  }
  if (trajectory.version > version) {
    return refuse(Format("version must be at most the learner's {}", version.value()),
                  trajectory.version.value());
  }
  return OkStatus();
}

void Append(const TrainGroup& group, const TrainTrajectory& trajectory, PolicyVersion version,
            bool mask_truncated, TokenBatch* batch) {
  batch->sequences.push_back(
      {.trajectory = &trajectory,
       .group = batch->num_groups,
       .identity = {.prompt = group.prompt,
                    .step = group.step,
                    .occurrence = group.occurrence,
                    .sample = trajectory.sample_index,
                    .first_position = static_cast<uint32_t>(trajectory.prompt_length)},
       .staleness = version.value() - trajectory.version.value()});
  const bool trained = !(mask_truncated && trajectory.truncated);
  for (size_t t = 0; t < trajectory.sampled.size(); ++t) {
    batch->mask.push_back(trained && trajectory.sampled[t] != 0);
    batch->stored_logp.push_back(static_cast<double>(trajectory.stored_logp[t]));
    batch->behaviour_logp.push_back(static_cast<double>(trajectory.behaviour_logp[t]));
  }
  batch->offsets.push_back(batch->mask.size());
}

}  // namespace

Result<TokenBatch> FlattenBatch(std::span<const TrainGroup> groups, PolicyVersion version,
                                bool mask_truncated_completions) {
  TokenBatch batch;
  for (const TrainGroup& group : groups) {
    for (const TrainTrajectory& trajectory : group.trajectories) {
      WINNOW_RETURN_IF_ERROR(CheckTrajectory(group, trajectory, version));
      if (!trajectory.scored) continue;
      Append(group, trajectory, version, mask_truncated_completions, &batch);
    }
    ++batch.num_groups;
  }
  return batch;
}

}  // namespace winnow::learner

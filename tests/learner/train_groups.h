#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/philox.h"
#include "learner/batch.h"
#include "learner/packing.h"
#include "learner/policy_passes.h"
#include "model/policy.h"

namespace winnow::learner {

// Fills stored and behaviour log-probs of every sampled token with what `policy` says, as a rollout
// with the same weights would have.
template <typename Real>
void StoreLogProbs(model::Policy<Real>* policy, double temperature,
                   std::vector<TrainGroup>* groups) {
  for (TrainGroup& group : *groups) {
    for (TrainTrajectory& trajectory : group.trajectories) {
      const PassInput input = {.tokens = trajectory.tokens,
                               .prompt_length = trajectory.prompt_length,
                               .mask = trajectory.sampled};
      const auto logp = LogProbPass<Real>(std::span(&input, 1), {}, temperature, policy).value();
      trajectory.stored_logp.assign(logp[0].begin(), logp[0].end());
      trajectory.behaviour_logp = trajectory.stored_logp;
    }
  }
}

// A trajectory with keyed tokens below `vocabulary`, those of the prompt equal for all samples;
// every fifth response token is forced.
inline TrainTrajectory MakeTrajectory(uint32_t prompt, uint32_t sample, size_t prompt_length,
                                      size_t response_length, size_t vocabulary) {
  const auto hash_of = [&](uint32_t index) {
    return StreamHash({.seed = 11, .prompt = PromptId(prompt), .sample = index});
  };
  const auto prompt_hash = hash_of(/*index=*/1000), hash = hash_of(sample);
  TrainTrajectory trajectory;
  trajectory.prompt_length = prompt_length;
  trajectory.sample_index = sample;
  for (size_t t = 0; t < prompt_length + response_length; ++t) {
    const auto words = Draw(t < prompt_length ? prompt_hash : hash, static_cast<uint32_t>(t),
                            NoisePurpose::kInverseCdf, /*sub=*/0);
    trajectory.tokens.push_back(static_cast<int32_t>(words[0] % vocabulary));
  }
  for (size_t t = 0; t < response_length; ++t) trajectory.sampled.push_back(t % 5 != 4);
  trajectory.stored_logp.assign(response_length, 0.0f);
  trajectory.behaviour_logp.assign(response_length, 0.0f);
  trajectory.scored = true;
  trajectory.reward = static_cast<float>((prompt + sample) % 3 == 0);
  return trajectory;
}

// `num_groups` groups of `num_samples` trajectories of differing lengths.
inline std::vector<TrainGroup> MakeGroups(size_t num_groups, size_t num_samples,
                                          size_t vocabulary) {
  std::vector<TrainGroup> groups;
  for (uint32_t g = 0; g < num_groups; ++g) {
    TrainGroup group = {.prompt = PromptId(100 + g), .step = 1};
    for (uint32_t i = 0; i < num_samples; ++i) {
      group.trajectories.push_back(
          MakeTrajectory(g, i, /*prompt_length=*/2 + g % 3, 3 + (7 * i + 5 * g) % 11, vocabulary));
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace winnow::learner

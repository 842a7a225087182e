#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "actor/rollout_worker.h"
#include "base/philox.h"
#include "base/status.h"
#include "model/tokenizer.h"
#include "orchestrator/dispatcher.h"
#include "orchestrator/prompt_source.h"
#include "reward/scorer.h"
#include "rollout/engine.h"

namespace winnow::orchestrator {

// One response with its verdict.
struct JudgedTrajectory {
  rollout::Trajectory trajectory;
  std::string text;  // the response as verifiers see it: without the token that ended it
  reward::Verdict verdict;
};

// The samples of one prompt, in sample order.
struct JudgedGroup {
  const Prompt* prompt = nullptr;
  std::vector<JudgedTrajectory> samples;
};

// What to generate for one prompt.
struct GroupPlan {
  const Prompt* prompt = nullptr;
  NoiseKey key;  // of sample 0
  uint32_t num_samples = 1;
  size_t expected_tokens = 0;  // of a response, 0 = unknown; orders the work only
};

struct StageSeconds {
  double generate = 0;
  double judge = 0;
};

// Generates and judges a wave of groups on the rollout worker of this process.
// Place:     between planner and learner; training and evaluation both use it.
// Threads:   one caller. Ownership: all is borrowed.
// Errors:    those of the engine; a verifier's failure is a verdict, never an error.
class RolloutStage : public actor::TrajectorySink {
 public:
  RolloutStage(rollout::Engine* engine, const model::Tokenizer* tokenizer, reward::Scorer* scorer);

  // Groups in the order of `plans`.
  Result<std::vector<JudgedGroup>> Run(std::span<const GroupPlan> plans,
                                       const rollout::GenerationOptions& options,
                                       PolicyVersion version);
  // Of the last Run.
  const StageSeconds& seconds() const { return seconds_; }
  const TaskCounts& counts() const { return dispatcher_.counts(); }

  // Judges one sample of a group again; the new verdict takes the place of the old one.
  void JudgeAgain(JudgedGroup* group, size_t sample);

  void OnTrajectory(size_t group, const rollout::Trajectory& trajectory) override;

 private:
  Status Perform(std::vector<Action> actions, std::span<const GroupPlan> plans,
                 const rollout::GenerationOptions& options);
  void Judge(JudgedGroup* group);

  const model::Tokenizer* const tokenizer_;
  reward::Scorer* const scorer_;
  actor::RolloutWorker worker_;
  Dispatcher dispatcher_;
  uint64_t credits_ = 0;
  std::vector<JudgedGroup> groups_;      // of the open wave
  std::vector<size_t> issued_groups_;    // wave index of each group handed to the worker
  std::vector<uint32_t> first_samples_;  // key.sample of sample 0 of each wave group
  StageSeconds seconds_;
};

}  // namespace winnow::orchestrator

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "learner/checkpoint.h"
#include "learner/update.h"
#include "model/policy.h"
#include "orchestrator/evaluator.h"
#include "orchestrator/filter/memory_prompt_state.h"
#include "orchestrator/filter/planner.h"
#include "orchestrator/metrics_hub.h"
#include "orchestrator/prompt_source.h"
#include "orchestrator/reward_metrics.h"
#include "orchestrator/rollout_stage.h"
#include "orchestrator/run_folder.h"
#include "orchestrator/run_state.h"
#include "orchestrator/verifier_pause.h"
#include "reward/verdict_window.h"
#include "store/resume.h"
#include "store/reward_history.h"

namespace winnow::orchestrator {

struct TrainerOptions {
  uint64_t seed = 1;  // run.seed
  uint32_t n = 8;     // samples per prompt
  rollout::GenerationOptions generation;
  EvaluatorOptions evaluation;
  std::optional<uint64_t> total_steps;  // policy versions to make; none: until the data end
  int64_t save_freq = 50;               // training steps; -1 = at the end only
  int64_t test_freq = -1;               // training steps; -1 = never
  bool val_before_train = false;
  std::string metric = "reward";  // filter.metric: reward, or a verdict part
  double max_unknown_fraction = 0.05;
  PauseOptions pause;
  uint32_t rollouts_per_step = 8;  // sample rollouts stored per step
  learner::CheckpointRetention retention;
  std::string arithmetic;  // of the run; a checkpoint of another one is refused
};

// What a run is made of; all borrowed, all outlive the Trainer.
struct TrainerParts {
  model::Policy<float>* policy = nullptr;
  learner::Learner<float>* learner = nullptr;
  RolloutStage* stage = nullptr;
  reward::Scorer* scorer = nullptr;
  const model::Tokenizer* tokenizer = nullptr;
  const PromptSource* train = nullptr;
  const PromptSource* val = nullptr;  // null: no evaluation
  RolloutPlanner* planner = nullptr;
  store::RewardHistory* history = nullptr;
  const RunFolder* folder = nullptr;
  MetricsHub* metrics = nullptr;
};

// `values`, a flat buffer in `layout`, as the tensors of a checkpoint.
std::vector<learner::CheckpointTensor> CheckpointTensors(const model::ParameterLayout& layout,
                                                         std::span<float> values);

// The step loop: waves of rollouts, outcomes, the update, one commit a step, checkpoints,
// evaluation, metrics (design.md §3).
// Place:     one per run; driven by `winnow train`.
// Threads:   one caller; heavy work is spread over the policy's pool.
// Commit:    history, planner and counters of a step reach the disk in one batch; a checkpoint adds
//            weights and moments at a step's border. A run that is killed repeats the steps after
//            its newest checkpoint with the same bits.
// Errors:    of whatever part failed; the run can be resumed from the newest checkpoint.
class Trainer {
 public:
  Trainer(const TrainerOptions& options, const TrainerParts& parts,
          std::optional<store::AbandonedHistory> abandoned);

  // Continues after what `state` says; weights, moments, history are restored already.
  Status Restore(const RunState& state, std::vector<std::string>* notes);
  // Runs until done, or until `*stop` is not 0: then the open step is finished, a checkpoint
  // written, and kUnavailable (exit 75) returned.
  Status Run(const std::atomic<int>* stop);
  // Evaluates the weights as they are.
  Status Evaluate();

  const RunState& state() const { return state_; }
  RunSummary Summary() const;

 private:
  struct StepGroup {
    JudgedGroup judged;
    store::Outcome outcome;
  };

  bool Done() const;
  Status RunStep();
  Status RunWave(const Wave& wave, std::map<GroupKey, StepGroup>* groups);
  Status WatchVerdicts(std::vector<JudgedGroup>* groups);
  Status Pause(std::vector<JudgedGroup>* groups, const std::string& example);
  store::Outcome MakeOutcome(const JudgedGroup& group) const;
  Status Update(const StepResult& result, const std::map<GroupKey, StepGroup>& groups);
  Status Commit(const StepResult& result, std::map<GroupKey, StepGroup>* groups);
  Status StoreRollouts(const std::map<GroupKey, StepGroup>& groups) const;
  Status SaveCheckpoint();
  Status CheckReplay();
  Status ReportStep();

  const TrainerOptions options_;
  const TrainerParts parts_;
  const std::optional<store::AbandonedHistory> abandoned_;
  RunState state_;
  reward::VerdictWindow window_;
  const std::atomic<int>* stop_ = nullptr;  // of Run; null before

  // Of the open step.
  MetricList step_metrics_;
  RewardMetrics reward_metrics_;
  StageSeconds stage_seconds_;
  double paused_s_ = 0;
  double step_started_ = 0;
  double reward_sum_ = 0;
  uint64_t num_scored_ = 0;
  uint64_t saved_step_ = 0;  // of the newest checkpoint
  uint64_t first_step_ = 0;  // committed before this process began
  double run_started_ = 0;
};

}  // namespace winnow::orchestrator

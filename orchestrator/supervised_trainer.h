#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/status.h"
#include "learner/checkpoint.h"
#include "learner/sft.h"
#include "model/policy.h"
#include "orchestrator/metrics_hub.h"
#include "orchestrator/run_folder.h"
#include "orchestrator/supervised_data.h"

namespace winnow::orchestrator {

struct SupervisedTrainerOptions {
  uint64_t seed = 1;
  size_t batch_size = 64;                // rows of an update
  bool shuffle = true;                   // keyed permutation of each epoch
  std::optional<uint64_t> total_steps;   // updates
  std::optional<uint64_t> total_epochs;  // the first reached ends the run
  int64_t save_freq = 50;                // -1 = at the end only
  learner::CheckpointRetention retention;
};

// The loop of `winnow sft`: batches of rows in a keyed permutation, one update each, checkpoints
// from which a killed run goes on with the same bits.
// Threads: one caller. Ownership: all parts are borrowed.
class SupervisedTrainer {
 public:
  SupervisedTrainer(const SupervisedTrainerOptions& options, const SupervisedData* data,
                    model::Policy<float>* policy, learner::SupervisedLearner<float>* learner,
                    const RunFolder* folder, MetricsHub* metrics);

  // Restores weights, moments and step. kFailedPrecondition if the data are others.
  Status Restore(const learner::FoundCheckpoint& checkpoint);
  // As Trainer::Run.
  Status Run(const std::atomic<int>* stop);
  uint64_t step() const { return step_; }
  uint64_t total_steps() const;

 private:
  std::vector<learner::SupervisedRow> NextBatch();
  Status SaveCheckpoint();

  const SupervisedTrainerOptions options_;
  const SupervisedData* const data_;
  model::Policy<float>* const policy_;
  learner::SupervisedLearner<float>* const learner_;
  const RunFolder* const folder_;
  MetricsHub* const metrics_;
  uint64_t step_ = 0;  // updates made
  uint64_t saved_step_ = 0;
  std::vector<size_t> order_;  // of epoch order_epoch_
  std::optional<uint64_t> order_epoch_;
};

}  // namespace winnow::orchestrator

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "learner/metrics.h"
#include "learner/optim/interface.h"
#include "learner/optim/schedule.h"
#include "learner/packing.h"
#include "learner/parameter_update.h"
#include "model/policy.h"

namespace winnow::learner {

// The learner.* keys that `winnow sft` reads.
struct SupervisedOptions {
  PackingLimits packing;
  OptimizerOptions optim;
  ScheduleOptions schedule;
  model::TrainOptions train;
};

// One row: all tokens, and m over all of them: 1 on tokens of assistant turns and their
// end-of-turn token (`completion`), or everywhere but at the first (`all`).
struct SupervisedRow {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> mask;  // [tokens]; mask[0] = 0
};

struct SupervisedReport {
  MetricMap metrics;      // sft/loss, sft/perplexity, sft/token_accuracy and update/*, perf/*
  double loss = 0;        // −Σ m x / N before the update; 0 if nothing was trained
  size_t num_tokens = 0;  // N
  bool applied = false;   // false: no token with m = 1, or not finite
};

// Supervised fine-tuning (learner.md §8): L = −Σ m x / N over the rows of one batch, one update.
// Threads:   one caller; heavy work is spread over the policy's pool.
// Ownership: holds the optimizer's state; the policy is borrowed and must outlive it.
// Bits:      packing and threads change nothing.
// Errors:    kInvalidArgument for a row longer than the budget; kInternal after three skipped
//            updates in a row.
template <typename Real>
class SupervisedLearner {
 public:
  static Result<std::unique_ptr<SupervisedLearner>> Create(const SupervisedOptions& options,
                                                           model::Policy<Real>* policy);

  // Trains on `rows` at the rate of step `step` (from 0).
  Result<SupervisedReport> Step(std::span<const SupervisedRow> rows, int64_t step);

  // As Learner's.
  std::span<Real> first_moment() { return updater_->optimizer().first_moment(); }
  std::span<Real> second_moment() { return updater_->optimizer().second_moment(); }
  std::string StateJson() const;
  Status LoadStateJson(std::string_view json);

 private:
  struct RowBatch;

  SupervisedLearner(const SupervisedOptions& options, model::Policy<Real>* policy,
                    std::unique_ptr<ParameterUpdater<Real>> updater);
  static Result<RowBatch> CountRows(std::span<const SupervisedRow> rows);
  // Forward, x of its rows into `logp`, backward; false if a value was not finite.
  Result<bool> RunMicroBatch(const MicroBatch& micro, std::span<const SupervisedRow> rows,
                             const RowBatch& batch, std::vector<double>* logp);

  const SupervisedOptions options_;
  model::Policy<Real>* const policy_;
  const std::unique_ptr<ParameterUpdater<Real>> updater_;
};

extern template class SupervisedLearner<float>;
extern template class SupervisedLearner<double>;

}  // namespace winnow::learner

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "learner/optim/interface.h"
#include "learner/optim/schedule.h"
#include "model/policy.h"

namespace winnow::learner {

// What one try to move the weights did.
struct ParameterUpdateReport {
  bool applied = false;
  double grad_norm = 0;  // before clipping; may be not finite if nothing was applied
  double clip_factor = 1;
  double learning_rate = 0;
};

// Turns the accumulated gradient of a policy into new weights: global norm, clip, optimizer, packed
// copies (learner.md §7). Shared by Learner and SupervisedLearner.
// Threads:   one caller.
// Ownership: holds the optimizer's state; the policy is borrowed and must outlive it.
// Errors:    a gradient that is not finite is no error: it is named in the log, the update is
//            skipped with weights, moments and schedule unchanged. The third skip in a row is
//            kInternal (exit 42).
template <typename Real>
class ParameterUpdater {
 public:
  static Result<std::unique_ptr<ParameterUpdater>> Create(const OptimizerOptions& options,
                                                          const ScheduleOptions& schedule,
                                                          model::Policy<Real>* policy);

  // One optimizer step along policy.Gradient() at the rate of training step `step` (from 0).
  Result<ParameterUpdateReport> Apply(int64_t step);
  // Counts an update that the caller gave up; `why` is one line for the log.
  Status Skip(std::string_view why);

  double LearningRate(int64_t step) const;
  Optimizer<Real>& optimizer() { return *optimizer_; }
  const Optimizer<Real>& optimizer() const { return *optimizer_; }
  int skipped_in_a_row() const { return skipped_in_a_row_; }
  void set_skipped_in_a_row(int count) { skipped_in_a_row_ = count; }

 private:
  ParameterUpdater(const OptimizerOptions& options, const ScheduleOptions& schedule,
                   model::Policy<Real>* policy, std::unique_ptr<Optimizer<Real>> optimizer);

  const OptimizerOptions options_;
  const ScheduleOptions schedule_;
  model::Policy<Real>* const policy_;
  const std::unique_ptr<Optimizer<Real>> optimizer_;
  int skipped_in_a_row_ = 0;
};

// Skipped updates in a row that stop a run.
inline constexpr int kMaxSkippedInARow = 3;

extern template class ParameterUpdater<float>;
extern template class ParameterUpdater<double>;

}  // namespace winnow::learner

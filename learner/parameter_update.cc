#include "learner/parameter_update.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "learner/optim/global_norm.h"
#include "learner/optim/registry.h"

namespace winnow::learner {
namespace {

const Logger log("learner");

std::vector<ParameterSegment> SegmentsOf(const model::ParameterLayout& layout,
                                         const OptimizerOptions& options) {
  std::vector<ParameterSegment> segments;
  for (const model::Parameter& parameter : layout.parameters()) {
    const bool excluded = (parameter.is_bias && options.exclude_bias_from_decay) ||
                          (parameter.is_norm && options.exclude_norm_from_decay);
    segments.push_back({.size = parameter.size, .decayed = !excluded});
  }
  return segments;
}

// "gradient of NAME[index] is VALUE" for the first entry that is not finite.
template <typename Real>
std::string DescribeNonFinite(const model::ParameterLayout& layout,
                              std::span<const Real> gradient) {
  for (const model::Parameter& parameter : layout.parameters()) {
    for (size_t i = 0; i < parameter.size; ++i) {
      const double value = static_cast<double>(gradient[parameter.offset + i]);
      if (!std::isfinite(value)) {
        return Format("gradient of {}[{}] is {}", parameter.name, i, value);
      }
    }
  }
  return "the squared norm of the gradient overflows";
}

}  // namespace

template <typename Real>
ParameterUpdater<Real>::ParameterUpdater(const OptimizerOptions& options,
                                         const ScheduleOptions& schedule,
                                         model::Policy<Real>* policy,
                                         std::unique_ptr<Optimizer<Real>> optimizer)
    : options_(options), schedule_(schedule), policy_(policy), optimizer_(std::move(optimizer)) {}

template <typename Real>
Result<std::unique_ptr<ParameterUpdater<Real>>> ParameterUpdater<Real>::Create(
    const OptimizerOptions& options, const ScheduleOptions& schedule, model::Policy<Real>* policy) {
  WINNOW_RETURN_IF_ERROR(CheckSchedule(schedule));
  WINNOW_ASSIGN_OR_RETURN(
      auto optimizer, MakeOptimizer<Real>(options, SegmentsOf(policy->trainable_layout(), options),
                                          &policy->ops().pool()));
  return std::unique_ptr<ParameterUpdater>(
      new ParameterUpdater(options, schedule, policy, std::move(optimizer)));
}

template <typename Real>
double ParameterUpdater<Real>::LearningRate(int64_t step) const {
  return options_.lr * ScheduleMultiplier(schedule_, step);
}

template <typename Real>
Result<ParameterUpdateReport> ParameterUpdater<Real>::Apply(int64_t step) {
  const std::span<const Real> gradient = policy_->Gradient();
  ParameterUpdateReport report;
  report.learning_rate = LearningRate(step);
  report.grad_norm = GlobalNorm(gradient, &policy_->ops().pool());
  if (!std::isfinite(report.grad_norm)) {
    WINNOW_RETURN_IF_ERROR(Skip(DescribeNonFinite(policy_->trainable_layout(), gradient)));
    return report;
  }
  report.clip_factor = ClipFactor(report.grad_norm, options_.clip_grad);
  optimizer_->Update(report.learning_rate, report.clip_factor, gradient, policy_->trainable());
  policy_->WeightsChanged();
  report.applied = true;
  skipped_in_a_row_ = 0;
  return report;
}

template <typename Real>
Status ParameterUpdater<Real>::Skip(std::string_view why) {
  ++skipped_in_a_row_;
  log.Error(Format("update skipped: {}", why));
  if (skipped_in_a_row_ < kMaxSkippedInARow) return OkStatus();
  return Internal(
      Format("{} updates in a row were skipped, the last because {}", skipped_in_a_row_, why));
}

template class ParameterUpdater<float>;
template class ParameterUpdater<double>;

}  // namespace winnow::learner

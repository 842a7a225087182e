#include "learner/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/format.h"

namespace winnow::learner {

Result<ScheduleOptions::Type> ParseScheduleType(std::string_view name) {
  if (name == "constant") return ScheduleOptions::Type::kConstant;
  if (name == "cosine") return ScheduleOptions::Type::kCosine;
  return InvalidArgument(
      Format("learner.optim.lr_scheduler_type must be one of constant, cosine: \"{}\"", name));
}

Status CheckSchedule(const ScheduleOptions& options) {
  if (options.total_training_steps) return OkStatus();
  if (options.lr_scheduler_type == ScheduleOptions::Type::kCosine) {
    return InvalidArgument(
        "learner.optim.lr_scheduler_type cosine needs trainer.total_training_steps: null");
  }
  if (options.lr_warmup_steps < 0 && options.lr_warmup_steps_ratio > 0) {
    return InvalidArgument(
        Format("learner.optim.lr_warmup_steps_ratio needs trainer.total_training_steps: {}",
               options.lr_warmup_steps_ratio));
  }
  return OkStatus();
}

double ScheduleMultiplier(const ScheduleOptions& options, int64_t step) {
  const double total = static_cast<double>(options.total_training_steps.value_or(0));
  const double u = static_cast<double>(options.zero_indexed_step ? step : step + 1);
  const double warmup = options.lr_warmup_steps >= 0
                            ? static_cast<double>(options.lr_warmup_steps)
                            : std::floor(options.lr_warmup_steps_ratio * total);
  if (u < warmup) return u / warmup;
  if (options.lr_scheduler_type == ScheduleOptions::Type::kConstant) return 1.0;
  const double q = (u - warmup) / std::max(1.0, total - warmup);
  const double low = options.min_lr_ratio;
  const double wave = std::cos(2.0 * std::numbers::pi * options.num_cycles * q);
  return std::max(low, (1.0 - low) / 2.0 * wave + (1.0 + low) / 2.0);
}

}  // namespace winnow::learner

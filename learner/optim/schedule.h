#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace winnow::learner {

// learner.optim.lr_* and trainer.total_training_steps.
struct ScheduleOptions {
  enum class Type { kConstant, kCosine };
  Type lr_scheduler_type = Type::kConstant;
  int64_t lr_warmup_steps = -1;  // negative: by the ratio
  double lr_warmup_steps_ratio = 0;
  double min_lr_ratio = 0;  // f_min
  double num_cycles = 0.5;
  bool zero_indexed_step = false;
  std::optional<int64_t> total_training_steps;  // T; needed by kCosine and by a positive ratio
};

// Reads `constant` or `cosine`. Errors: kInvalidArgument naming what is allowed.
Result<ScheduleOptions::Type> ParseScheduleType(std::string_view name);

// Errors: kInvalidArgument if T is missing where it is needed.
Status CheckSchedule(const ScheduleOptions& options);

// f(u) of the rate η = lr·f(u), u = index of the training step from 0; one rate per training step,
// shared by its updates. Without zero_indexed_step u + 1 stands for u, so that a warm-up does not
// start with an idle step.
//   u < W:     u/W,  W = lr_warmup_steps, or ⌊ratio·T⌋
//   constant:  1
//   cosine:    max(f_min, (1 − f_min)/2·cos(2π·cycles·q) + (1 + f_min)/2),
//              q = (u − W)/max(1, T − W)                            (arXiv 1608.03983, eq. 5)
double ScheduleMultiplier(const ScheduleOptions& options, int64_t step);

}  // namespace winnow::learner

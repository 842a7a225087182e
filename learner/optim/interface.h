#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::learner {

// learner.optim.*; names are those of spec/config.md. The schedule is in optim/schedule.h.
struct OptimizerOptions {
  std::string name = "adamw";
  double lr = 1e-6;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
  bool exclude_bias_from_decay = true;    // weight_decay_exclude holds `bias`
  bool exclude_norm_from_decay = true;    // weight_decay_exclude holds `norm`
  std::optional<double> clip_grad = 1.0;  // null: the norm is only measured
};

// A run of the flat parameter buffer that shares one decay.
struct ParameterSegment {
  size_t size = 0;  // elements
  bool decayed = true;
};

// Moves a flat parameter buffer along a gradient.
// Place:     one per learner; its state is part of the training checkpoint.
// Threads:   one caller; work is spread over the pool given at construction, never changing bits.
// Ownership: holds its state; parameters and gradients are borrowed for the call.
template <typename Real>
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update with rate η; the gradient is multiplied by `gradient_factor` (the clip) first.
  virtual void Update(double learning_rate, double gradient_factor, std::span<const Real> gradient,
                      std::span<Real> parameters) = 0;
  // k, the updates made so far; settable for resumes.
  virtual uint64_t num_updates() const = 0;
  virtual void set_num_updates(uint64_t num_updates) = 0;
  // State per parameter [parameters], read and written by checkpoints.
  virtual std::span<Real> first_moment() = 0;
  virtual std::span<Real> second_moment() = 0;
};

}  // namespace winnow::learner

#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "learner/batch.h"
#include "learner/loss/correction.h"
#include "learner/metrics.h"
#include "learner/objective.h"
#include "learner/parameter_update.h"
#include "model/config.h"

namespace winnow::learner {

// Seconds spent in the parts of a step, and what they worked on.
struct StepCost {
  double forward_s = 0, backward_s = 0, reduce_s = 0, optimizer_s = 0, selection_s = 0;
  double num_tokens = 0;       // through forward and backward
  double num_flops = 0;        // Σ 6·P_mat + 12·layers·heads·head_dim·k_t; no recomputation
  double packed_tokens = 0;    // tokens of micro-batches
  double packed_capacity = 0;  // their budgets
};

// Multiply-adds, as 2 operations each, of training one sequence of `length` tokens of which
// `num_wanted` enter the head (learner.md §9); k_t visible keys, P_mat matrix parameters met. The
// first `num_shared` tokens are counted with another sequence.
double TrainingFlops(const model::ModelConfig& config, size_t num_shared, size_t length,
                     size_t num_wanted);

// Collects the metrics of learner.md §9 over one training step.
// Threads: one caller.
class StepMetrics {
 public:
  void AddGroups(std::span<const TrainGroup> groups);
  // After advantages, masks and weights are known.
  void AddBatch(const TokenBatch& batch);
  void AddImportance(const ImportanceWeights& weights, const TokenBatch& batch, size_t num_rejected,
                     std::optional<PolicyGap> gap);
  // |x − stored| of one token of the current version.
  void AddLogpDifference(double difference);
  // One update whose forward passes were completed.
  void AddUpdate(const MiniBatch& mini, const Objective& objective, bool has_selection);
  void AddParameterUpdate(const ParameterUpdateReport& report);
  void AddSkipped() { ++num_skipped_; }

  std::optional<double> max_logp_difference() const { return logp_difference_.max(); }
  size_t num_updates() const { return num_updates_; }
  size_t num_skipped() const { return num_skipped_; }
  StepCost& cost() { return cost_; }

  // `learning_rate` is that of a step without applied updates; `wall_s` the time of the whole step.
  MetricMap Finish(double learning_rate, double wall_s, std::optional<double> peak_tflops) const;

 private:
  void FinishRatios(MetricMap* metrics) const;
  void FinishBatch(MetricMap* metrics) const;
  void FinishImportance(MetricMap* metrics) const;
  void FinishCost(double wall_s, std::optional<double> peak_tflops, MetricMap* metrics) const;

  size_t num_updates_ = 0, num_skipped_ = 0;
  Moments pg_loss_, kl_loss_, entropy_, loss_, grad_norm_, clip_factor_, learning_rate_;
  Moments ratio_, old_k1_, old_k3_, ref_k1_, ref_k3_, covariance_;
  double num_tokens_ = 0, clipped_high_ = 0, clipped_low_ = 0, dual_clipped_ = 0, clamped_ = 0;
  double selectable_ = 0, selected_ = 0;
  Moments advantage_;
  double advantage_zero_ = 0, advantage_positive_ = 0;
  bool has_importance_ = false;
  Moments weight_;
  double effective_sample_size_ = 0, truncated_fraction_ = 0;
  std::optional<double> rejected_fraction_;
  std::optional<PolicyGap> gap_;
  Moments staleness_;
  std::vector<double> response_lengths_;
  double num_truncated_ = 0;
  Moments logp_difference_;
  StepCost cost_;
};

}  // namespace winnow::learner

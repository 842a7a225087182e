#include "learner/step_metrics.h"

#include <cmath>
#include <string>

#include "base/process.h"
#include "learner/loss/covariance.h"

namespace winnow::learner {
double TrainingFlops(const model::ModelConfig& config, size_t num_shared, size_t length,
                     size_t num_wanted) {
  const double before = static_cast<double>(num_shared);
  const double tokens = static_cast<double>(length) - before;
  const double hidden = static_cast<double>(config.hidden_size);
  const double query = static_cast<double>(config.num_heads * config.head_dim);
  const double key_value = static_cast<double>(config.num_kv_heads * config.head_dim);
  const double layers = static_cast<double>(config.num_layers);
  const double per_token = layers * (2 * hidden * query + 2 * hidden * key_value +
                                     3 * hidden * static_cast<double>(config.intermediate_size));
  const double head = static_cast<double>(config.vocab_size) * hidden;
  const double keys = tokens * before + tokens * (tokens + 1) / 2;  // Σ_t k_t
  return 6 * (per_token * tokens + head * static_cast<double>(num_wanted)) +
         12 * layers * query * keys;
}

void StepMetrics::AddGroups(std::span<const TrainGroup> groups) {
  for (const TrainGroup& group : groups) {
    for (const TrainTrajectory& trajectory : group.trajectories) {
      response_lengths_.push_back(static_cast<double>(trajectory.sampled.size()));
      num_truncated_ += trajectory.truncated;
    }
  }
}

void StepMetrics::AddBatch(const TokenBatch& batch) {
  for (size_t i = 0; i < batch.sequences.size(); ++i) {
    for (size_t t = batch.offsets[i]; t < batch.offsets[i + 1]; ++t) {
      if (!batch.mask[t]) continue;
      advantage_.Add(batch.advantage[t]);
      advantage_zero_ += batch.advantage[t] == 0;
      advantage_positive_ += batch.advantage[t] > 0;
      staleness_.Add(static_cast<double>(batch.sequences[i].staleness));
    }
  }
}

void StepMetrics::AddImportance(const ImportanceWeights& weights, const TokenBatch& batch,
                                size_t num_rejected, std::optional<PolicyGap> gap) {
  has_importance_ = !weights.weight.empty();
  double kept = 0;
  for (size_t t = 0; t < batch.mask.size(); ++t) {
    if (!batch.mask[t]) continue;
    kept += 1;
    if (has_importance_) weight_.Add(weights.weight[t]);
  }
  effective_sample_size_ = weights.effective_sample_size;
  truncated_fraction_ = weights.fraction_high;
  const double rejected = static_cast<double>(num_rejected);
  rejected_fraction_ = Fraction(rejected, kept + rejected);
  gap_ = gap;
}

void StepMetrics::AddLogpDifference(double difference) { logp_difference_.Add(difference); }

void StepMetrics::AddUpdate(const MiniBatch& mini, const Objective& objective, bool has_selection) {
  const ObjectiveTotals totals = objective.Totals();
  pg_loss_.Add(totals.pg_loss);
  if (objective.has_kl()) kl_loss_.Add(totals.kl_loss);
  entropy_.Add(totals.entropy);
  loss_.Add(totals.loss);
  const TokenLosses& losses = objective.losses();
  std::vector<double> covariance;
  if (has_selection) covariance = Covariance(mini.Tokens());
  for (size_t t = 0; t < mini.mask.size(); ++t) {
    if (!mini.mask[t]) continue;
    num_tokens_ += 1;
    ratio_.Add(losses.ratio[t]);
    clipped_high_ += (losses.flags[t] & kClippedHigh) != 0;
    clipped_low_ += (losses.flags[t] & kClippedLow) != 0;
    dual_clipped_ += (losses.flags[t] & kDualClipped) != 0;
    clamped_ += (losses.flags[t] & kClamped) != 0;
    const double d = mini.logp[t] - mini.old_logp[t];
    old_k1_.Add(-d);
    old_k3_.Add(std::expm1(d) - d);
    if (!mini.ref_logp.empty()) {
      ref_k1_.Add(EvaluateKl(KlKind::kK1, mini.logp[t], mini.ref_logp[t]).value);
      ref_k3_.Add(EvaluateKl(KlKind::kK3, mini.logp[t], mini.ref_logp[t]).value);
    }
    if (has_selection) {
      covariance_.Add(covariance[t]);
      selectable_ += 1;
      selected_ += (losses.flags[t] & kSelected) != 0;
    }
  }
}

void StepMetrics::AddParameterUpdate(const ParameterUpdateReport& report) {
  if (!report.applied) {
    AddSkipped();
    return;
  }
  ++num_updates_;
  learning_rate_.Add(report.learning_rate);
  grad_norm_.Add(report.grad_norm);
  clip_factor_.Add(report.clip_factor);
}

MetricMap StepMetrics::Finish(double learning_rate, double wall_s,
                              std::optional<double> peak_tflops) const {
  MetricMap metrics;
  metrics["update/pg_loss"] = pg_loss_.mean();
  metrics["update/kl_loss"] = kl_loss_.mean();
  metrics["update/entropy"] = entropy_.mean();
  metrics["update/loss"] = loss_.mean();
  metrics["update/grad_norm"] = grad_norm_.mean();
  metrics["update/clip_factor"] = clip_factor_.mean();
  metrics["update/lr"] = learning_rate_.max().value_or(learning_rate);
  metrics["update/skipped"] = static_cast<double>(num_skipped_);
  metrics["update/num_updates"] = static_cast<double>(num_updates_);
  FinishRatios(&metrics);
  FinishBatch(&metrics);
  FinishImportance(&metrics);
  FinishCost(wall_s, peak_tflops, &metrics);
  return metrics;
}

void StepMetrics::FinishRatios(MetricMap* metrics) const {
  MetricMap& m = *metrics;
  m["ratio/mean"] = ratio_.mean();
  m["ratio/min"] = ratio_.min();
  m["ratio/max"] = ratio_.max();
  m["ratio/std"] = ratio_.deviation();
  m["ratio/clip_frac"] = Fraction(clipped_high_ + clipped_low_, num_tokens_);
  m["ratio/clip_frac_high"] = Fraction(clipped_high_, num_tokens_);
  m["ratio/clip_frac_low"] = Fraction(clipped_low_, num_tokens_);
  m["ratio/dual_clip_frac"] = Fraction(dual_clipped_, num_tokens_);
  m["ratio/clamp_frac"] = Fraction(clamped_, num_tokens_);
  m["kl/old_k1"] = old_k1_.mean();
  m["kl/old_k3"] = old_k3_.mean();
  m["kl/ref_k1"] = ref_k1_.mean();
  m["kl/ref_k3"] = ref_k3_.mean();
  m["cov/selected_frac"] = Fraction(selected_, selectable_);
  m["cov/mean"] = covariance_.mean();
  m["cov/max"] = covariance_.max();
}

void StepMetrics::FinishBatch(MetricMap* metrics) const {
  MetricMap& m = *metrics;
  const double trained = static_cast<double>(advantage_.count());
  m["adv/mean"] = advantage_.mean();
  m["adv/std"] = advantage_.deviation();
  m["adv/min"] = advantage_.min();
  m["adv/max"] = advantage_.max();
  m["adv/zero_frac"] = Fraction(advantage_zero_, trained);
  m["adv/positive_frac"] = Fraction(advantage_positive_, trained);
  Moments lengths;
  for (double length : response_lengths_) lengths.Add(length);
  m["len/response_mean"] = lengths.mean();
  m["len/p50"] = Percentile(response_lengths_, 50);
  m["len/p95"] = Percentile(response_lengths_, 95);
  m["len/max"] = lengths.max();
  m["len/truncated_frac"] = Fraction(num_truncated_, static_cast<double>(response_lengths_.size()));
  m["len/trained_tokens"] = trained;
  m["logp_diff/max"] = logp_difference_.max();
  m["logp_diff/mean"] = logp_difference_.mean();
  m["rollout/logp_diff_max"] = logp_difference_.max();
}

void StepMetrics::FinishImportance(MetricMap* metrics) const {
  MetricMap& m = *metrics;
  m["is/mean"] = weight_.mean();
  m["is/max"] = weight_.max();
  m["is/ess"] = has_importance_ ? std::optional(effective_sample_size_) : std::nullopt;
  m["is/truncated_frac"] = has_importance_ ? std::optional(truncated_fraction_) : std::nullopt;
  m["is/rejected_frac"] = rejected_fraction_;
  m["is/staleness_mean"] = staleness_.mean();
  m["is/staleness_max"] = staleness_.max();
  if (!gap_) return;
  m["is/kl"] = gap_->kl;
  m["is/training_ppl"] = gap_->training_ppl;
  m["is/rollout_ppl"] = gap_->rollout_ppl;
  m["is/log_ppl_diff"] = gap_->log_ppl_diff;
  m["is/ppl_ratio"] = gap_->ppl_ratio;
  m["is/chi2_token"] = gap_->chi2_token;
}

void StepMetrics::FinishCost(double wall_s, std::optional<double> peak_tflops,
                             MetricMap* metrics) const {
  MetricMap& m = *metrics;
  const double busy_s = cost_.forward_s + cost_.backward_s + cost_.reduce_s + cost_.optimizer_s;
  m["perf/tokens_per_s"] = Fraction(cost_.num_tokens, wall_s);
  m["perf/mfu"] =
      peak_tflops ? Fraction(cost_.num_flops, busy_s * *peak_tflops * 1e12) : std::nullopt;
  m["perf/forward_ms"] = cost_.forward_s * 1e3;
  m["perf/backward_ms"] = cost_.backward_s * 1e3;
  m["perf/reduce_ms"] = cost_.reduce_s * 1e3;
  m["perf/optimizer_ms"] = cost_.optimizer_s * 1e3;
  m["perf/peak_bytes"] = static_cast<double>(PeakResidentBytes());
  m["perf/pack_fill"] = Fraction(cost_.packed_tokens, cost_.packed_capacity);
  m["time/cov_ms"] = cost_.selection_s > 0 ? std::optional(cost_.selection_s * 1e3) : std::nullopt;
}

}  // namespace winnow::learner

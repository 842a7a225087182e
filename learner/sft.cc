#include "learner/sft.h"

#include <cmath>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/format.h"
#include "learner/learner_state.h"

namespace winnow::learner {

// Rows that train, counted, and the place of each one's wanted tokens in row order.
template <typename Real>
struct SupervisedLearner<Real>::RowBatch {
  std::vector<size_t> rows;           // indices of rows with a token that counts
  std::vector<size_t> lengths;        // tokens of each
  std::vector<size_t> offsets = {0};  // wanted tokens before each
};

template <typename Real>
Result<typename SupervisedLearner<Real>::RowBatch> SupervisedLearner<Real>::CountRows(
    std::span<const SupervisedRow> rows) {
  RowBatch batch;
  for (size_t i = 0; i < rows.size(); ++i) {
    const SupervisedRow& row = rows[i];
    if (row.mask.size() != row.tokens.size() || (!row.mask.empty() && row.mask[0] != 0)) {
      return InvalidArgument(
          Format("sft: row {}: the mask must have one entry per token, the first 0: {} of {}", i,
                 row.mask.size(), row.tokens.size()));
    }
    size_t wanted = 0;
    for (uint8_t m : row.mask) wanted += m != 0;
    if (wanted == 0) continue;
    batch.rows.push_back(i);
    batch.lengths.push_back(row.tokens.size());
    batch.offsets.push_back(batch.offsets.back() + wanted);
  }
  return batch;
}

template <typename Real>
SupervisedLearner<Real>::SupervisedLearner(const SupervisedOptions& options,
                                           model::Policy<Real>* policy,
                                           std::unique_ptr<ParameterUpdater<Real>> updater)
    : options_(options), policy_(policy), updater_(std::move(updater)) {}

template <typename Real>
Result<std::unique_ptr<SupervisedLearner<Real>>> SupervisedLearner<Real>::Create(
    const SupervisedOptions& options, model::Policy<Real>* policy) {
  WINNOW_ASSIGN_OR_RETURN(auto updater,
                          ParameterUpdater<Real>::Create(options.optim, options.schedule, policy));
  return std::unique_ptr<SupervisedLearner>(
      new SupervisedLearner(options, policy, std::move(updater)));
}

template <typename Real>
Result<SupervisedReport> SupervisedLearner<Real>::Step(std::span<const SupervisedRow> rows,
                                                       int64_t step) {
  const double start = MonotonicSeconds();
  WINNOW_ASSIGN_OR_RETURN(const RowBatch batch, CountRows(rows));
  WINNOW_ASSIGN_OR_RETURN(const std::vector<MicroBatch> packed,
                          PackSequences(batch.lengths, options_.packing));
  SupervisedReport report;
  report.num_tokens = batch.offsets.back();
  report.metrics = {{"sft/loss", std::nullopt},
                    {"sft/perplexity", std::nullopt},
                    {"sft/token_accuracy", std::nullopt},
                    {"update/grad_norm", std::nullopt},
                    {"update/lr", updater_->LearningRate(step)},
                    {"update/skipped", 1},
                    {"perf/tokens_per_s", std::nullopt}};
  if (report.num_tokens == 0) return report;
  std::vector<double> logp(report.num_tokens);  // x in row order
  double num_tokens = 0;
  policy_->ClearGradient();
  for (const MicroBatch& micro : packed) {
    WINNOW_ASSIGN_OR_RETURN(const bool finite, RunMicroBatch(micro, rows, batch, &logp));
    if (!finite) return report;
    num_tokens += static_cast<double>(micro.num_tokens);
  }
  double sum = 0;
  for (double x : logp) sum += x;
  report.loss = -sum / static_cast<double>(report.num_tokens);
  WINNOW_ASSIGN_OR_RETURN(const ParameterUpdateReport update, updater_->Apply(step));
  report.applied = update.applied;
  report.metrics["sft/loss"] = report.loss;
  report.metrics["sft/perplexity"] = std::exp(report.loss);
  report.metrics["update/grad_norm"] = update.grad_norm;
  report.metrics["update/skipped"] = update.applied ? 0 : 1;
  report.metrics["perf/tokens_per_s"] = Fraction(num_tokens, MonotonicSeconds() - start);
  return report;
}

template <typename Real>
Result<bool> SupervisedLearner<Real>::RunMicroBatch(const MicroBatch& micro,
                                                    std::span<const SupervisedRow> rows,
                                                    const RowBatch& batch,
                                                    std::vector<double>* logp) {
  std::vector<model::TrainSequence> sequences;
  for (size_t i : micro.sequences) {
    sequences.push_back({.tokens = rows[batch.rows[i]].tokens, .mask = rows[batch.rows[i]].mask});
  }
  model::HeadValues<Real> values;
  policy_->TrainForward(sequences, options_.train, /*reference=*/nullptr, &values);
  size_t next = 0;
  for (size_t i : micro.sequences) {
    for (size_t t = batch.offsets[i]; t < batch.offsets[i + 1]; ++t, ++next) {
      (*logp)[t] = static_cast<double>(values.log_prob[next]);
      if (std::isfinite((*logp)[t])) continue;
      WINNOW_RETURN_IF_ERROR(
          updater_->Skip(Format("loss is not finite: row {}, trained token {}: x {}", batch.rows[i],
                                t - batch.offsets[i], (*logp)[t])));
      return false;
    }
  }
  const Real weight = static_cast<Real>(-1.0 / static_cast<double>(logp->size()));
  policy_->TrainBackward(std::vector<device::HeadRowGradient<Real>>(next, {.log_prob = weight}));
  return true;
}

template <typename Real>
std::string SupervisedLearner<Real>::StateJson() const {
  return WriteLearnerState({.num_updates = updater_->optimizer().num_updates(),
                            .kl_coef = 0,
                            .skipped_in_a_row = updater_->skipped_in_a_row()});
}

template <typename Real>
Status SupervisedLearner<Real>::LoadStateJson(std::string_view json) {
  WINNOW_ASSIGN_OR_RETURN(const LearnerState state, ReadLearnerState(json));
  updater_->optimizer().set_num_updates(state.num_updates);
  updater_->set_skipped_in_a_row(state.skipped_in_a_row);
  return OkStatus();
}

template class SupervisedLearner<float>;
template class SupervisedLearner<double>;

}  // namespace winnow::learner

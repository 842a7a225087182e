#include "learner/update.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/log.h"
#include "learner/advantage/registry.h"
#include "learner/learner_state.h"
#include "learner/loss/registry.h"
#include "learner/mini_batches.h"
#include "learner/policy_passes.h"

namespace winnow::learner {
namespace {

const Logger log("learner");

// The sequences of `indices` as passes take them, with the batch's masks.
std::vector<PassInput> PassInputs(const TokenBatch& batch, std::span<const size_t> indices) {
  std::vector<PassInput> inputs;
  for (size_t i : indices) {
    const TrainTrajectory& trajectory = *batch.sequences[i].trajectory;
    inputs.push_back(
        {.tokens = trajectory.tokens,
         .prompt_length = trajectory.prompt_length,
         .mask = std::span(batch.mask).subspan(batch.offsets[i], trajectory.sampled.size()),
         .group = batch.sequences[i].group});
  }
  return inputs;
}

// Sequences with a token that counts, in batch order.
std::vector<size_t> TrainedSequences(const TokenBatch& batch) {
  std::vector<size_t> trained;
  for (size_t i = 0; i < batch.sequences.size(); ++i) {
    if (CountMasked(batch.mask, batch.offsets[i], batch.offsets[i + 1]) > 0) trained.push_back(i);
  }
  return trained;
}

// Writes per-sequence results of a pass over `indices` into a flat array of the batch.
void Scatter(const TokenBatch& batch, std::span<const size_t> indices,
             const std::vector<std::vector<double>>& values, std::vector<double>* out) {
  out->assign(batch.num_tokens(), 0.0);
  for (size_t i = 0; i < indices.size(); ++i) {
    std::copy(values[i].begin(), values[i].end(),
              out->begin() + static_cast<ptrdiff_t>(batch.offsets[indices[i]]));
  }
}

// Adds |x − stored| of one token, if the learner's own version generated it and x is a number.
void AddMismatch(const TokenBatch& batch, size_t sequence, size_t token, double logp,
                 StepMetrics* metrics) {
  if (batch.sequences[sequence].staleness != 0 || !std::isfinite(logp)) return;
  const double rounded = static_cast<double>(static_cast<float>(logp));
  metrics->AddLogpDifference(std::abs(rounded - batch.stored_logp[token]));
}

std::string DescribeNonFinite(const MiniBatch& mini, size_t seq, size_t token) {
  const SequenceIdentity& identity = mini.identities[seq];
  return Format(
      "loss is not finite: sequence {} (prompt {}, sample {}), position {}: x {}, x_old {}, A {}",
      mini.members[seq], ToHex(identity.prompt), identity.sample,
      identity.first_position + (token - mini.offsets[seq]), mini.logp[token], mini.old_logp[token],
      mini.advantage[token]);
}

}  // namespace

template <typename Real>
struct Learner<Real>::StepState {
  StepContext context;
  TokenBatch batch;
  StepMetrics metrics;
  bool old_logp_known = false;   // else x_old = x of the only update
  bool old_logp_passed = false;  // x_old is x under the weights before the first update
  bool all_weights_zero = false;
  uint32_t update = 0;  // index of the update within the step
};

template <typename Real>
Learner<Real>::Learner(const LearnerOptions& options, model::Policy<Real>* policy,
                       model::Policy<Real>* reference,
                       std::unique_ptr<AdvantageEstimator> estimator,
                       std::unique_ptr<PolicyLoss> loss,
                       std::unique_ptr<ParameterUpdater<Real>> updater)
    : options_(options),
      policy_(policy),
      reference_(reference),
      estimator_(std::move(estimator)),
      loss_(std::move(loss)),
      updater_(std::move(updater)),
      kl_coef_(options.kl_ctrl.kl_coef) {}

template <typename Real>
Result<std::unique_ptr<Learner<Real>>> Learner<Real>::Create(const LearnerOptions& options,
                                                             model::Policy<Real>* policy,
                                                             model::Policy<Real>* reference) {
  WINNOW_ASSIGN_OR_RETURN(auto estimator,
                          MakeAdvantageEstimator(options.adv_estimator, options.advantage));
  WINNOW_ASSIGN_OR_RETURN(auto loss, MakePolicyLoss(options.policy_loss));
  WINNOW_ASSIGN_OR_RETURN(auto updater,
                          ParameterUpdater<Real>::Create(options.optim, options.schedule, policy));
  if (options.needs_reference() && reference == nullptr) {
    return InvalidArgument("learner: a KL to the reference policy needs a reference policy: none");
  }
  if (options.policy_loss.loss_mode == "gspo" &&
      options.objective.loss_agg_mode != LossAggregation::kSeqMeanTokenMean) {
    return InvalidArgument("learner.loss_agg_mode must be seq-mean-token-mean with loss_mode gspo");
  }
  if (options.use_kl_in_reward && options.objective.use_kl_loss) {
    return InvalidArgument(
        "learner.use_kl_loss and algorithm.use_kl_in_reward must not both be true");
  }
  if (options.kl_penalty == KlKind::kFull) {
    return InvalidArgument("algorithm.kl_penalty must be one of k1, k2, k3, abs: \"full\"");
  }
  return std::unique_ptr<Learner>(new Learner(options, policy, reference, std::move(estimator),
                                              std::move(loss), std::move(updater)));
}

template <typename Real>
Result<UpdateReport> Learner<Real>::Step(std::span<const TrainGroup> groups,
                                         const StepContext& context) {
  const double start = MonotonicSeconds();
  StepState state;
  state.context = context;
  WINNOW_ASSIGN_OR_RETURN(
      state.batch, FlattenBatch(groups, context.version, options_.mask_truncated_completions));
  state.metrics.AddGroups(groups);
  WINNOW_RETURN_IF_ERROR(PrepareLogProbs(&state));
  WINNOW_RETURN_IF_ERROR(PrepareAdvantages(&state));
  WINNOW_RETURN_IF_ERROR(PrepareCorrection(&state));
  state.metrics.AddBatch(state.batch);
  for (size_t epoch = 0; epoch < options_.ppo_epochs; ++epoch) {
    const MiniBatchOrder order = {.ppo_mini_batch_size = options_.ppo_mini_batch_size,
                                  .shuffle = options_.shuffle,
                                  .seed = context.seed,
                                  .step = static_cast<uint32_t>(context.step),
                                  .epoch = static_cast<uint32_t>(epoch)};
    for (const std::vector<size_t>& sequences : SplitIntoMiniBatches(state.batch, order)) {
      WINNOW_RETURN_IF_ERROR(RunUpdate(sequences, &state));
      ++state.update;
    }
  }
  const std::optional<double> mismatch = state.metrics.max_logp_difference();
  if (mismatch && *mismatch != 0) {
    log.Warning(Format("log-probs differ from those stored by the rollout: max |difference| {}",
                       *mismatch));
  }
  return UpdateReport{
      .metrics = state.metrics.Finish(updater_->LearningRate(context.step),
                                      MonotonicSeconds() - start, options_.peak_tflops),
      .num_updates = state.metrics.num_updates(),
      .num_skipped = state.metrics.num_skipped(),
      .max_logp_mismatch = mismatch};
}

template <typename Real>
Status Learner<Real>::PrepareLogProbs(StepState* state) {
  TokenBatch& batch = state->batch;
  const double start = MonotonicSeconds();
  const std::vector<size_t> trained = TrainedSequences(batch);
  const std::vector<PassInput> inputs = PassInputs(batch, trained);
  batch.old_logp.assign(batch.num_tokens(), 0.0);
  if (options_.needs_reference()) {
    WINNOW_ASSIGN_OR_RETURN(const auto values, LogProbPass(std::span(inputs), options_.packing,
                                                           options_.train.temperature, reference_));
    Scatter(batch, trained, values, &batch.ref_logp);
  }
  const bool one_update =
      options_.ppo_epochs == 1 &&
      (options_.ppo_mini_batch_size == 0 || options_.ppo_mini_batch_size >= batch.num_groups);
  if (options_.rollout_correction.bypass_mode) {
    batch.old_logp = batch.behaviour_logp;
    state->old_logp_known = true;
  } else if (!one_update || loss_->needs_selection() || options_.use_kl_in_reward ||
             options_.rollout_correction.active()) {
    WINNOW_ASSIGN_OR_RETURN(const auto values, LogProbPass(std::span(inputs), options_.packing,
                                                           options_.train.temperature, policy_));
    Scatter(batch, trained, values, &batch.old_logp);
    state->old_logp_known = state->old_logp_passed = true;
    std::vector<size_t> lengths;
    for (const PassInput& input : inputs) lengths.push_back(input.tokens.size());
    for (size_t i : CanonicalOrder(lengths)) {
      const size_t sequence = trained[i];
      for (size_t t = batch.offsets[sequence]; t < batch.offsets[sequence + 1]; ++t) {
        if (batch.mask[t]) AddMismatch(batch, sequence, t, batch.old_logp[t], &state->metrics);
      }
    }
  }
  state->metrics.cost().forward_s += MonotonicSeconds() - start;
  return CheckMismatch(*state);
}

template <typename Real>
Status Learner<Real>::CheckMismatch(const StepState& state) const {
  const std::optional<double> largest = state.metrics.max_logp_difference();
  if (!largest || *largest == 0 || !options_.stop_on_logp_mismatch) return OkStatus();
  return DataLoss(
      Format("learner.logp_mismatch: log-probs of version {} differ from those stored by the "
             "rollout, and must be equal bit for bit: max |difference| {}",
             state.context.version.value(), *largest));
}

template <typename Real>
Status Learner<Real>::PrepareAdvantages(StepState* state) {
  TokenBatch& batch = state->batch;
  batch.advantage.assign(batch.num_tokens(), 0.0);
  if (std::find(batch.mask.begin(), batch.mask.end(), 1) == batch.mask.end()) return OkStatus();
  const size_t num_sequences = batch.sequences.size();
  std::vector<double> token_reward(batch.num_tokens(), 0.0), reward(num_sequences);
  std::vector<size_t> group(num_sequences);
  std::vector<uint8_t> scored(num_sequences, 1);
  for (size_t i = 0; i < num_sequences; ++i) {
    group[i] = batch.sequences[i].group;
    reward[i] = static_cast<double>(batch.sequences[i].trajectory->reward);
    for (size_t t = batch.offsets[i + 1]; t-- > batch.offsets[i];) {
      if (!batch.mask[t]) continue;
      token_reward[t] = reward[i];
      break;
    }
  }
  if (options_.use_kl_in_reward) {
    const KlPenalisedRewards penalised =
        PenaliseRewards(options_.kl_penalty, kl_coef_, batch.offsets, batch.mask, token_reward,
                        batch.old_logp, batch.ref_logp);
    for (size_t i = 0; i < num_sequences; ++i) {
      for (size_t t = batch.offsets[i]; t < batch.offsets[i + 1]; ++t) {
        if (batch.mask[t]) reward[i] += penalised.token_reward[t] - token_reward[t];
      }
    }
    token_reward = penalised.token_reward;
    kl_coef_ = NextKlCoef(options_.kl_ctrl, kl_coef_, penalised.mean_kl, penalised.num_sequences);
  }
  WINNOW_ASSIGN_OR_RETURN(batch.advantage, estimator_->Estimate({.offsets = batch.offsets,
                                                                 .mask = batch.mask,
                                                                 .group = group,
                                                                 .scored = scored,
                                                                 .reward = reward,
                                                                 .token_reward = token_reward}));
  for (double& advantage : batch.advantage) {
    advantage = static_cast<double>(static_cast<Real>(advantage));
  }
  return OkStatus();
}

template <typename Real>
Status Learner<Real>::PrepareCorrection(StepState* state) {
  const CorrectionOptions& correction = options_.rollout_correction;
  if (!correction.active()) return OkStatus();
  TokenBatch& batch = state->batch;
  ImportanceWeights weights;
  if (correction.rollout_is != ImportanceLevel::kNone) {
    weights = ComputeImportanceWeights(correction, batch.offsets, batch.mask, batch.old_logp,
                                       batch.behaviour_logp);
  }
  const std::optional<PolicyGap> gap =
      MeasurePolicyGap(batch.offsets, batch.mask, batch.old_logp, batch.behaviour_logp);
  const size_t before = CountMasked(batch.mask, 0, batch.num_tokens());
  batch.mask =
      RejectTokens(correction, batch.offsets, batch.mask, batch.old_logp, batch.behaviour_logp);
  const size_t after = CountMasked(batch.mask, 0, batch.num_tokens());
  state->metrics.AddImportance(weights, batch, before - after, gap);
  if (weights.weight.empty()) return OkStatus();
  state->all_weights_zero = std::all_of(weights.weight.begin(), weights.weight.end(),
                                        [](double weight) { return weight == 0; });
  batch.weight = std::move(weights.weight);
  return OkStatus();
}

template <typename Real>
Status Learner<Real>::SelectTokens(const std::vector<PassInput>& inputs, StepState* state,
                                   MiniBatch* mini) {
  const double start = MonotonicSeconds();
  if (state->old_logp_passed && state->metrics.num_updates() == 0) {
    mini->logp = mini->old_logp;
  } else {
    WINNOW_ASSIGN_OR_RETURN(const auto values, LogProbPass(std::span(inputs), options_.packing,
                                                           options_.train.temperature, policy_));
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::copy(values[i].begin(), values[i].end(),
                mini->logp.begin() + static_cast<ptrdiff_t>(mini->offsets[i]));
    }
  }
  mini->selected = loss_->Select(
      mini->Tokens(),
      {.seed = state->context.seed, .update = state->update, .sequences = mini->identities});
  state->metrics.cost().selection_s += MonotonicSeconds() - start;
  return OkStatus();
}

template <typename Real>
Status Learner<Real>::RunUpdate(std::span<const size_t> sequences, StepState* state) {
  StepCost& cost = state->metrics.cost();
  MiniBatch mini = GatherMiniBatch(state->batch, sequences);
  if (mini.counts.num_tokens == 0 || state->all_weights_zero) {
    state->metrics.AddSkipped();
    return OkStatus();
  }
  const std::vector<PassInput> inputs = PassInputs(state->batch, mini.members);
  if (loss_->needs_selection()) WINNOW_RETURN_IF_ERROR(SelectTokens(inputs, state, &mini));
  WINNOW_ASSIGN_OR_RETURN(const std::vector<MicroBatch> packed,
                          PackInputs(inputs, options_.packing));
  Objective objective(options_.objective, *loss_, mini);
  policy_->ClearGradient();
  for (const MicroBatch& micro : packed) {
    cost.packed_tokens += static_cast<double>(micro.num_tokens);
    cost.packed_capacity += static_cast<double>(options_.packing.ppo_max_token_len_per_gpu);
    WINNOW_ASSIGN_OR_RETURN(const bool finite,
                            RunMicroBatch(micro, inputs, &mini, &objective, state));
    if (!finite) {
      state->metrics.AddSkipped();
      return OkStatus();
    }
  }
  state->metrics.AddUpdate(mini, objective, loss_->needs_selection());
  const double start = MonotonicSeconds();
  WINNOW_ASSIGN_OR_RETURN(const ParameterUpdateReport report, updater_->Apply(state->context.step));
  cost.optimizer_s += MonotonicSeconds() - start;
  state->metrics.AddParameterUpdate(report);
  return OkStatus();
}

template <typename Real>
Result<bool> Learner<Real>::RunMicroBatch(const MicroBatch& micro,
                                          const std::vector<PassInput>& inputs, MiniBatch* mini,
                                          Objective* objective, StepState* state) {
  StepCost& cost = state->metrics.cost();
  const double start = MonotonicSeconds();
  const PassRows rows(inputs, micro);
  model::HeadValues<Real> values;
  policy_->TrainForward(rows.sequences(), options_.train,
                        options_.needs_full_kl() ? reference_ : nullptr, &values);
  StoreValues(rows, values, mini, state);
  for (size_t at = 0; at < micro.sequences.size(); ++at) {
    const size_t i = micro.sequences[at];
    cost.num_tokens += static_cast<double>(inputs[i].tokens.size());
    cost.num_flops +=
        TrainingFlops(policy_->config(), micro.num_shared[at], inputs[i].tokens.size(),
                      CountMasked(inputs[i].mask, 0, inputs[i].mask.size()));
    const std::optional<size_t> bad = objective->EvaluateSequence(i);
    if (bad) {
      WINNOW_RETURN_IF_ERROR(updater_->Skip(DescribeNonFinite(*mini, i, *bad)));
      return false;
    }
  }
  WINNOW_RETURN_IF_ERROR(CheckMismatch(*state));
  std::vector<device::HeadRowGradient<Real>> gradients;
  rows.ForEachWanted([&](size_t i, size_t position) {
    const TokenGradient& gradient = objective->gradients()[mini->offsets[i] + position];
    gradients.push_back({.log_prob = static_cast<Real>(gradient.logp),
                         .entropy = static_cast<Real>(gradient.entropy),
                         .kl = static_cast<Real>(gradient.kl)});
  });
  const double middle = MonotonicSeconds();
  policy_->TrainBackward(gradients);
  cost.forward_s += middle - start;
  cost.backward_s += MonotonicSeconds() - middle;
  return true;
}

template <typename Real>
void Learner<Real>::StoreValues(const PassRows& rows, const model::HeadValues<Real>& values,
                                MiniBatch* mini, StepState* state) const {
  const bool is_first_forward = state->update == 0 && !state->old_logp_passed;
  size_t next = 0;
  rows.ForEachWanted([&](size_t i, size_t position) {
    const size_t t = mini->offsets[i] + position;
    mini->logp[t] = static_cast<double>(values.log_prob[next]);
    mini->entropy[t] = static_cast<double>(values.entropy[next]);
    if (options_.needs_full_kl()) mini->head_kl[t] = static_cast<double>(values.kl[next]);
    if (!state->old_logp_known) mini->old_logp[t] = mini->logp[t];
    if (is_first_forward) {
      const size_t sequence = mini->members[i];
      AddMismatch(state->batch, sequence, state->batch.offsets[sequence] + position, mini->logp[t],
                  &state->metrics);
    }
    ++next;
  });
  WINNOW_CHECK_EQ(next, values.log_prob.size());
}

template <typename Real>
std::string Learner<Real>::StateJson() const {
  return WriteLearnerState({.num_updates = updater_->optimizer().num_updates(),
                            .kl_coef = kl_coef_,
                            .skipped_in_a_row = updater_->skipped_in_a_row()});
}

template <typename Real>
Status Learner<Real>::LoadStateJson(std::string_view json) {
  WINNOW_ASSIGN_OR_RETURN(const LearnerState state, ReadLearnerState(json));
  updater_->optimizer().set_num_updates(state.num_updates);
  updater_->set_skipped_in_a_row(state.skipped_in_a_row);
  kl_coef_ = state.kl_coef;
  return OkStatus();
}

template class Learner<float>;
template class Learner<double>;

}  // namespace winnow::learner

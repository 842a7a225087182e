#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "learner/advantage/interface.h"
#include "learner/batch.h"
#include "learner/loss/correction.h"
#include "learner/loss/interface.h"
#include "learner/metrics.h"
#include "learner/objective.h"
#include "learner/optim/interface.h"
#include "learner/optim/schedule.h"
#include "learner/packing.h"
#include "learner/parameter_update.h"
#include "learner/policy_passes.h"
#include "learner/step_metrics.h"
#include "model/policy.h"

namespace winnow::learner {

// The learner.* and algorithm.* keys of a job, typed; names are those of spec/config.md.
struct LearnerOptions {
  size_t ppo_mini_batch_size = 0;  // prompts; 0 = the whole training batch
  size_t ppo_epochs = 1;
  bool shuffle = false;
  PackingLimits packing;
  PolicyLossOptions policy_loss;
  ObjectiveOptions objective;  // aggregation, entropy, KL loss
  bool mask_truncated_completions = false;
  OptimizerOptions optim;
  ScheduleOptions schedule;
  model::TrainOptions train;          // recompute, head_chunk_tokens, rollout.temperature
  bool stop_on_logp_mismatch = true;  // learner.logp_mismatch: error (false: warn)
  std::string adv_estimator = "grpo";
  AdvantageOptions advantage;
  bool use_kl_in_reward = false;
  KlKind kl_penalty = KlKind::kK1;
  KlControl kl_ctrl;
  CorrectionOptions rollout_correction;
  std::optional<double> peak_tflops;  // metrics.peak_tflops; null: no MFU

  // True if a key needs log-probs of a reference policy.
  bool needs_reference() const { return use_kl_in_reward || objective.use_kl_loss; }
  // True if the head computes the KL over the whole vocabulary.
  bool needs_full_kl() const {
    return objective.use_kl_loss && objective.kl_loss_type == KlKind::kFull;
  }
};

// What a step is a function of, beside its groups.
struct StepContext {
  int64_t step = 0;       // u, index of the training step from 0
  uint64_t seed = 0;      // run.seed
  PolicyVersion version;  // of the weights before the step
};

struct UpdateReport {
  MetricMap metrics;
  size_t num_updates = 0;                   // optimizer steps made
  size_t num_skipped = 0;                   // given up: nothing to train on, or not finite
  std::optional<double> max_logp_mismatch;  // max |x − stored|, tokens of the current version
};

// Makes policy version v + 1 of version v and a batch of groups with verdicts (learner.md §7).
// Place:     one per process; its policy is the one that rollout uses, in turn.
// Threads:   one caller; heavy work is spread over the policy's pool.
// Ownership: holds the optimizer's state; policy and reference are borrowed and must outlive it.
// Bits:      micro-batches, packing and threads change nothing (learner.md §7, T3).
// Errors:    kDataLoss if log-probs of current tokens differ from the stored ones and
//            stop_on_logp_mismatch; kInternal after three skipped updates in a row; both exit 42.
//            kInvalidArgument for groups that do not fit the options. Weights are those of the last
//            applied update.
template <typename Real>
class Learner {
 public:
  // `reference` may be null unless options.needs_reference().
  static Result<std::unique_ptr<Learner>> Create(const LearnerOptions& options,
                                                 model::Policy<Real>* policy,
                                                 model::Policy<Real>* reference);

  Result<UpdateReport> Step(std::span<const TrainGroup> groups, const StepContext& context);

  // Per trained parameter, in the order of policy.trainable(); written and read by checkpoints.
  std::span<Real> first_moment() { return updater_->optimizer().first_moment(); }
  std::span<Real> second_moment() { return updater_->optimizer().second_moment(); }
  // The rest of the state as JSON: update count, KL coefficient, updates skipped in a row.
  std::string StateJson() const;
  // Errors: kDataLoss if `json` is not what StateJson writes.
  Status LoadStateJson(std::string_view json);

 private:
  struct StepState;

  Learner(const LearnerOptions& options, model::Policy<Real>* policy,
          model::Policy<Real>* reference, std::unique_ptr<AdvantageEstimator> estimator,
          std::unique_ptr<PolicyLoss> loss, std::unique_ptr<ParameterUpdater<Real>> updater);

  // Step in order: what is known before the first update, then each update.
  Status PrepareLogProbs(StepState* state);
  Status PrepareAdvantages(StepState* state);
  Status PrepareCorrection(StepState* state);
  Status RunUpdate(std::span<const size_t> sequences, StepState* state);
  Status SelectTokens(const std::vector<PassInput>& inputs, StepState* state, MiniBatch* mini);
  // One micro-batch forward and backward; false if a value was not finite.
  Result<bool> RunMicroBatch(const MicroBatch& micro, const std::vector<PassInput>& inputs,
                             MiniBatch* mini, Objective* objective, StepState* state);
  // x, H of a forward pass into `mini`; x_old too if this is the only update.
  void StoreValues(const PassRows& rows, const model::HeadValues<Real>& values, MiniBatch* mini,
                   StepState* state) const;
  Status CheckMismatch(const StepState& state) const;

  const LearnerOptions options_;
  model::Policy<Real>* const policy_;
  model::Policy<Real>* const reference_;
  const std::unique_ptr<AdvantageEstimator> estimator_;
  const std::unique_ptr<PolicyLoss> loss_;
  const std::unique_ptr<ParameterUpdater<Real>> updater_;
  double kl_coef_;  // β of a KL in the reward
};

extern template class Learner<float>;
extern template class Learner<double>;

}  // namespace winnow::learner

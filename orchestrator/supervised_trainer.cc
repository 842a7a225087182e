#include "orchestrator/supervised_trainer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/clock.h"
#include "base/format.h"
#include "orchestrator/filter/offer_source.h"
#include "orchestrator/trainer.h"

namespace winnow::orchestrator {
namespace {

constexpr const char* kFormat = "winnow-sft-state/1";

// Rows are numbered, so their place is their id.
std::vector<size_t> EpochOrder(size_t num_rows, uint64_t seed, bool shuffle, uint64_t epoch) {
  std::vector<PromptId> ids;
  for (size_t i = 0; i < num_rows; ++i) ids.push_back(PromptId(i));
  const KeyedOfferSource source(std::move(ids), seed, shuffle, /*total_epochs=*/0);
  std::vector<size_t> order;
  for (const PromptId id : source.Order(static_cast<uint32_t>(epoch))) order.push_back(id.value());
  return order;
}

}  // namespace

SupervisedTrainer::SupervisedTrainer(const SupervisedTrainerOptions& options,
                                     const SupervisedData* data, model::Policy<float>* policy,
                                     learner::SupervisedLearner<float>* learner,
                                     const RunFolder* folder, MetricsHub* metrics)
    : options_(options),
      data_(data),
      policy_(policy),
      learner_(learner),
      folder_(folder),
      metrics_(metrics) {}

uint64_t SupervisedTrainer::total_steps() const {
  uint64_t steps = options_.total_steps.value_or(UINT64_MAX);
  if (options_.total_epochs.has_value()) {
    steps = std::min(steps, *options_.total_epochs * data_->rows.size() / options_.batch_size);
  }
  return steps;
}

Status SupervisedTrainer::Restore(const learner::FoundCheckpoint& checkpoint) {
  WINNOW_ASSIGN_OR_RETURN(const std::string text, learner::ReadCheckpointState(checkpoint));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", "") != kFormat) {
    return DataLoss(checkpoint.folder + "/state.json must have format " + kFormat);
  }
  if (json.value("data_digest", "") != ToHex(data_->digest)) {
    return FailedPrecondition(
        "data.train_files must hold the rows that the run began with: they have changed");
  }
  const model::ParameterLayout& layout = policy_->trainable_layout();
  WINNOW_RETURN_IF_ERROR(learner::ReadCheckpointParameters(
      checkpoint, CheckpointTensors(layout, policy_->trainable())));
  WINNOW_RETURN_IF_ERROR(learner::ReadCheckpointMoments(
      checkpoint, CheckpointTensors(layout, learner_->first_moment()),
      CheckpointTensors(layout, learner_->second_moment())));
  WINNOW_RETURN_IF_ERROR(learner_->LoadStateJson(json.value("learner", "")));
  policy_->WeightsChanged();
  step_ = saved_step_ = checkpoint.manifest.step;
  return OkStatus();
}

Status SupervisedTrainer::Run(const std::atomic<int>* stop) {
  const double start = MonotonicSeconds();
  const uint64_t first = step_;
  const uint64_t last = total_steps();
  while (step_ < last && stop->load() == 0) {
    const std::vector<learner::SupervisedRow> batch = NextBatch();
    WINNOW_ASSIGN_OR_RETURN(const learner::SupervisedReport report,
                            learner_->Step(batch, static_cast<int64_t>(step_)));
    ++step_;
    MetricList metrics;
    for (const auto& [name, value] : report.metrics) metrics.push_back({name, value});
    WINNOW_RETURN_IF_ERROR(metrics_->OnStep(step_, metrics,
                                            {.step = step_,
                                             .total_steps = last,
                                             .steps_done = step_ - first,
                                             .elapsed_s = MonotonicSeconds() - start,
                                             .loss = report.loss}));
    const bool due =
        options_.save_freq > 0 && step_ % static_cast<uint64_t>(options_.save_freq) == 0;
    if (due || step_ == last) WINNOW_RETURN_IF_ERROR(SaveCheckpoint());
  }
  if (step_ >= last) return OkStatus();
  if (saved_step_ != step_) WINNOW_RETURN_IF_ERROR(SaveCheckpoint());
  return Unavailable(Format("stopped by a signal after step {}; start again to go on", step_));
}

// Rows [step·B, (step + 1)·B) of the epochs' permutations laid end to end.
std::vector<learner::SupervisedRow> SupervisedTrainer::NextBatch() {
  const size_t num_rows = data_->rows.size();
  std::vector<learner::SupervisedRow> batch;
  for (uint64_t i = step_ * options_.batch_size; i < (step_ + 1) * options_.batch_size; ++i) {
    const uint64_t epoch = i / num_rows;
    if (order_epoch_ != epoch) {
      order_ = EpochOrder(num_rows, options_.seed, options_.shuffle, epoch);
      order_epoch_ = epoch;
    }
    batch.push_back(data_->rows[order_[i % num_rows]]);
  }
  return batch;
}

Status SupervisedTrainer::SaveCheckpoint() {
  const model::ParameterLayout& layout = policy_->trainable_layout();
  nlohmann::ordered_json state;
  state["format"] = kFormat;
  state["data_digest"] = ToHex(data_->digest);
  state["learner"] = learner_->StateJson();
  learner::CheckpointContents contents;
  contents.manifest = {.step = step_,
                       .policy_version = step_,
                       .weights_digest = ToHex(policy_->WeightsDigest()),
                       .hist_digest = ToHex(Digest())};
  contents.parameters = CheckpointTensors(layout, policy_->trainable());
  contents.first_moment = CheckpointTensors(layout, learner_->first_moment());
  contents.second_moment = CheckpointTensors(layout, learner_->second_moment());
  contents.state_json = state.dump(1);
  learner::TrainingCheckpointWriter writer(folder_->checkpoints(), options_.retention);
  WINNOW_RETURN_IF_ERROR(writer.Write(contents).WithPrefix("checkpoint"));
  saved_step_ = step_;
  return OkStatus();
}

}  // namespace winnow::orchestrator

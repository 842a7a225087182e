#include "orchestrator/trainer.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"

namespace winnow::orchestrator {
namespace {

constexpr Logger kLog("orchestrator");

GroupKey KeyOf(const store::Outcome& outcome) {
  return {.step = outcome.step, .prompt = outcome.prompt, .occurrence = outcome.occurrence};
}

learner::TrainGroup ToTrainGroup(const JudgedGroup& group, const GroupKey& key) {
  learner::TrainGroup train{
      .prompt = key.prompt, .occurrence = key.occurrence, .step = static_cast<uint32_t>(key.step)};
  for (const JudgedTrajectory& judged : group.samples) {
    const rollout::Trajectory& trajectory = judged.trajectory;
    learner::TrainTrajectory one;
    one.tokens = group.prompt->tokens;
    one.tokens.insert(one.tokens.end(), trajectory.tokens.begin(), trajectory.tokens.end());
    one.prompt_length = group.prompt->tokens.size();
    one.sampled.assign(trajectory.tokens.size(), 1);
    one.behaviour_logp = trajectory.log_probs;
    one.stored_logp = trajectory.full_log_probs;
    one.scored = judged.verdict.is_scored() && !trajectory.tokens.empty();
    one.reward = one.scored ? judged.verdict.reward() : 0;
    one.truncated = trajectory.finish == FinishReason::kLength;
    one.sample_index = trajectory.sample;
    one.version = trajectory.version;
    train.trajectories.push_back(std::move(one));
  }
  return train;
}

// Mean length of the responses in a prompt's last group; 0 if it has none.
Result<size_t> MeanLastLength(const store::RewardHistory& history, PromptId prompt) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<store::Outcome> outcomes, history.Outcomes(prompt));
  if (outcomes.empty() || outcomes.back().samples.empty()) return size_t{0};
  size_t sum = 0;
  for (const store::SampleOutcome& sample : outcomes.back().samples) sum += sample.length;
  return sum / outcomes.back().samples.size();
}

}  // namespace

std::vector<learner::CheckpointTensor> CheckpointTensors(const model::ParameterLayout& layout,
                                                         std::span<float> values) {
  std::vector<learner::CheckpointTensor> tensors;
  for (const model::Parameter& parameter : layout.parameters()) {
    tensors.push_back({.name = parameter.name,
                       .shape = {parameter.shape.begin(), parameter.shape.end()},
                       .values = values.subspan(parameter.offset, parameter.size)});
  }
  return tensors;
}

Trainer::Trainer(const TrainerOptions& options, const TrainerParts& parts,
                 std::optional<store::AbandonedHistory> abandoned)
    : options_(options),
      parts_(parts),
      abandoned_(std::move(abandoned)),
      window_(options.max_unknown_fraction) {
  state_.data_digest = ToHex(parts.train->digest());
  state_.tokenizer_digest = ToHex(parts.tokenizer->digest());
  state_.arithmetic = options.arithmetic;
}

Status Trainer::Restore(const RunState& state, std::vector<std::string>* notes) {
  if (state.data_digest != state_.data_digest) {
    return FailedPrecondition(
        "data.train_files must hold the rows that the run began with: they have changed");
  }
  if (state.tokenizer_digest != state_.tokenizer_digest) {
    return FailedPrecondition("the tokenizer must be the one that the run began with: it changed");
  }
  if (state.arithmetic != options_.arithmetic) {
    return FailedPrecondition(Format("model.dtype must be {}, with which the run began: {}",
                                     state.arithmetic, options_.arithmetic));
  }
  state_ = state;
  saved_step_ = state.step;
  WINNOW_RETURN_IF_ERROR(parts_.learner->LoadStateJson(state.learner));
  return parts_.planner->Load(state.planner, notes);
}

bool Trainer::Done() const {
  return (options_.total_steps.has_value() && state_.updates_step >= *options_.total_steps) ||
         parts_.planner->ended();
}

Status Trainer::Run(const std::atomic<int>* stop) {
  stop_ = stop;
  first_step_ = state_.step;
  run_started_ = MonotonicSeconds();
  if (options_.val_before_train && state_.version == PolicyVersion(0) && state_.step == 0) {
    WINNOW_RETURN_IF_ERROR(Evaluate());
  }
  while (!Done() && stop->load() == 0) {
    WINNOW_RETURN_IF_ERROR(RunStep());
    const auto due = [this](int64_t every) {
      return every > 0 && state_.step % static_cast<uint64_t>(every) == 0;
    };
    const bool last = Done();
    const bool tests = options_.test_freq > 0 || options_.val_before_train;
    if (due(options_.test_freq) || (last && tests)) WINNOW_RETURN_IF_ERROR(Evaluate());
    if (due(options_.save_freq) || last) WINNOW_RETURN_IF_ERROR(SaveCheckpoint());
  }
  if (Done()) return OkStatus();
  if (saved_step_ != state_.step) WINNOW_RETURN_IF_ERROR(SaveCheckpoint());
  return Unavailable(
      Format("stopped by a signal after step {}; start again to go on", state_.step));
}

Status Trainer::RunStep() {
  step_started_ = MonotonicSeconds();
  stage_seconds_ = {};
  paused_s_ = 0;
  step_metrics_.clear();
  reward_sum_ = 0;
  num_scored_ = 0;
  const uint64_t step = state_.step + 1;
  parts_.history->BeginStep(step);
  parts_.planner->BeginStep(step, state_.version);
  std::map<GroupKey, StepGroup> groups;
  for (;;) {
    WINNOW_ASSIGN_OR_RETURN(const std::optional<Wave> wave, parts_.planner->NextWave());
    if (!wave.has_value()) break;
    WINNOW_RETURN_IF_ERROR(RunWave(*wave, &groups));
  }
  WINNOW_ASSIGN_OR_RETURN(const StepResult result, parts_.planner->FinishStep());
  if (!result.warning.empty()) kLog.Warning(result.warning);
  WINNOW_RETURN_IF_ERROR(Update(result, groups));
  state_.step = step;
  state_.prompts_skipped += result.skips.size();
  WINNOW_RETURN_IF_ERROR(StoreRollouts(groups));
  WINNOW_RETURN_IF_ERROR(Commit(result, &groups));
  WINNOW_RETURN_IF_ERROR(ReportStep());
  if (result.run_ends) kLog.Info("the run ends: " + result.end_reason);
  return OkStatus();
}

Status Trainer::RunWave(const Wave& wave, std::map<GroupKey, StepGroup>* groups) {
  std::vector<GroupPlan> plans;
  for (const PlannedGroup& planned : wave.groups) {
    const Prompt* prompt = parts_.train->Find(planned.prompt);
    WINNOW_CHECK(prompt != nullptr);
    WINNOW_ASSIGN_OR_RETURN(const size_t expected, MeanLastLength(*parts_.history, planned.prompt));
    plans.push_back({.prompt = prompt,
                     .key = {.seed = options_.seed,
                             .prompt = planned.prompt,
                             .step = static_cast<uint32_t>(state_.step + 1),
                             .use = NoiseUse::kTrain,
                             .occurrence = planned.occurrence},
                     .num_samples = options_.n,
                     .expected_tokens = expected});
  }
  WINNOW_ASSIGN_OR_RETURN(std::vector<JudgedGroup> judged,
                          parts_.stage->Run(plans, options_.generation, state_.version));
  stage_seconds_.generate += parts_.stage->seconds().generate;
  stage_seconds_.judge += parts_.stage->seconds().judge;
  WINNOW_RETURN_IF_ERROR(WatchVerdicts(&judged));
  std::vector<store::Outcome> outcomes;
  for (const JudgedGroup& group : judged) outcomes.push_back(MakeOutcome(group));
  WINNOW_RETURN_IF_ERROR(parts_.planner->OnOutcomes(outcomes));
  for (size_t g = 0; g < judged.size(); ++g) {
    for (const JudgedTrajectory& sample : judged[g].samples) {
      state_.response_tokens += sample.trajectory.tokens.size();
    }
    state_.rollouts += judged[g].samples.size();
    groups->emplace(KeyOf(outcomes[g]), StepGroup{std::move(judged[g]), outcomes[g]});
  }
  return OkStatus();
}

// A verifier that fails must not be taken for hard prompts: the run waits before it learns nothing.
Status Trainer::WatchVerdicts(std::vector<JudgedGroup>* groups) {
  std::string example;
  for (const JudgedGroup& group : *groups) {
    for (const JudgedTrajectory& sample : group.samples) {
      if (!sample.verdict.is_scored() && example.empty()) {
        example = group.prompt->origin + ": " + sample.verdict.ToString();
      }
      const reward::WindowState state = window_.Add(sample.verdict.kind());
      if (state == reward::WindowState::kStop) {
        return InvalidArgument(
            Format("more than half of the first {} verdicts are invalid, so data.answer_key or the "
                   "columns of the verifier are mapped wrongly: {}",
                   reward::VerdictWindow::kFirst, example));
      }
      if (state == reward::WindowState::kPause) {
        WINNOW_RETURN_IF_ERROR(Pause(groups, example));
      }
    }
  }
  for (const JudgedGroup& group : *groups) {
    for (const JudgedTrajectory& sample : group.samples) {
      reward_metrics_.Add(sample.verdict);
      if (!sample.verdict.is_scored()) continue;
      reward_sum_ += sample.verdict.reward();
      ++num_scored_;
    }
  }
  return OkStatus();
}

// Holds the unknown samples of the wave until the verifier is back, then judges them again.
Status Trainer::Pause(std::vector<JudgedGroup>* groups, const std::string& example) {
  std::vector<std::pair<JudgedGroup*, size_t>> held;
  for (JudgedGroup& group : *groups) {
    for (size_t s = 0; s < group.samples.size(); ++s) {
      const bool whole = group.samples[s].trajectory.finish != FinishReason::kError;
      if (whole && group.samples[s].verdict.is_unknown()) held.emplace_back(&group, s);
    }
  }
  const std::string reason = Format(
      "{} of the last {} verdicts of {} are unknown, more than reward.max_unknown_fraction "
      "= {}: {}",
      window_.unknown(), window_.size(), parts_.scorer->traits().name,
      options_.max_unknown_fraction, example);
  if (held.empty()) return Unavailable(reason);
  kLog.Warning(Format("paused: {}; {} samples are held, one is retried every {} s", reason,
                      held.size(), options_.pause.retry_every_s));
  const double begin = MonotonicSeconds();
  const auto judge = [&](size_t h) {
    const auto& [group, sample] = held[h];
    parts_.stage->JudgeAgain(group, sample);
    return group->samples[sample].verdict.kind();
  };
  const PauseHooks hooks{
      .retry = judge,
      .sleep = [](double s) { std::this_thread::sleep_for(std::chrono::duration<double>(s)); },
      .now = MonotonicSeconds,
      .must_stop = [this] { return stop_ != nullptr && stop_->load() != 0; }};
  WINNOW_RETURN_IF_ERROR(WaitForVerifier(options_.pause, hooks, held.size(), reason, &window_));
  for (size_t h = 0; h < held.size(); ++h) {
    if (held[h].first->samples[held[h].second].verdict.is_unknown()) judge(h);
  }
  paused_s_ += MonotonicSeconds() - begin;
  kLog.Info(Format("resumed after {:.1f} s", MonotonicSeconds() - begin));
  return OkStatus();
}

store::Outcome Trainer::MakeOutcome(const JudgedGroup& group) const {
  store::Outcome outcome{
      .prompt = group.prompt->id, .version_min = state_.version, .version_max = state_.version};
  for (const JudgedTrajectory& judged : group.samples) {
    store::SampleOutcome sample{.kind = judged.verdict.kind(),
                                .finish = judged.trajectory.finish,
                                .length = static_cast<uint32_t>(judged.trajectory.tokens.size())};
    if (judged.verdict.is_scored()) {
      sample.reward = judged.verdict.reward();
      sample.metric = sample.reward;
      if (options_.metric != "reward") {
        const double* part = judged.verdict.FindPart(options_.metric);
        // A verdict without the part says nothing about the metric: not scored for the filter.
        if (part == nullptr) {
          sample.kind = VerdictKind::kError;
        } else {
          sample.metric = static_cast<float>(*part);
        }
      }
    }
    outcome.samples.push_back(sample);
  }
  return outcome;
}

Status Trainer::Update(const StepResult& result, const std::map<GroupKey, StepGroup>& groups) {
  step_metrics_ = result.metrics;
  if (result.batch.empty()) return OkStatus();
  std::vector<learner::TrainGroup> batch;
  for (const GroupKey& key : result.batch) {
    const auto group = groups.find(key);
    WINNOW_CHECK(group != groups.end());
    batch.push_back(ToTrainGroup(group->second.judged, key));
  }
  const double start = MonotonicSeconds();
  WINNOW_ASSIGN_OR_RETURN(
      const learner::UpdateReport report,
      parts_.learner->Step(batch, {.step = static_cast<int64_t>(state_.updates_step),
                                   .seed = options_.seed,
                                   .version = state_.version}));
  for (const auto& [name, value] : report.metrics) step_metrics_.push_back({name, value});
  step_metrics_.push_back({"time/update_s", MonotonicSeconds() - start});
  state_.max_logp_mismatch =
      std::max(state_.max_logp_mismatch, report.max_logp_mismatch.value_or(0));
  ++state_.updates_step;
  if (report.num_updates > 0) state_.version = PolicyVersion(state_.version.value() + 1);
  return OkStatus();
}

Status Trainer::Commit(const StepResult& result, std::map<GroupKey, StepGroup>* groups) {
  const auto mark = [groups](const std::vector<GroupKey>& keys, bool store::Outcome::*flag) {
    for (const GroupKey& key : keys) {
      const auto group = groups->find(key);
      if (group != groups->end()) group->second.outcome.*flag = true;
    }
  };
  mark(result.batch, &store::Outcome::trained);
  mark(result.surplus, &store::Outcome::surplus);
  for (const auto& [key, group] : *groups) {
    WINNOW_RETURN_IF_ERROR(parts_.history->Append(group.outcome));
  }
  for (const store::Skip& skip : result.skips) parts_.history->AppendSkip(skip);
  state_.planner = parts_.planner->Save();
  state_.learner = parts_.learner->StateJson();
  state_.wall_seconds += MonotonicSeconds() - step_started_;
  parts_.history->SetMeta("run_state", EncodeRunState(state_));
  WINNOW_RETURN_IF_ERROR(parts_.history->Commit(state_.step));
  return CheckReplay();
}

// A repeated step must come to the same history as it did before the crash (sync mode).
Status Trainer::CheckReplay() {
  if (!abandoned_.has_value()) return OkStatus();
  const std::optional<Digest> before = abandoned_->DigestAt(state_.step);
  if (!before.has_value() || *before == parts_.history->hist_digest()) return OkStatus();
  kLog.Warning(
      Format("step {} came out differently than before the resume (history digest {} "
             "instead of {}): config, data, or machine have changed",
             state_.step, ToHex(parts_.history->hist_digest()), ToHex(*before)));
  return OkStatus();
}

Status Trainer::StoreRollouts(const std::map<GroupKey, StepGroup>& groups) const {
  if (options_.rollouts_per_step == 0) return OkStatus();
  std::string lines;
  uint32_t stored = 0;
  for (const auto& [key, group] : groups) {
    if (stored++ == options_.rollouts_per_step) break;
    const JudgedTrajectory& judged = group.judged.samples.front();
    nlohmann::ordered_json json;
    json["step"] = key.step;
    json["version"] = judged.trajectory.version.value();
    json["prompt_id"] = ToHex(key.prompt);
    json["id"] = group.judged.prompt->id_text;
    json["prompt"] = group.judged.prompt->text;
    json["response"] = judged.text;
    json["reference"] = group.judged.prompt->reference;
    json["kind"] = VerdictKindName(judged.verdict.kind());
    json["reward"] = judged.verdict.is_scored() ? nlohmann::ordered_json(judged.verdict.reward())
                                                : nlohmann::ordered_json(nullptr);
    json["finish"] = FinishReasonName(judged.trajectory.finish);
    json["tokens"] = judged.trajectory.tokens.size();
    lines += json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  std::error_code error;
  std::filesystem::create_directories(parts_.folder->rollouts(), error);
  WINNOW_ASSIGN_OR_RETURN(
      WritableFile file,
      WritableFile::Create(Format("{}/step_{:08}.jsonl", parts_.folder->rollouts(), state_.step)));
  return file.Write(lines);
}

Status Trainer::SaveCheckpoint() {
  const double start = MonotonicSeconds();
  const store::HistoryPosition position = parts_.history->position();
  state_.hist_records = position.num_records;
  const model::ParameterLayout& layout = parts_.policy->trainable_layout();
  learner::CheckpointContents contents;
  contents.manifest = {.step = state_.step,
                       .policy_version = state_.version.value(),
                       .weights_digest = ToHex(parts_.policy->WeightsDigest()),
                       .hist_seq = position.hist_seq,
                       .hist_digest = ToHex(position.hist_digest)};
  contents.parameters = CheckpointTensors(layout, parts_.policy->trainable());
  contents.first_moment = CheckpointTensors(layout, parts_.learner->first_moment());
  contents.second_moment = CheckpointTensors(layout, parts_.learner->second_moment());
  contents.state_json = EncodeRunState(state_);
  contents.write_history = [this](const std::string& path) {
    return parts_.history->CreateCheckpoint(path);
  };
  learner::TrainingCheckpointWriter writer(parts_.folder->checkpoints(), options_.retention);
  WINNOW_RETURN_IF_ERROR(writer.Write(contents).WithPrefix("checkpoint"));
  saved_step_ = state_.step;
  state_.wall_seconds += MonotonicSeconds() - start;
  return OkStatus();
}

Status Trainer::Evaluate() {
  if (parts_.val == nullptr) return OkStatus();
  const double start = MonotonicSeconds();
  WINNOW_ASSIGN_OR_RETURN(const EvaluationResult result,
                          RunEvaluation(options_.evaluation, *parts_.val, parts_.scorer->range(),
                                        state_.version, parts_.stage));
  if (state_.version == PolicyVersion(0)) state_.accuracy_before = result.accuracy;
  state_.accuracy_last = result.accuracy;
  state_.accuracy_last_version = state_.version.value();
  const double seconds = MonotonicSeconds() - start;
  state_.wall_seconds += seconds;
  MetricList metrics = {{"val/accuracy", result.accuracy},
                        {"val/reward_mean", result.reward_mean},
                        {"val/unknown", static_cast<double>(result.unknown)},
                        {"time/evaluate_s", seconds}};
  for (const auto& [k, value] : result.pass_at_k) {
    metrics.push_back({Format("val/pass_at_{}", k), value});
  }
  for (const auto& [k, value] : result.maj_at_k) {
    metrics.push_back({Format("val/maj_at_{}", k), value});
  }
  return parts_.metrics->OnEvaluation(state_.step, metrics);
}

Status Trainer::ReportStep() {
  const double now = MonotonicSeconds();
  for (Metric& metric : reward_metrics_.Take(parts_.scorer->stats())) {
    step_metrics_.push_back(std::move(metric));
  }
  step_metrics_.push_back({"reward/paused_s", paused_s_});
  step_metrics_.push_back({"time/generate_s", stage_seconds_.generate});
  step_metrics_.push_back({"time/reward_s", stage_seconds_.judge});
  step_metrics_.push_back({"time/step_s", now - step_started_});
  step_metrics_.push_back({"run/policy_version", static_cast<double>(state_.version.value())});
  Progress progress{.step = state_.updates_step,
                    .total_steps = options_.total_steps.value_or(0),
                    .steps_done = state_.step - first_step_,
                    .elapsed_s = now - run_started_,
                    .accuracy = state_.accuracy_last,
                    .rollouts = state_.rollouts,
                    .rollouts_saved = state_.prompts_skipped * options_.n};
  if (num_scored_ > 0) progress.reward_mean = reward_sum_ / static_cast<double>(num_scored_);
  return parts_.metrics->OnStep(state_.step, step_metrics_, progress);
}

RunSummary Trainer::Summary() const {
  RunSummary summary{.steps = state_.step,
                     .policy_version = state_.version.value(),
                     .final_weights_digest = parts_.policy->WeightsDigest(),
                     .history_digest = parts_.history->hist_digest(),
                     .rollouts = state_.rollouts,
                     .prompts_skipped = state_.prompts_skipped,
                     .accuracy_before = state_.accuracy_before,
                     .wall_seconds = state_.wall_seconds,
                     .max_logp_mismatch = state_.max_logp_mismatch};
  if (state_.accuracy_last_version == state_.version.value()) {
    summary.accuracy_after = state_.accuracy_last;
  }
  return summary;
}

}  // namespace winnow::orchestrator

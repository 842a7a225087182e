#include "cli/training_job.h"

#include <algorithm>

#include "base/format.h"
#include "cli/config/checks.h"
#include "cli/config/commands.h"
#include "cli/job_options.h"
#include "cli/memory_plan.h"
#include "model/weight_files.h"
#include "orchestrator/filter/registry.h"
#include "orchestrator/trainer.h"
#include "store/resume.h"

namespace winnow::cli {
namespace {

Status AsMistake(const std::string& text) {
  return text.empty() ? OkStatus() : InvalidArgument(text);
}

// `run.…` names of what follows from machine and verifier, so that the resolved file is complete.
Result<Config> WithFacts(const Config& config, const reward::RewardRange& range) {
  WINNOW_ASSIGN_OR_RETURN(const device::Arithmetic arithmetic,
                          device::ResolveArithmetic(config.String("model.dtype")));
  Config resolved = config.WithDerived(
      "model.dtype", std::string(device::ArithmeticName(arithmetic)), "this machine");
  if (!config.IsGiven("reward.min")) {
    resolved = resolved.WithDerived("reward.min", Format("{}", range.min), "the verifier's range");
  }
  if (!config.IsGiven("reward.max")) {
    resolved = resolved.WithDerived("reward.max", Format("{}", range.max), "the verifier's range");
  }
  const std::string slow = CheckNativeBf16(resolved, device::IsNative(arithmetic));
  if (!slow.empty()) std::fprintf(stderr, "%s\n", slow.c_str());
  return resolved;
}

Result<orchestrator::FilterSettings> FilterOf(const Config& config, uint64_t num_prompts,
                                              const reward::RewardRange& range) {
  const orchestrator::FilterOptions options = FilterOptionsOf(config);
  const orchestrator::FilterJob job{
      .seed = config.U64("run.seed"),
      .n = static_cast<uint32_t>(config.Int("rollout.n")),
      .train_batch_size = static_cast<uint32_t>(config.Int("data.train_batch_size")),
      .num_prompts = num_prompts,
      .total_epochs = static_cast<uint32_t>(config.OptionalInt("trainer.total_epochs").value_or(0)),
      .min_scored = static_cast<uint32_t>(config.Int("reward.min_scored")),
      .reward_min = range.min,
      .reward_max = range.max};
  // The keys of other variants were checked when the file was read.
  const auto faults = orchestrator::CheckFilterOptions(options, job, {});
  if (!faults.empty()) {
    const orchestrator::OptionFault& fault = faults.front();
    return InvalidArgument(
        Format("{}: {} {}: {}", config.Origin(fault.key), fault.key, fault.rule, fault.found));
  }
  return orchestrator::ResolveFilter(options, job);
}

Result<std::unique_ptr<store::RewardHistory>> OpenHistory(
    const JobInputs& inputs, const orchestrator::RunFolder& folder,
    const std::optional<ResumePoint>& resume) {
  const store::HistoryPaths paths{.run_folder = folder.path()};
  if (resume.has_value()) {
    const learner::CheckpointManifest& manifest = resume->checkpoint.manifest;
    store::HistoryPosition expected{.step = manifest.step,
                                    .hist_seq = manifest.hist_seq,
                                    .num_records = resume->state.hist_records};
    if (!ParseDigest(manifest.hist_digest, &expected.hist_digest)) {
      return DataLoss(resume->checkpoint.folder + ": hist_digest of the manifest is no digest");
    }
    WINNOW_RETURN_IF_ERROR(store::ResumeHistory(
        paths, learner::CheckpointHistoryFolder(resume->checkpoint), expected));
  } else {
    WINNOW_RETURN_IF_ERROR(store::RestartHistory(paths));
  }
  const store::HistoryRule rule{.classify = inputs.filter.classify_rule(),
                                .metric = inputs.config.String("filter.metric"),
                                .mopps = inputs.filter.mopps_prior()};
  const store::HistoryOptions options{
      .create = true,
      .events_log = paths.events_log(),
      .rule = rule,
      .run_id = inputs.config.String("run.name"),
      .config_digest = ToHex(DigestOf(inputs.config.ToResolvedYaml())),
      .recovery_hint = "start `winnow train` again to go on from the newest good checkpoint in " +
                       folder.checkpoints()};
  auto opened = store::RewardHistory::Open(paths.live(), options);
  // A history of another rule is put aside only if the job says so.
  if (opened.status().code() == StatusCode::kFailedPrecondition &&
      inputs.config.Bool("filter.reset_history")) {
    WINNOW_RETURN_IF_ERROR(store::RestartHistory(paths));
    opened = store::RewardHistory::Open(paths.live(), options);
  }
  WINNOW_ASSIGN_OR_RETURN(auto history, std::move(opened));
  std::vector<store::PromptInfo> rows;
  for (const orchestrator::Prompt& prompt : inputs.train->prompts()) {
    rows.push_back({.prompt = prompt.id,
                    .row = prompt.row,
                    .data_source = prompt.data_source,
                    .content = DigestOf(prompt.text),
                    .display = prompt.display});
  }
  WINNOW_RETURN_IF_ERROR(history->RegisterPrompts(rows));
  return history;
}

Status RestoreWeights(const learner::FoundCheckpoint& checkpoint, model::Policy<float>* policy,
                      learner::Learner<float>* learner) {
  const model::ParameterLayout& layout = policy->trainable_layout();
  WINNOW_RETURN_IF_ERROR(learner::ReadCheckpointParameters(
      checkpoint, orchestrator::CheckpointTensors(layout, policy->trainable())));
  WINNOW_RETURN_IF_ERROR(learner::ReadCheckpointMoments(
      checkpoint, orchestrator::CheckpointTensors(layout, learner->first_moment()),
      orchestrator::CheckpointTensors(layout, learner->second_moment())));
  policy->WeightsChanged();
  if (ToHex(policy->WeightsDigest()) == checkpoint.manifest.weights_digest) return OkStatus();
  return DataLoss(checkpoint.folder +
                  ": weights do not have the digest of the manifest; is model.path still the model "
                  "that the run began with?");
}

// Shows a planner every stored outcome, in key order.
Status ReplayOutcomes(const JobInputs& inputs, const store::RewardHistory& history,
                      orchestrator::RolloutPlanner* planner) {
  std::vector<PromptId> ids;
  for (const orchestrator::Prompt& prompt : inputs.train->prompts()) ids.push_back(prompt.id);
  std::sort(ids.begin(), ids.end());
  for (const PromptId id : ids) {
    WINNOW_ASSIGN_OR_RETURN(const std::vector<store::Outcome> outcomes, history.Outcomes(id));
    for (const store::Outcome& outcome : outcomes) planner->Restore(outcome);
  }
  return OkStatus();
}

}  // namespace

Result<JobInputs> OpenInputs(Config config, int64_t max_rows) {
  JobInputs inputs;
  WINNOW_ASSIGN_OR_RETURN(inputs.scorer, MakeScorer(config));
  const reward::RewardRange range = inputs.scorer->range();
  WINNOW_ASSIGN_OR_RETURN(inputs.config, WithFacts(config, range));
  for (const std::string& mistake : CheckRewardRange(inputs.config)) {
    return InvalidArgument(mistake);
  }
  const ModelSessionOptions model = ModelOptionsOf(inputs.config);
  const std::string& text_folder = model.tokenizer.empty() ? model.model : model.tokenizer;
  WINNOW_ASSIGN_OR_RETURN(inputs.model_config, model::LoadModelConfig(model.model));
  // The headers of the weight files: what is wrong with them is said before anything is made.
  WINNOW_ASSIGN_OR_RETURN(const model::WeightFiles weights, model::WeightFiles::Open(model.model));
  WINNOW_RETURN_IF_ERROR(weights.Check(model::BaseLayout(inputs.model_config), ""));
  WINNOW_RETURN_IF_ERROR(AsMistake(
      CheckPositions(inputs.config, static_cast<int64_t>(inputs.model_config.max_positions))));
  WINNOW_ASSIGN_OR_RETURN(inputs.tokenizer, model::Tokenizer::Load(text_folder));
  WINNOW_ASSIGN_OR_RETURN(inputs.chat, model::Chat::Load(text_folder, model.chat_template));
  const bool needs_answer = inputs.scorer->traits().needs_reference;
  orchestrator::PromptSourceOptions train = TrainDataOf(inputs.config, needs_answer);
  orchestrator::PromptSourceOptions val = ValDataOf(inputs.config, needs_answer);
  if (max_rows >= 0) train.max_samples = val.max_samples = max_rows;
  WINNOW_ASSIGN_OR_RETURN(
      orchestrator::PromptSource source,
      orchestrator::PromptSource::Load(train, *inputs.tokenizer, inputs.chat.get()));
  inputs.train = std::make_unique<orchestrator::PromptSource>(std::move(source));
  if (!val.files.empty()) {
    WINNOW_ASSIGN_OR_RETURN(
        source, orchestrator::PromptSource::Load(val, *inputs.tokenizer, inputs.chat.get()));
    inputs.val = std::make_unique<orchestrator::PromptSource>(std::move(source));
  }
  if (inputs.train->prompts().empty()) {
    return InvalidArgument(
        Format("{}: data.train_files must hold at least one prompt that fits: "
               "{} were longer than data.max_prompt_length",
               inputs.config.Origin("data.train_files"), inputs.train->num_overlong()));
  }
  WINNOW_ASSIGN_OR_RETURN(inputs.filter,
                          FilterOf(inputs.config, inputs.train->prompts().size(), range));
  inputs.needs_reference =
      inputs.config.Bool("learner.use_kl_loss") || inputs.config.Bool("algorithm.use_kl_in_reward");
  WINNOW_RETURN_IF_ERROR(AsMistake(CheckMemoryPlan(inputs)));
  return inputs;
}

std::string DerivedNumbers(const JobInputs& inputs) {
  std::string text = JobSummary(inputs.config);
  const size_t dropped = inputs.train->num_overlong();
  text +=
      Format("data     {} prompts{}{}\n", inputs.train->prompts().size(),
             dropped > 0 ? Format(", {} too long and dropped", dropped) : "",
             inputs.val != nullptr ? Format("; {} held out", inputs.val->prompts().size()) : "");
  text += Format("model    {} layers in {}; {}\n", inputs.model_config.num_layers,
                 inputs.config.String("model.dtype"), MemoryPlanText(inputs));
  for (const std::string& note : inputs.filter.notes) text += "note     " + note + "\n";
  return text;
}

Result<RunParts> OpenParts(const JobInputs& inputs, const orchestrator::RunFolder& folder,
                           const std::optional<ResumePoint>& resume) {
  RunParts parts;
  WINNOW_ASSIGN_OR_RETURN(parts.session, OpenModel(ModelOptionsOf(inputs.config)));
  model::Policy<float>* policy = parts.session.policy.get();
  if (inputs.needs_reference) {
    const auto path = inputs.config.OptionalString("model.ref_path");
    if (!path.has_value()) parts.reference = policy->WithoutAdapters();  // null without LoRA
    if (parts.reference == nullptr) {
      WINNOW_ASSIGN_OR_RETURN(
          parts.reference,
          model::LoadPolicy<float>(path.value_or(inputs.config.String("model.path")),
                                   {.trainable = false, .keep_masters = false},
                                   parts.session.ops.get()));
    }
  }
  WINNOW_ASSIGN_OR_RETURN(const learner::LearnerOptions learner, LearnerOptionsOf(inputs.config));
  WINNOW_ASSIGN_OR_RETURN(parts.learner,
                          learner::Learner<float>::Create(learner, policy, parts.reference.get()));
  if (resume.has_value()) {
    WINNOW_RETURN_IF_ERROR(RestoreWeights(resume->checkpoint, policy, parts.learner.get()));
  }
  parts.engine = std::make_unique<rollout::Engine>(policy, inputs.tokenizer.get(),
                                                   EngineOptionsOf(inputs.config));
  WINNOW_RETURN_IF_ERROR(
      parts.engine->CheckFits(static_cast<size_t>(inputs.config.Int("data.max_prompt_length") +
                                                  inputs.config.Int("data.max_response_length"))));
  std::vector<PromptId> ids;
  for (const orchestrator::Prompt& prompt : inputs.train->prompts()) ids.push_back(prompt.id);
  parts.offers = std::make_unique<orchestrator::KeyedOfferSource>(
      std::move(ids), inputs.filter.job.seed, inputs.config.Bool("data.shuffle"),
      inputs.filter.job.total_epochs);
  parts.prompt_state =
      std::make_unique<orchestrator::MemoryPromptState>(inputs.filter.mopps_prior());
  WINNOW_ASSIGN_OR_RETURN(parts.history, OpenHistory(inputs, folder, resume));
  WINNOW_RETURN_IF_ERROR(parts.history->ForEachAggregate(
      [&](PromptId prompt, const store::PromptAggregate& aggregate) {
        parts.prompt_state->Put(prompt, aggregate);
      }));
  WINNOW_ASSIGN_OR_RETURN(
      parts.planner,
      orchestrator::MakePlanner(inputs.filter, parts.prompt_state.get(), parts.offers.get()));
  if (parts.planner->needs_history()) {
    WINNOW_RETURN_IF_ERROR(ReplayOutcomes(inputs, *parts.history, parts.planner.get()));
  }
  parts.stage = std::make_unique<orchestrator::RolloutStage>(
      parts.engine.get(), inputs.tokenizer.get(), inputs.scorer.get());
  return parts;
}

}  // namespace winnow::cli

#include "cli/training_run.h"

#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/job_options.h"
#include "cli/resume_check.h"
#include "cli/stop_signal.h"
#include "orchestrator/trainer.h"

namespace winnow::cli {
namespace {

constexpr Logger kLog("cli");

// Export, then the summary, which says that the run is complete.
Status Finish(const JobInputs& inputs, const orchestrator::RunFolder& folder,
              const model::Policy<float>& policy, const orchestrator::Trainer& trainer) {
  const std::string& kind = inputs.config.String("trainer.export");
  if (kind != "none") {
    std::error_code error;
    std::filesystem::remove_all(folder.exported(), error);
    WINNOW_RETURN_IF_ERROR(policy.Export(
        inputs.config.String("model.path"), folder.exported(),
        kind == "adapter" ? model::ExportKind::kAdapter : model::ExportKind::kMerged));
    std::fprintf(stderr, "exported %s\n", folder.exported().c_str());
  }
  const orchestrator::RunSummary summary = trainer.Summary();
  WINNOW_RETURN_IF_ERROR(WriteFileAtomically(folder.summary(), orchestrator::SummaryJson(summary)));
  const auto percent = [](const std::optional<double>& value) {
    return value.has_value() ? Format("{:.1f} %", 100 * *value) : std::string("not evaluated");
  };
  std::fprintf(stderr, "done: %llu steps, accuracy %s -> %s, %llu rollouts, %llu prompts skipped\n",
               static_cast<unsigned long long>(summary.steps),
               percent(summary.accuracy_before).c_str(), percent(summary.accuracy_after).c_str(),
               static_cast<unsigned long long>(summary.rollouts),
               static_cast<unsigned long long>(summary.prompts_skipped));
  return OkStatus();
}

Result<std::optional<learner::FoundCheckpoint>> FindCheckpoint(
    const Config& config, const orchestrator::RunFolder& folder) {
  const std::string& mode = config.String("trainer.resume_mode");
  if (mode == "resume_path") {
    WINNOW_ASSIGN_OR_RETURN(learner::FoundCheckpoint found,
                            learner::OpenCheckpoint(config.String("trainer.resume_from_path")));
    return std::optional(std::move(found));
  }
  WINNOW_ASSIGN_OR_RETURN(std::optional<learner::FoundCheckpoint> found,
                          learner::FindNewestCheckpoint(folder.checkpoints()));
  if (found.has_value() && mode == "disable") {
    return FailedPrecondition(
        Format("{}: trainer.resume_mode disable needs a run.dir without checkpoints: {}",
               config.Origin("trainer.resume_mode"), found->folder));
  }
  return found;
}

Result<std::optional<ResumePoint>> FindResumePoint(const Config& config,
                                                   const orchestrator::RunFolder& folder) {
  WINNOW_ASSIGN_OR_RETURN(auto found, FindCheckpoint(config, folder));
  if (!found.has_value()) return std::optional<ResumePoint>();
  WINNOW_ASSIGN_OR_RETURN(const std::string text, learner::ReadCheckpointState(*found));
  WINNOW_ASSIGN_OR_RETURN(orchestrator::RunState state, orchestrator::DecodeRunState(text));
  return std::optional(ResumePoint{*std::move(found), std::move(state)});
}

}  // namespace

Status TrainInFolder(JobInputs inputs, bool accept_changed) {
  WINNOW_ASSIGN_OR_RETURN(const orchestrator::RunFolder folder,
                          orchestrator::RunFolder::Open(inputs.config.String("run.dir")));
  WINNOW_ASSIGN_OR_RETURN(const auto resume, FindResumePoint(inputs.config, folder));
  WINNOW_ASSIGN_OR_RETURN(
      inputs.config, ReconcileWithRun(inputs.config, folder.resolved_config(), accept_changed));
  WINNOW_RETURN_IF_ERROR(
      WriteFileAtomically(folder.resolved_config(), inputs.config.ToResolvedYaml()));
  std::fputs(DerivedNumbers(inputs).c_str(), stderr);
  WINNOW_ASSIGN_OR_RETURN(RunParts parts, OpenParts(inputs, folder, resume));

  const bool had_steps =
      std::filesystem::exists(folder.metrics()) && std::filesystem::file_size(folder.metrics()) > 0;
  const std::vector<std::string>& loggers = inputs.config.List("metrics.logger");
  orchestrator::MetricsHub metrics;
  WINNOW_RETURN_IF_ERROR(metrics.Open(
      folder.path(), loggers,
      resume.has_value() ? std::optional(resume->checkpoint.manifest.step) : std::nullopt));
  WINNOW_ASSIGN_OR_RETURN(const orchestrator::TrainerOptions trainer_options,
                          TrainerOptionsOf(inputs.config));
  std::optional<store::AbandonedHistory> abandoned;
  if (auto found = store::AbandonedHistory::OpenNewest({.run_folder = folder.path()}); found.ok()) {
    abandoned = std::move(found).value();
  }
  orchestrator::Trainer trainer(trainer_options,
                                {.policy = parts.session.policy.get(),
                                 .learner = parts.learner.get(),
                                 .stage = parts.stage.get(),
                                 .scorer = inputs.scorer.get(),
                                 .tokenizer = inputs.tokenizer.get(),
                                 .train = inputs.train.get(),
                                 .val = inputs.val.get(),
                                 .planner = parts.planner.get(),
                                 .history = parts.history.get(),
                                 .folder = &folder,
                                 .metrics = &metrics},
                                std::move(abandoned));
  if (resume.has_value()) {
    const orchestrator::RunState& state = resume->state;
    std::vector<std::string> notes;
    WINNOW_RETURN_IF_ERROR(trainer.Restore(state, &notes));
    for (const std::string& note : notes) kLog.Info(note);
    kLog.Info(Format("resumed from {}, after step {}", resume->checkpoint.folder, state.step));
    const bool complete = trainer_options.total_steps.has_value() &&
                          state.updates_step >= *trainer_options.total_steps;
    if (complete && std::filesystem::exists(folder.summary())) {
      std::fprintf(stderr, "%s is complete: step %llu is the last one; nothing was changed\n",
                   folder.path().c_str(), static_cast<unsigned long long>(state.step));
      return OkStatus();
    }
  } else if (had_steps) {
    kLog.Warning("the run was ended before its first checkpoint; it starts again at step 0");
  }
  if (inputs.config.Bool("trainer.val_only")) return trainer.Evaluate();
  WINNOW_RETURN_IF_ERROR(trainer.Run(CatchStopSignals()));
  metrics.Close();
  return Finish(inputs, folder, *parts.session.policy, trainer);
}

}  // namespace winnow::cli

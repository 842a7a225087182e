#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/format.h"
#include "cli/command.h"
#include "cli/job_file.h"
#include "cli/job_options.h"
#include "learner/checkpoint.h"
#include "orchestrator/trainer.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string run_folder;
  std::string out;
  std::string kind = "merged";
  int64_t at = -1;
};

Result<learner::FoundCheckpoint> Find(const Options& options) {
  const std::string folder = options.run_folder + "/checkpoints";
  if (options.at >= 0) {
    return learner::OpenCheckpoint(
        Format("{}/step_{:08}", folder, static_cast<uint64_t>(options.at)));
  }
  WINNOW_ASSIGN_OR_RETURN(const auto found, learner::FindNewestCheckpoint(folder));
  if (!found.has_value()) return NotFound("--run must have a checkpoint: " + folder);
  return *found;
}

Status RunExport(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const Config config, ReadJob(options.run_folder + "/config.resolved.yaml",
                                                       {}, Purpose::kShow));
  WINNOW_ASSIGN_OR_RETURN(const learner::FoundCheckpoint checkpoint, Find(options));
  if (std::filesystem::exists(options.out) && !std::filesystem::is_empty(options.out)) {
    return FailedPrecondition("--out must be a folder that is not there yet: " + options.out);
  }
  ModelSessionOptions model = ModelOptionsOf(config);
  model.policy = {.trainable = true};
  // A run of `winnow sft --init` has no weights to begin with; they all come from the checkpoint.
  model.initialize = model.policy.lora.rank == 0;
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(model));
  WINNOW_RETURN_IF_ERROR(learner::ReadCheckpointParameters(
      checkpoint, orchestrator::CheckpointTensors(session.policy->trainable_layout(),
                                                  session.policy->trainable())));
  session.policy->WeightsChanged();
  WINNOW_RETURN_IF_ERROR(session.policy->Export(
      config.String("model.path"), options.out,
      options.kind == "adapter" ? model::ExportKind::kAdapter : model::ExportKind::kMerged));
  std::fprintf(stderr, "exported step %llu to %s\n",
               static_cast<unsigned long long>(checkpoint.manifest.step), options.out.c_str());
  return OkStatus();
}

}  // namespace

void DeclareExport(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app->add_subcommand("export", "A run's checkpoint as a folder that Hugging Face loads");
  command->add_option("--run", options->run_folder, "run folder")->required();
  command->add_option("--out", options->out, "folder to make")->required();
  command->add_option("--at", options->at, "step of a checkpoint; default the newest");
  command->add_option("--kind", options->kind, "merged or adapter (LoRA)")
      ->check(CLI::IsMember({"merged", "adapter"}))
      ->capture_default_str();
  command->callback([run, options] { *run = [options] { return RunExport(*options); }; });
}

}  // namespace winnow::cli

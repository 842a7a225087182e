#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/job_file.h"
#include "cli/job_options.h"
#include "cli/resume_check.h"
#include "cli/stop_signal.h"
#include "orchestrator/supervised_trainer.h"

namespace winnow::cli {
namespace {

constexpr Logger kLog("cli");

struct Options {
  std::string job;
  std::vector<std::string> sets;
  bool initialize = false;
  bool accept_changed = false;
};

orchestrator::SupervisedDataOptions DataOptionsOf(const Config& config,
                                                  const model::ModelConfig& model) {
  orchestrator::SupervisedDataOptions options;
  options.prompts = TrainDataOf(config, /*needs_reference=*/true);
  if (const auto key = config.OptionalString("data.completion_key")) {
    options.prompts.answer_key = *key;
  }
  options.all_tokens = config.String("learner.sft.mask") == "all";
  options.max_length = static_cast<size_t>(config.Int("learner.sft.max_length"));
  if (!model.eos_token_ids.empty()) options.end_token = model.eos_token_ids.front();
  return options;
}

orchestrator::SupervisedTrainerOptions TrainerOptionsFor(const Config& config) {
  orchestrator::SupervisedTrainerOptions options;
  options.seed = config.U64("run.seed");
  options.batch_size = static_cast<size_t>(config.Int("data.train_batch_size"));
  options.shuffle = config.Bool("data.shuffle");
  if (const auto steps = config.OptionalInt("trainer.total_training_steps")) {
    options.total_steps = static_cast<uint64_t>(*steps);
  }
  if (const auto epochs = config.OptionalInt("trainer.total_epochs")) {
    options.total_epochs = static_cast<uint64_t>(*epochs);
  }
  options.save_freq = config.Int("trainer.save_freq");
  options.retention.max_actor_ckpt_to_keep =
      static_cast<size_t>(config.Int("trainer.max_actor_ckpt_to_keep"));
  options.retention.keep_every = static_cast<uint64_t>(config.Int("trainer.keep_every"));
  return options;
}

Result<Config> ReadSupervisedJob(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(Config config, ReadJob(options.job, options.sets, Purpose::kSft));
  const int64_t created = CreationTimeOfRun(config.String("run.dir") + "/config.resolved.yaml");
  config = config.WithCreationTime(created != 0 ? created : WallSeconds());
  WINNOW_ASSIGN_OR_RETURN(const device::Arithmetic arithmetic,
                          device::ResolveArithmetic(config.String("model.dtype")));
  return config.WithDerived("model.dtype", std::string(device::ArithmeticName(arithmetic)),
                            "this machine");
}

Status RunSft(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(Config config, ReadSupervisedJob(options));
  ModelSessionOptions model_options = ModelOptionsOf(config);
  model_options.initialize = options.initialize;
  WINNOW_ASSIGN_OR_RETURN(ModelSession session, OpenModel(model_options));
  WINNOW_ASSIGN_OR_RETURN(
      const orchestrator::SupervisedData data,
      orchestrator::LoadSupervisedData(DataOptionsOf(config, session.policy->config()),
                                       *session.tokenizer, session.chat.get()));
  for (const std::string& line : data.refused) kLog.Warning("row refused: " + line);

  WINNOW_ASSIGN_OR_RETURN(const orchestrator::RunFolder folder,
                          orchestrator::RunFolder::Open(config.String("run.dir")));
  WINNOW_ASSIGN_OR_RETURN(
      config, ReconcileWithRun(config, folder.resolved_config(), options.accept_changed));
  WINNOW_RETURN_IF_ERROR(WriteFileAtomically(folder.resolved_config(), config.ToResolvedYaml()));
  WINNOW_ASSIGN_OR_RETURN(const auto checkpoint,
                          learner::FindNewestCheckpoint(folder.checkpoints()));
  WINNOW_ASSIGN_OR_RETURN(
      const auto learner,
      learner::SupervisedLearner<float>::Create(SupervisedOptionsOf(config), session.policy.get()));
  orchestrator::MetricsHub metrics;
  WINNOW_RETURN_IF_ERROR(metrics.Open(
      folder.path(), config.List("metrics.logger"),
      checkpoint.has_value() ? std::optional(checkpoint->manifest.step) : std::nullopt));
  orchestrator::SupervisedTrainer trainer(TrainerOptionsFor(config), &data, session.policy.get(),
                                          learner.get(), &folder, &metrics);
  if (checkpoint.has_value()) {
    WINNOW_RETURN_IF_ERROR(trainer.Restore(*checkpoint));
    kLog.Info(Format("resumed from {}", checkpoint->folder));
  }
  std::fprintf(stderr, "%zu rows, %llu updates of %lld rows\n", data.rows.size(),
               static_cast<unsigned long long>(trainer.total_steps()),
               static_cast<long long>(config.Int("data.train_batch_size")));
  WINNOW_RETURN_IF_ERROR(trainer.Run(CatchStopSignals()));
  metrics.Close();
  std::error_code error;
  std::filesystem::remove_all(folder.exported(), error);
  WINNOW_RETURN_IF_ERROR(session.policy->Export(config.String("model.path"), folder.exported(),
                                                model::ExportKind::kMerged));
  std::fprintf(stderr, "exported %s\n", folder.exported().c_str());
  return OkStatus();
}

}  // namespace

void DeclareSft(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("sft", "Supervised fine-tuning on completions");
  command->add_option("job", options->job, "job file (YAML)")->required();
  command->add_option("--set", options->sets, "KEY=VALUE over the file, repeatable");
  command->add_flag("--init", options->initialize,
                    "start from random weights: model.path needs config and tokenizer only");
  command->add_flag("--accept-changed", options->accept_changed,
                    "resume although keys that change results differ from the run's");
  command->callback([run, options] { *run = [options] { return RunSft(*options); }; });
}

}  // namespace winnow::cli

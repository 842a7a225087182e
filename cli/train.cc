#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/job_file.h"
#include "cli/resume_check.h"
#include "cli/training_job.h"
#include "cli/training_run.h"
#include "store/history_reader.h"

namespace winnow::cli {
namespace {

struct Options {
  std::string job;
  std::vector<std::string> sets;
  bool dry_run = false;
  bool accept_changed = false;
};

Status DryRun(const JobInputs& inputs) {
  std::fputs(DerivedNumbers(inputs).c_str(), stderr);
  const orchestrator::Prompt& prompt = inputs.train->prompts().front();
  const std::vector<reward::Sample> samples = {{.prompt_id = prompt.id,
                                                .data_source = prompt.data_source,
                                                .prompt = prompt.text,
                                                .response = prompt.reference,
                                                .reference = prompt.reference,
                                                .extra_json = prompt.row_json}};
  const reward::Verdict verdict = inputs.scorer->Score(samples).front();
  std::fprintf(stderr, "verifier %s says of the first row's own reference: %s\n",
               inputs.scorer->traits().name.c_str(), verdict.ToString().c_str());
  if (verdict.kind() == VerdictKind::kInvalid) {
    return InvalidArgument(prompt.origin +
                           ": the verifier cannot judge the first row: " + verdict.reason());
  }
  const std::string history = inputs.config.String("run.dir") + "/history";
  if (std::filesystem::exists(history)) {
    WINNOW_ASSIGN_OR_RETURN(
        const auto reader,
        store::HistoryReader::OpenLive(history, inputs.config.String("run.dir") + "/events.log"));
    WINNOW_ASSIGN_OR_RETURN(const store::HistoryPosition position, reader->position());
    std::fprintf(stderr, "the run folder has a history up to step %llu\n",
                 static_cast<unsigned long long>(position.step));
  }
  std::fputs("all checks passed; nothing was created\n", stderr);
  return OkStatus();
}

Status RunTrain(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(Config config, ReadJob(options.job, options.sets, Purpose::kTrain));
  config = config.WithCreationTime(WallSeconds());
  // The creation time enters chat templates, so a resumed run takes that of its first start.
  if (const int64_t created =
          CreationTimeOfRun(config.String("run.dir") + "/config.resolved.yaml")) {
    config = config.WithCreationTime(created);
  }
  constexpr int64_t kDryRunRows = 1000;
  WINNOW_ASSIGN_OR_RETURN(JobInputs inputs, OpenInputs(config, options.dry_run ? kDryRunRows : -1));
  if (options.dry_run) return DryRun(inputs);
  return TrainInFolder(std::move(inputs), options.accept_changed);
}

}  // namespace

void DeclareTrain(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("train", "Fine-tune a model with GRPO behind a filter");
  command->add_option("job", options->job, "job file (YAML)")->required();
  command->add_option("--set", options->sets, "KEY=VALUE over the file, repeatable");
  command->add_flag("--dry-run", options->dry_run, "make all checks, create nothing");
  command->add_flag("--accept-changed", options->accept_changed,
                    "resume although keys that change results differ from the run's");
  command->callback([run, options] { *run = [options] { return RunTrain(*options); }; });
}

}  // namespace winnow::cli
